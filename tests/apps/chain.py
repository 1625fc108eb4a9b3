"""Layers in a row alone, for `tests/test_chain_component.py`."""

import streamlit as st
import torch
from torch import nn

from nnlab.ui import components
from nnlab.ui.components import Stage, chain

components.serve()
x = torch.arange(64, dtype=torch.float32).reshape(1, 8, 8) / 64
y = nn.functional.max_pool2d(x, 2)
own = [(at, at + 1) for at in range(8)]
twice = [(2 * at, 2 * at + 2) for at in range(4)]
stages = [
    Stage("input", x, (own, own), grey=True),
    Stage("pool1", y, (twice, twice)),
    Stage("flatten1", y.flatten(), labels=[f"unit {at}" for at in range(16)]),
]
st.text(f"chosen: {chain(stages, chosen=1, key='chain')}")
