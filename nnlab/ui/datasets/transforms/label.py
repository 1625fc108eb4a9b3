"""The label as a number and as a one-hot vector."""

from __future__ import annotations

import streamlit as st

from nnlab.data import Dataset
from nnlab.transforms import Pipeline, one_hot, one_hot_code
from nnlab.ui.datasets.transforms.state import keep
from nnlab.ui.text import _

_KEY = "transforms-one-hot"


def label_view(pipeline: Pipeline, data: Dataset, label: int) -> None:
    """A switch for the target transform, and what it makes of this label."""
    st.session_state[_KEY] = pipeline.one_hot
    st.toggle(_("One-hot of the label"), key=_KEY, on_change=_switch, args=(pipeline,))
    name, classes = data.classes[label], len(data.classes)
    st.markdown(
        _("Label {label} of {classes} classes: {name}", label=label, classes=classes, name=f"**{name}**")
    )
    if not pipeline.one_hot:
        st.caption(_("A label is a whole number; CrossEntropyLoss takes it as it is."))
        return
    vector = one_hot(label, classes)
    st.code(f"target_transform = {one_hot_code(classes)}", language="python", wrap_lines=True)
    st.caption(
        _("scatter_ writes the value 1 at the place that the label says: float32, shape ({classes},).",
          classes=classes)
    )  # fmt: skip
    st.dataframe(
        {_("Class"): data.classes, _("Value"): vector.numpy()},
        hide_index=True,
        width=320,
        height=min(388, 38 + 35 * classes),
    )


def _switch(pipeline: Pipeline) -> None:
    keep(Pipeline(pipeline.steps, st.session_state[_KEY]))
