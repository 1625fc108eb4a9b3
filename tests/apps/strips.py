"""Strips of values alone, for `tests/test_strips_component.py`."""

import streamlit as st
import torch

from nnlab.ui import components
from nnlab.ui.components import Strip, strips

components.serve()
memory = st.session_state
x = torch.arange(10, dtype=torch.float32)[None] / 3 - 1
h = torch.sin(torch.arange(40, dtype=torch.float32)).view(4, 10)


def note(column: int, row: int) -> None:
    memory["chosen"] = (column, row)


strips(
    [Strip("x", x), Strip("h", h, 1.0, True)], [f"t{at}" for at in range(10)], key="strips", label="States",
    selected=memory.get("chosen", (2, 1)), on_select=note,
)  # fmt: skip
st.text(f"chosen: {memory.get('chosen')}")
