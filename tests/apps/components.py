"""One component at a time, with what Python makes of it, for `tests/test_components.py`."""

import numpy as np
import streamlit as st

from nnlab.ui import components
from nnlab.ui.components import Answer, Series, curves, drawn, pad, tiles
from nnlab.ui.components.curves import _Sent

components.serve()
memory = st.session_state


def answer(strokes: list[np.ndarray]) -> Answer:
    """How much of the drawing is on each side; the image is as wide as the drawing reaches to the right."""
    points = np.concatenate(strokes)
    left = (1 + (points[:, 0] < 140).sum()) / (2 + len(points))
    image = np.zeros((28, 28), np.uint8)
    image[:, : int(points[:, 0].mean() // 10)] = 200
    return Answer(image, np.array([left, 1 - left]))


@st.fragment
def show_answer() -> None:
    strokes = drawn("pad")
    pad(answer(strokes) if strokes else None, classes=["left", "right"], key="pad")


def show_pad() -> None:
    memory["runs"] = memory.get("runs", -1) + 1
    away = st.checkbox("Away")
    st.button("Run again")
    st.text(f"strokes: {len(memory.get('pad:drawing', {}).get('strokes', []))}")
    st.text(f"runs: {memory['runs']}")
    if not away:
        show_answer()


def show_tiles() -> None:
    bytes_ = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 1, 4, 5)
    names = [f"tile {i}" for i in range(6)]
    chosen = tiles(bytes_, names, columns=3, key="grey", label="Six ramps", selectable=True, selected=1)
    st.text(f"selected: {chosen}")
    colour = (np.arange(2 * 3 * 8 * 8) % 256).astype(np.uint8).reshape(2, 3, 8, 8)
    colour[0, :, 0, 0] = (0, 40, 80)
    tiles(colour, columns=2, key="colour", label="Two colour images")
    live = st.checkbox("Live")
    live_filters(live)


def live_filters(live: bool) -> None:
    @st.fragment(run_every=0.2 if live else None)
    def redraw() -> None:
        memory["step"] = memory.get("step", 0) + 1
        weights = np.linspace(-1, 1, 3 * 9, dtype=np.float32).reshape(3, 3, 3) * np.float32(0.1)
        tiles(weights * np.float32(memory["step"]), columns=3, key="signed", label="Filters", kind="signed")
        st.text(f"step: {memory['step']}")

    redraw()


@st.fragment(run_every=0.25)
def show_curves() -> None:
    memory["count"] = memory.get("count", 0) + 20
    if st.button("Lose three updates"):  # of which the second is the answer to being asked again
        memory["lose"] = 3
    if memory.get("lose"):
        memory["lose"] -= 1
        memory["count"] += 20
        memory["chart:sent"]["training"] = _pretend_sent(memory["count"])
    x = np.arange(memory["count"])
    y = (1 / (1 + 0.05 * x)).astype(np.float32)
    curves(
        [
            Series("training", x, y),
            Series("validation", x[::100], y[::100] + 0.25, dash="dash", marker="circle", smooth=False),
        ],
        x_label="step",
        y_label="loss",
        key="chart",
    )


def _pretend_sent(count: int) -> _Sent:
    """What `curves` remembers of points that it has sent, though these never arrived."""
    x = np.arange(count)
    line = Series("training", x, (1 / (1 + 0.05 * x)).astype(np.float32))
    return _Sent.of(line)


{"pad": show_pad, "tiles": show_tiles, "curves": show_curves}[st.query_params.get("show", "pad")]()
