"""The sliding window alone, for `tests/test_window_component.py`."""

import streamlit as st
import torch
from torch import nn

from nnlab.ui import components
from nnlab.ui.components import window

components.serve()
memory = st.session_state
x = torch.arange(2 * 6 * 7, dtype=torch.float32).reshape(1, 2, 6, 7) / 10 - 3


def convolution() -> nn.Conv2d:
    conv = nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=1, bias=True)
    with torch.no_grad():
        conv.weight.copy_((torch.arange(36).reshape(3, 2, 3, 2) - 18) / 7)
        conv.bias.copy_(torch.tensor([0.5, -0.25, 1.0]))
    return conv


def edit(place: tuple[int, int, int, int], value: float) -> None:
    with torch.no_grad():
        memory["conv"].weight[place] = value


layer = {
    "conv": lambda: memory.setdefault("conv", convolution()),
    "max": lambda: nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
    "beyond": lambda: nn.MaxPool2d(2, 1, padding=1, dilation=7),  # no window meets a row of the input
    "mean": lambda: nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
}[st.query_params.get("show", "conv")]()
with torch.no_grad():
    y = layer(x)
chosen = window(layer, x, y, key="window", on_edit=edit if isinstance(layer, nn.Conv2d) else None)
st.text(f"chosen: {chosen}")
st.text(f"output: {y[0][chosen].item()!r}")
