"""Images on their way through a pipeline, shown as what they are: bytes, light from 0 to 1, or signed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Literal

import streamlit as st
import torch
from torch import Tensor

from nnlab.transforms import Numbers, Value, as_tensor
from nnlab.transforms.numbers import PIL_IMAGE
from nnlab.ui.components import tiles

_STYLE = """<style>
.nnlab-numbers { display: grid; grid-template-columns: auto 1fr; gap: 0 0.5rem; margin: 0 !important;
  padding: 0 !important; font-size: 0.76rem; }
.nnlab-numbers dt { opacity: 0.7; font-weight: 400; }
.nnlab-numbers dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
</style>"""


def pictures(
    values: Sequence[Value],
    captions: Sequence[str] | None = None,
    *,
    columns: int,
    key: str,
    label: str,
    max_tile: int = 112,
) -> None:
    """Several images of one type and shape; floats beyond 0 to 1 on a scale centred on zero, each channel by
    itself."""
    stack = torch.stack([as_tensor(value) for value in values])
    kind = kind_of(stack)
    if kind == "signed" and stack.shape[1] > 1:
        if len(stack) == 1:  # a tile for each channel
            stack, columns = stack.transpose(0, 1), 2
        else:  # the channels of an image side by side in one tile
            columns, max_tile = max(1, columns // 2), 2 * max_tile
    tiles(
        stack, captions, columns=columns, key=f"{key}-{kind}", label=label, kind=kind, max_tile=max_tile,
        scale=1.0 if kind == "light" else "all",
    )  # fmt: skip


def kind_of(stack: Tensor) -> Literal["image", "light", "signed"]:
    """How `tiles` should show these images (N, C, H, W)."""
    if stack.dtype == torch.uint8:
        return "image"
    return "light" if stack.min() >= 0 and stack.max() <= 1 else "signed"


def number_list(numbers: Numbers) -> None:
    """Type, shape, smallest and largest value, mean and standard deviation of one image."""
    rows = "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in told(numbers).items())
    st.html(f'{_STYLE}<dl class="nnlab-numbers">{rows}</dl>')


def told(numbers: Numbers) -> dict[str, str]:
    """The numbers of an image in words."""
    channels, height, width = numbers.shape
    if numbers.type == PIL_IMAGE:
        kind, shape = f"PIL {numbers.mode}", f"{width}×{height}"  # as PIL counts: the width first
        digits = 0
    else:
        kind, shape = numbers.type, f"{channels}×{height}×{width}"
        digits = 3 if numbers.type != "uint8" else 0
    return {
        "type": kind,
        "shape": shape,
        "min": f"{numbers.min:.{digits}f}",
        "max": f"{numbers.max:.{digits}f}",
        "mean": f"{numbers.mean:.{digits or 2}f}",
        "std": f"{numbers.std:.{digits or 2}f}",
    }
