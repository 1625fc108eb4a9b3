"""A page with one of each component, for the tests in Chromium: `streamlit run tests/apps/components.py`."""

import numpy as np
import streamlit as st

from nnlab.ui import components
from nnlab.ui.components import Answer, Series, curves, pad, tiles

st.set_page_config(layout="wide")
components.serve()
view = st.query_params.get("view", "all")
st.session_state.setdefault("runs", 0)
st.session_state["runs"] += 1
st.button("Rerun")
st.html(f"<output id='runs'>{st.session_state['runs']}</output>")


@st.fragment
def growing() -> None:
    st.session_state.setdefault("count", 100)
    if st.button("Grow"):
        st.session_state["count"] += 50
    if st.button("Skip"):  # as if an update had been lost on its way
        sent = st.session_state["chart:sent"]
        st.session_state["count"] += 50
        sent["loss"] = components.curves_sent(sent["loss"], 50)
    count = st.session_state["count"]
    steps = np.arange(count)
    loss = np.float32(2.3) * np.exp(-steps / 60).astype(np.float32)
    curves(
        [
            Series("loss", steps, loss),
            Series("validation", steps[::50], loss[::50] + 0.5, dash="dash", marker="circle", smooth=False),
        ],
        x_label="step",
        y_label="loss",
        key="chart",
    )
    st.html(f"<output id='count'>{count}</output>")


@st.fragment
def pictures() -> None:
    ramp = np.arange(12 * 8 * 8, dtype=np.int64).reshape(12, 8, 8) % 256
    chosen = tiles(
        ramp.astype(np.uint8), [f"number {i}" for i in range(12)], columns=6, key="images", label="Twelve ramps",
        selectable=True,
    )  # fmt: skip
    st.html(f"<output id='chosen'>{chosen}</output>")
    if st.button("Change"):
        st.session_state["scale"] = st.session_state.get("scale", 1.0) * 2
    signed = np.linspace(-1, 1, 4 * 25, dtype=np.float32).reshape(4, 5, 5) * np.float32(
        st.session_state.get("scale", 1.0)
    )
    tiles(signed, [f"filter {i}" for i in range(4)], columns=4, key="filters", label="Four filters", kind="signed")


def answer(strokes: list[np.ndarray]) -> Answer:
    """Which quarters of the pad have ink, so that the bars follow the drawing."""
    points = np.concatenate(strokes)
    quarter = (points[:, 0] >= 140).astype(int) + 2 * (points[:, 1] >= 140)
    share = np.bincount(quarter, minlength=4) / len(points)
    image = np.zeros((28, 28), np.uint8)
    column, row = np.minimum(points // 10, 27).astype(int).T
    image[row, column] = 255
    st.session_state["strokes"] = [len(s) for s in strokes]
    return Answer(image, share, ["top left", "top right", "bottom left", "bottom right"])


if view in ("all", "curves"):
    growing()
if view in ("all", "tiles"):
    pictures()
if view in ("all", "pad"):
    pad(answer, key="pad")
