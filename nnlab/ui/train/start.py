"""The button that starts a run, and says in a sentence why it could not."""

from __future__ import annotations

import streamlit as st

from nnlab.data import dataset_info, is_present
from nnlab.errors import LabError
from nnlab.training.recipe import RunSpec
from nnlab.ui.text import _, say
from nnlab.ui.train.shelf import run_store, show


def start_button(spec: RunSpec | None) -> None:
    """Start `spec` (None: there is nothing that could be started) and show its run."""
    absent = spec is not None and not is_present(spec.dataset)
    if absent and spec is not None:
        st.info(
            _(
                "{title} is not on this machine yet; the Datasets page downloads it.",
                title=dataset_info(spec.dataset).title,
            ),
            icon=":material/download:",
        )
    pressed = st.button(
        _("Start training"),
        type="primary",
        icon=":material/play_arrow:",
        disabled=spec is None or absent,
        key="train-start",
        width=240,
    )
    if pressed and spec is not None:
        try:
            run = run_store().start(spec)
        except LabError as error:
            st.error(say(error), icon=":material/error:")
            return
        show([run.id])
