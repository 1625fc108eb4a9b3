"""The transforms of a run: what was sent from the Datasets page, or stands in the URL."""

from __future__ import annotations

import streamlit as st

from nnlab.data import is_present, load_dataset
from nnlab.errors import LabError
from nnlab.training.recipe import RunSpec
from nnlab.transforms import Pipeline
from nnlab.ui.navigation import page_link_target
from nnlab.ui.text import _, say
from nnlab.ui.train.fields import linked_text, note

_NAME = "transforms"
_KEY = f"train-{_NAME}"


def linked_transforms() -> Pipeline:
    """The pipeline of ``?transforms=``, else that of this session; an unreadable one gets a sentence."""
    linked_text(_NAME)
    try:
        return Pipeline.from_text(st.session_state[_KEY])
    except LabError as problem:
        st.warning(
            _("The transforms in the address of this page cannot be read: {problem}", problem=say(problem)),
            icon=":material/link_off:",
        )
        _remove()
        return Pipeline()


def transforms_field(pipeline: Pipeline) -> None:
    """What each training image goes through, with a button that takes it out."""
    st.caption(_("Transforms: each training image goes through"))
    if not pipeline:
        st.page_link(
            page_link_target("datasets"), label=_("None. Build some on the Datasets page."),
            icon=":material/auto_fix_high:", query_params={"part": "transforms"},
        )  # fmt: skip
        return
    st.code("\n".join(pipeline.code()), language="python", wrap_lines=True)
    st.button(
        _("Remove the transforms"), icon=":material/close:", key="train-transforms-remove", on_click=_remove
    )


def transforms_line(pipeline: Pipeline) -> None:
    """That there are some, where one looks before pressing Start."""
    if pipeline:
        steps = ", ".join(f"`{step.entry.torch}`" for step in pipeline.active)
        st.caption(f":material/auto_fix_high: {_('Each training image goes through {steps}.', steps=steps)}")


def check_transforms(spec: RunSpec) -> None:
    """Raise `LabError` where the training could not take them; looked up only where there are any."""
    if spec.recipe.transforms and is_present(spec.dataset):
        spec.recipe.transforms.for_training(load_dataset(spec.dataset))


def _remove() -> None:
    st.session_state[_KEY] = ""
    note(_NAME, "")
