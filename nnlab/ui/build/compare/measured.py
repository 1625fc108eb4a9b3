"""The button that measures what is compared, and the measurement as it goes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from nnlab.devices import describe_device
from nnlab.ui.build.compare import measuring
from nnlab.ui.build.compare.facts import Facts
from nnlab.ui.build.compare.measuring import PARTS, Measurement, Subject
from nnlab.ui.text import _, plain, say

_LOOK_EVERY = 0.5  # seconds


def measure(compared: Sequence[Facts], free: int) -> None:
    """Measure those that fit into the `free` memory; what is found is in their cards."""
    fitting = tuple(facts.subject for facts in compared if facts.memory <= free)
    latest = measuring.latest()
    going = latest is not None and latest.running
    st.fragment(_measure, run_every=_LOOK_EVERY if going else None)(fitting, len(compared), going)


def _measure(subjects: tuple[Subject, ...], count: int, going: bool) -> None:
    latest = measuring.latest()
    running = latest is not None and latest.running
    if running != going:
        st.rerun()  # the whole page: the cards show what was found, or this part looks again and again
    if latest is not None and running:
        _watch(latest)
        return
    for subject, problem in latest.problems.items() if latest is not None else ():
        if subject in subjects:
            st.error(f"{plain(subject.name)}: {say(problem)}", icon=":material/error:")
    again = bool(subjects) and all(measuring.found(subject) for subject in subjects)
    with st.container(horizontal=True, vertical_alignment="center", key="compare-measuring"):
        st.button(
            _("Measure again") if again else _("Measure on this device"), icon=":material/speed:",
            key="compare-measure", on_click=_start, args=(subjects,), disabled=not subjects,
        )  # fmt: skip
        device = describe_device()
        about = _(
            "On {device}: the median of many batches; some seconds for each network.", device=device.name
        )
        if len(subjects) < count:
            about = _("What does not fit into the free memory is not measured.")
        st.caption(about, width="content")


def _start(subjects: tuple[Subject, ...]) -> None:
    measuring.start(subjects)


def _watch(measurement: Measurement) -> None:
    done, total = measurement.done, PARTS * len(measurement.subjects)
    name = measurement.subjects[measurement.at].name
    with st.container(horizontal=True, vertical_alignment="center", key="compare-measuring"):
        st.progress(
            min(1.0, done / total), _("Measuring {name}: {done} of {total}", name=plain(name), done=done,
                                      total=total), width="stretch",
        )  # fmt: skip
        st.button(_("Stop"), icon=":material/stop:", key="compare-stop", on_click=measurement.stop)
