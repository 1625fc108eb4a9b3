"""Programs on the pages: written when they are looked at, kept for the session, and to be downloaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import streamlit as st

from nnlab.data import is_present
from nnlab.errors import LabError
from nnlab.export import Script, Subject, packed, program_files
from nnlab.export.formats import Files
from nnlab.export.script import start_name
from nnlab.training.recipe import RunSpec
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, plain, say

_KEPT = "programs:kept"  # the last one, and what it was made of
_RECIPE = "programs:recipe"


def remember(spec: RunSpec | None) -> None:
    """Keep what the Train page describes, for the other pages of this session."""
    if spec is not None:
        st.session_state[_RECIPE] = spec


def remembered() -> RunSpec | None:
    """What the Train page described last."""
    found: RunSpec | None = st.session_state.get(_RECIPE)
    return found


def file_stem(spec: RunSpec) -> str:
    """What files made of `spec` are called, without their ending."""
    return re.sub(r"[^\w.-]+", "-", f"{spec.architecture.name}-{spec.dataset}").strip(".-") or "network"


def program(subject: Subject) -> Script | None:
    """The program of `subject`; None with a sentence on the page where there can be none."""
    name = subject.spec.dataset
    if not is_present(name):
        st.info(
            _("{title} is not on this machine yet; the Datasets page downloads it.",
              title=plain(dataset_title(name))),
            icon=":material/download:",
        )  # fmt: skip
        return None
    made_of = (json.dumps(subject.spec.to_json()), subject.run and (subject.run.id, subject.run.state))
    kept = st.session_state.get(_KEPT)
    if kept is not None and kept[0] == made_of:
        script: Script = kept[1]
        return script
    try:
        with st.spinner(_("Writing the program …")):
            script = subject.script(file_stem(subject.spec), _data_root())
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return None
    st.session_state[_KEPT] = made_of, script
    return script


def _data_root() -> str | None:
    """Where a program looks for torchvision's datasets: None, which is the lab's own folder, for a browser on
    the same machine; any other has no such folder, and gets one where the program is started."""
    return None if st.context.ip_address is None else "data"


def show_program(subject: Subject, key: str) -> None:
    """The program of `subject`, to be read and downloaded."""
    script = program(subject)
    if script is not None:
        program_download(script, program_files, ".py", key)
        st.code(script.code(), language="python")


def program_download(script: Script, files: Callable[[Script], Files], suffix: str, key: str) -> None:
    """A button that downloads the file, in a zip with its data where it has some; made when it is pressed."""
    beside = not script.alone
    name = script.name + (".zip" if beside else suffix)

    def content() -> bytes:
        made = files(script)
        return packed(made) if beside else made[name]

    st.download_button(
        _("Download {file}", file=plain(name)), content, name, "application/octet-stream",
        key=key, type="primary", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    if script.splits is not None:
        st.caption(_("With its data, {file}, which torchvision does not have.", file=plain(script.data_name)))
    if script.weights is not None:
        st.caption(_("With the weights that it goes on from, {file}.", file=plain(start_name(script.name))))
