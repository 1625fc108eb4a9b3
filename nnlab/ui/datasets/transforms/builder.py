"""The list of steps: presets to start from, and each step to be switched, set, moved and taken out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from nnlab.data import Dataset
from nnlab.transforms import PRESETS, TRANSFORMS, Pipeline, Step
from nnlab.transforms.pipeline import MAX_STEPS
from nnlab.ui.datasets.transforms import edits
from nnlab.ui.datasets.transforms.forms import step_form
from nnlab.ui.datasets.transforms.state import keep, kept_pipeline
from nnlab.ui.hold import hold
from nnlab.ui.text import _, mark, say

_PRESETS = {
    "plain": mark("Only to float"),
    "usual": mark("With normalisation"),
    "digits": mark("Augmentation for digits"),
    "photos": mark("Augmentation for photos"),
}

# The words of a button that shows an icon alone are there for those who do not see it.
_STYLE = """<style>
[class*="st-key-transforms-tool"] [data-testid="stMarkdownContainer"] { position: absolute; width: 1px;
  height: 1px; overflow: hidden; clip-path: inset(50%); }
[class*="st-key-transforms-tool"] button { padding: 0.2rem 0.45rem; min-height: 2rem; }
[class*="st-key-transforms-tool"] button > div { gap: 0; }
[class*="st-key-transforms-row"] { padding: 0.15rem 0.6rem 0.3rem !important; }
[class*="st-key-transforms-row"] [data-testid="stCaptionContainer"] { margin: 0 0 0 1.4rem; color: inherit; }
[class*="st-key-transforms-row"] [data-testid="stCaptionContainer"] p { line-height: 1.25; margin: 0; }
.st-key-transforms-list { gap: 0.4rem; }
</style>"""


def builder(pipeline: Pipeline, data: Dataset) -> None:
    """Draw the list; what is changed in it is kept at once, and the part of the page runs again."""
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.popover(_("Start from"), icon=":material/auto_awesome:", key="transforms-presets"):
            for name, make in PRESETS.items():
                st.button(_(_PRESETS[name]), key=f"transforms-preset-{name}", width="stretch",
                          on_click=_keep, args=(lambda make=make: make(data),))  # fmt: skip
        st.selectbox(
            _("Add a step"),
            list(TRANSFORMS),
            index=None,
            format_func=lambda name: f"{say(TRANSFORMS[name].title)} · {TRANSFORMS[name].torch}",
            placeholder=_("Add a step"),
            label_visibility="collapsed",
            key="transforms-add",
            on_change=_add,
            args=(data,),
            disabled=len(pipeline.steps) >= MAX_STEPS,
            width="stretch",
        )
    with st.container(key="transforms-list"):
        for place, step in enumerate(pipeline.steps):
            _row(pipeline, place, step)
    st.button(
        _("Normalise with this dataset's mean and std"), icon=":material/equalizer:",
        key="transforms-normalise", on_click=_keep, args=(lambda: edits.normalised(pipeline, data),),
    )  # fmt: skip


def _row(pipeline: Pipeline, place: int, step: Step) -> None:
    """A step with its buttons, and the code that makes it."""
    title = say(step.entry.title)
    with st.container(border=True, gap=None, key=f"transforms-row-{place}"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
            key = f"transforms-enabled-{place}"
            st.checkbox(
                f"**{place + 1}. {title}**", **hold(key, step.enabled), width="stretch", on_change=_switch,
                args=(place, key),
            )  # fmt: skip
            with st.container(
                horizontal=True, wrap=False, gap=None, width="content", key=f"transforms-tools-{place}"
            ):
                _settings(pipeline, place, step, title)
                _tools(pipeline, place, title)
        st.caption(f"`{step.code()}`")


def _settings(pipeline: Pipeline, place: int, step: Step, title: str) -> None:
    with st.container(width="content", key=f"transforms-tool-set-{place}"):
        settings = st.popover(
            _("Settings of {title}", title=title), icon=":material/tune:", on_change="rerun",
            key=f"transforms-settings-{place}", type="tertiary",
        )  # fmt: skip
    if settings.open:  # only then are its widgets made: a page with eight steps has forty
        with settings:
            step_form(step, place, lambda name, value: edits.changed(kept_pipeline(), place, name, value))


def _tools(pipeline: Pipeline, place: int, title: str) -> None:
    last = len(pipeline.steps) - 1
    _tool("up", place, _("Move {title} up", title=title), ":material/arrow_upward:",
          lambda: edits.moved(pipeline, place, -1), disabled=place == 0)  # fmt: skip
    _tool("down", place, _("Move {title} down", title=title), ":material/arrow_downward:",
          lambda: edits.moved(pipeline, place, 1), disabled=place == last)  # fmt: skip
    _tool("remove", place, _("Remove {title}", title=title), ":material/close:",
          lambda: edits.removed(pipeline, place))  # fmt: skip


def _tool(
    name: str, place: int, label: str, icon: str, made: Callable[[], Pipeline], disabled: bool = False
) -> None:
    st.button(
        label, icon=icon, key=f"transforms-tool-{name}-{place}", on_click=_keep, args=(made,),
        disabled=disabled, type="tertiary",
    )  # fmt: skip


def _keep(made: Callable[[], Pipeline]) -> None:
    keep(made())


def _add(data: Dataset) -> None:
    name = st.session_state["transforms-add"]
    st.session_state["transforms-add"] = None
    if name is not None:
        keep(edits.added(kept_pipeline(), name, data))


def _switch(place: int, key: str) -> None:
    keep(edits.switched(kept_pipeline(), place, st.session_state[key]))
