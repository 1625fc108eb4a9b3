"""The Layers page in a test: opened at a URL, what its pictures are given, and its script run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from datasets_page import show_page, unpack
from streamlit.testing.v1 import AppTest


def show(**query: object) -> AppTest:
    """The page at ``/layers?...``."""
    return show_page("layers", query)


def parts(page: AppTest, name: str) -> list[tuple[dict[str, Any], list[bytes]]]:
    """The header and the blobs of each component of that name on the page."""
    return [
        unpack(block.proto.bytes)
        for block in page.get("bidi_component")
        if block.proto.component_name == f"nnlab.{name}"
    ]


def floats(blob: bytes, shape: list[int]) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(blob, "<f4").copy()).view(shape)


def run_code(page: AppTest) -> dict[str, object]:
    """Execute the script that the page shows."""
    names: dict[str, object] = {}
    exec(page.code[-1].value, names)
    return names
