"""The kinds of data whose shapes are shown: the axes of each, and the lines that make a small tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nnlab.ui.text import mark


@dataclass(frozen=True)
class Axis:
    """One axis: the letter it is called by, what it counts, and how long it may be made."""

    letter: str
    meaning: str
    usual: int
    most: int


@dataclass(frozen=True)
class Kind:
    """One kind of data. `lines` are torch code that makes `x` from names like ``N`` and ``C``; `indices` are
    examples of what to write between the brackets of ``x[...]``."""

    title: str
    what: str
    axes: tuple[Axis, ...]
    lines: tuple[str, ...]
    indices: tuple[str, ...]

    @property
    def letters(self) -> str:
        """Such as "N, C, H, W"."""
        return ", ".join(axis.letter for axis in self.axes)

    def tensor(self, extents: Mapping[str, int]) -> Tensor:
        """The float32 tensor that `lines` make, with an extent for each letter."""
        space: dict[str, Any] = {"torch": torch, **extents}
        exec("\n".join(self.lines), space)
        x: Tensor = space["x"]
        return x


_N = Axis("N", mark("samples"), 4, 8)
_C = Axis("C", mark("channels"), 3, 4)

KINDS = {
    "table": Kind(
        mark("Table"),
        mark("Each row is a sample, each column a number that was measured of it."),
        (Axis("N", mark("samples (rows)"), 4, 12), Axis("C", mark("features (columns)"), 5, 8)),
        (
            "generator = torch.Generator().manual_seed(0)",
            "x = torch.randn(N, C, generator=generator)",
        ),
        ("0", ":, 0", "1:3", "-1, 2", ":, ::2"),
    ),
    "series": Kind(
        mark("Series"),
        mark("Each sample has a few channels, such as the two of stereo sound, each a number at every step."),
        (_N, Axis("C", mark("channels"), 2, 4), Axis("L", mark("steps in time"), 48, 64)),
        (
            "n, c = torch.arange(N).view(N, 1, 1), torch.arange(C).view(1, C, 1)",
            "t = torch.linspace(0, 2 * torch.pi, L)",
            "x = torch.sin((c + 1) * t + n)",
        ),
        ("0", ":, 0", "0, 0, :12", "..., -1", "0, :, ::4"),
    ),
    "images": Kind(
        mark("Pictures"),
        mark("Each sample is a picture; grey ones have one channel, colour has three."),
        (_N, _C, Axis("H", mark("rows"), 8, 24), Axis("W", mark("columns"), 8, 24)),
        (
            "n, c = torch.arange(N).view(N, 1, 1, 1), torch.arange(C).view(1, C, 1, 1)",
            "v, u = torch.linspace(-1, 1, H).view(H, 1), torch.linspace(-1, 1, W)",
            "x = torch.exp(-4 * ((u - torch.cos(n + 2 * c) / 2) ** 2 + (v - torch.sin(n + 2 * c) / 2) ** 2))",
        ),
        ("0", ":, 0", "0, 0, :, 3", "..., 2:5, 2:5", "0, :, ::2, ::2"),
    ),
    "volumes": Kind(
        mark("Volumes"),
        mark("Each sample is a stack of slices, such as a scan of a body or the frames of a film."),
        (
            Axis("N", mark("samples"), 2, 4),
            Axis("C", mark("channels"), 1, 3),
            Axis("D", mark("slices (depth)"), 6, 12),
            Axis("H", mark("rows"), 10, 16),
            Axis("W", mark("columns"), 10, 16),
        ),
        (
            "n, c = torch.arange(N).view(N, 1, 1, 1, 1), torch.arange(C).view(1, C, 1, 1, 1)",
            "v, u = torch.linspace(-1, 1, H).view(H, 1), torch.linspace(-1, 1, W)",
            "w = torch.linspace(-1, 1, D).view(D, 1, 1)",
            "x = (1 - (u**2 + v**2 + w**2) / (0.7 + 0.15 * n + 0.1 * c) ** 2).clamp(min=0)  # balls",
        ),
        ("0", ":, 0", "0, 0, 2", "0, 0, :, 4", "0, 0, :, :, 5"),
    ),
}
