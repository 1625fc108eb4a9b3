"""What a recurrent layer reads: typed numbers, a wave, random numbers, or the rows of an image."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from nnlab.errors import check
from nnlab.ui.layers.linked import choice, held, whole, write
from nnlab.ui.layers.source import choose_image
from nnlab.ui.layers.typed import typed_numbers
from nnlab.ui.text import _, mark

PULSES = "0 0 1 0 0 0 1 1 1 0 0 0"  # how long is one remembered?
_MOST_STEPS, _MOST_FEATURES = 200, 64
_LAST_SEED = 9999
_LINES = re.compile(r"[;\n]")


@dataclass(frozen=True, eq=False)
class Reading:
    """A sequence.

    Attributes:
        x: (T, F) float32.
        code: lines of Python that make it with a batch of one, (1, T, F), under the name ``x``.
    """

    x: Tensor
    code: str


def sequence_input() -> Reading:
    """Draw the choice of the sequence. Raises `LabError` where what is typed is no sequence."""
    kind = choice(
        _("Input"), "read", list(_KINDS), "typed", shown=lambda name: _(_KINDS[name][0]), width=215,
        also_clears=("step", "unit"),
    )  # fmt: skip
    return _KINDS[kind][1]()


def _typed() -> Reading:
    text = st.query_params.get("series", PULSES)
    st.text_input(
        _("Steps (0 0 1), or features of each (0 1; 1 0)"), **held("series", text), on_change=write,
        args=("series", PULSES), width=360,
    )  # fmt: skip
    x = _table(text)
    return Reading(x, f"x = torch.tensor([{x.tolist()}])")


def _table(text: str) -> Tensor:
    """Steps between semicolons; without any, each number is a step of its own."""
    lines = [line for line in _LINES.split(text) if line.strip()]
    rows = [typed_numbers(line) for line in lines]
    if len(rows) == 1:
        rows = [[value] for value in rows[0]]
    check(bool(rows), "There is no step yet: type numbers, for example {example}.", example=PULSES)
    for step, row in enumerate(rows):
        check(
            len(row) == len(rows[0]),
            "Step {step} has {count} features, but step 0 has {first}: each step needs the same.",
            step=step, count=len(row), first=len(rows[0]),
        )  # fmt: skip
    check(
        len(rows) <= _MOST_STEPS and len(rows[0]) <= _MOST_FEATURES,
        "{steps} steps of {features} features are too many to follow; at most {most} of {wide}.",
        steps=len(rows), features=len(rows[0]), most=_MOST_STEPS, wide=_MOST_FEATURES,
    )  # fmt: skip
    return torch.tensor(rows)


def _wave() -> Reading:
    steps = whole(_("Steps"), "steps", 16, 1, _MOST_STEPS, width=110)
    period = whole(_("Period"), "period", 8, 2, _MOST_STEPS, width=110)
    x = torch.sin(2 * math.pi * torch.arange(steps) / period)[:, None]
    return Reading(x, f"x = torch.sin(2 * torch.pi * torch.arange({steps}) / {period})[None, :, None]")


def _random() -> Reading:
    steps = whole(_("Steps"), "steps", 16, 1, _MOST_STEPS, width=110)
    features = whole(_("Features"), "features", 3, 1, _MOST_FEATURES, width=110)
    seed = whole(_("Seed of the input"), "noise", 0, 0, _LAST_SEED, width=140)
    x = torch.randn(1, steps, features, generator=torch.Generator().manual_seed(seed))
    made = f"torch.randn(1, {steps}, {features}, generator=torch.Generator().manual_seed({seed}))"
    return Reading(x[0], f"x = {made}")


def _image() -> Reading:
    data, index = choose_image()
    image = data.test.images[index] / 255
    code = (
        f"import nnlab\n\ndata = nnlab.load_dataset({data.name!r})\n"
        f"image = data.test.images[{index}] / 255  # (C, H, W)\n"
        "x = image.permute(1, 0, 2).flatten(1)[None]  # a row is a step, its pixels are the features"
    )
    return Reading(image.permute(1, 0, 2).flatten(1), code)


_KINDS: dict[str, tuple[str, Callable[[], Reading]]] = {
    "typed": (mark("Numbers you type"), _typed),
    "wave": (mark("A sine wave"), _wave),
    "random": (mark("Random numbers"), _random),
    "image": (mark("An image, row by row"), _image),
}
