"""What is put into a layer: a sample, a drawing, a pattern, random numbers, or numbers typed into a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from nnlab.data import Dataset, is_present, load_dataset
from nnlab.drawing import drawing_to_image
from nnlab.errors import LabError, check
from nnlab.lens import PATTERNS, pattern
from nnlab.training.batches import normalise
from nnlab.ui.layers.linked import PLACE, choice, whole
from nnlab.ui.layers.table import CellError, typed_table
from nnlab.ui.navigation import page_link_target
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import set_query

_LAST_SEED = 9999
_MOST_SIDE = 224
_BATCH = 16  # samples, for layers that look at a batch
_BEFORE = "layers-before"  # where the output of the layer before is kept for the session
_INDEX = {"test": mark("Test image (0 to {last})"), "train": mark("Image (0 to {last})")}
_DRAWING = "pad:drawing"  # where the pad of the Draw page keeps its strokes for the session


@dataclass(frozen=True, eq=False)
class Input:
    """What reaches the layer.

    Attributes:
        batch: (N, C, H, W) float32, of which `x` is the first sample.
        grey: whether these are images of values in [0, 1].
        code: lines of Python that make the batch, under the name ``batch``.
    """

    batch: Tensor
    grey: bool
    code: str

    @property
    def x(self) -> Tensor:
        """(1, C, H, W): the first sample."""
        return self.batch[:1]


def layer_input(strip: DeltaGenerator) -> Input | None:
    """Draw the choice of the input into `strip`; None, with a sentence, where there is none."""
    with strip:
        kind = choice(
            _("Input"), "input", list(_KINDS), "sample",
            shown=lambda name: _(_KINDS[name][0]), width=215, also_clears=("sample", *PLACE),
        )  # fmt: skip
        try:
            return _KINDS[kind][1]()
        except LabError as error:
            problem = error
    st.error(say(problem), icon=":material/error:")
    if isinstance(problem, CellError):
        problem.offer()
    return None


def carry_on(output: Input) -> None:
    """Make `output` the input from now on; where another layer is chosen, that is what it gets."""
    st.session_state[_BEFORE] = output
    set_query("input", "before")


def _before() -> Input:
    found: Input | None = st.session_state.get(_BEFORE)
    check(
        found is not None,
        "There is no output yet: look at a layer of images and press the button that carries its output on.",
    )
    assert found is not None
    st.markdown(" × ".join(map(str, found.x.shape[1:])), width="content")
    return found


def choose_image(split: Literal["train", "test"] = "test") -> tuple[Dataset, int]:
    """Draw the choice of a dataset that is here and of one of its images; the dataset and the index."""
    names = [name for name in listed_datasets() if is_present(name)]
    name = choice(_("Dataset"), "dataset", names, names[0], shown=dataset_title, width=190,
                  also_clears=("sample",))  # fmt: skip
    data = load_dataset(name)
    last = len(getattr(data, split)) - 1
    return data, whole(_(_INDEX[split], last=f"{last:,}"), "sample", 0, 0, last, width=190)


def _sample(split: Literal["train", "test"] = "test") -> Input:
    data, index = choose_image(split)
    scaled = choice(
        _("Values"), "values", ["unit", "normalised"], "unit",
        shown=lambda which: _("in [0, 1]") if which == "unit" else _("normalised"), width=140,
    )  # fmt: skip
    images = getattr(data, split).images[index : index + _BATCH]
    taken = f"{index} : {index} + {_BATCH}"
    code = f"data = nnlab.load_dataset({data.name!r})\nimages = data.{split}.images[{taken}]  # uint8\n"
    if scaled == "unit":
        return Input(images / 255, True, f"{code}batch = images / 255")
    shape = "[:, None, None]"
    code += f"mean, std = torch.tensor(data.mean){shape}, torch.tensor(data.std){shape}\n"
    code += "batch = (images / 255 - mean) / std"
    return Input(normalise(images, data.mean, data.std), False, code)


def _drawing() -> Input:
    told = st.session_state.get(_DRAWING) or {}
    strokes = [np.array(flat, np.float32).reshape(-1, 2) / 10 for flat in told.get("strokes") or [] if flat]
    st.page_link(page_link_target("draw"), label=_("Draw something"), icon=":material/draw:")
    check(bool(strokes), "There is no drawing yet: draw something on the Draw page, then come back.")
    rounded = [stroke.round(1).tolist() for stroke in strokes]
    code = (
        f"strokes = {rounded}\n"
        "image = nnlab.drawing_to_image([torch.tensor(stroke) for stroke in strokes])  # uint8\n"
        "batch = image / 255"
    )
    return Input(drawing_to_image(strokes) / 255, True, code)


def _pattern() -> Input:
    names = [name for name, found in PATTERNS.items() if not found.random and not found.fixed]
    name = choice(
        _("Pattern"), "pattern", names, names[0], shown=lambda which: say(PATTERNS[which].title), width=230
    )
    side = whole(_("Side"), "side", 28, 3, _MOST_SIDE, width=110)
    code = f"from nnlab.lens import pattern\nbatch = pattern({name!r}).make({side})"
    return Input(pattern(name).make(side), True, code)


def _random() -> Input:
    channels = whole(_("Channels"), "channels", 1, 1, 64, width=110)
    height = whole(_("Height"), "height", 12, 1, _MOST_SIDE, width=110)
    width = whole(_("Width"), "width", 12, 1, _MOST_SIDE, width=110)
    seed = whole(_("Seed of the input"), "noise", 0, 0, _LAST_SEED, width=140)
    shape = f"1, {channels}, {height}, {width}"
    code = f"batch = torch.randn({shape}, generator=torch.Generator().manual_seed({seed}))"
    generator = torch.Generator().manual_seed(seed)
    return Input(torch.randn(1, channels, height, width, generator=generator), False, code)


def _numbers() -> Input:
    values = typed_table()
    return Input(torch.tensor([[values]]), False, f"batch = torch.tensor([[{values}]])")


_KINDS: dict[str, tuple[str, Callable[[], Input]]] = {
    "sample": (mark("A test image"), _sample),
    "train": (mark("A training image"), lambda: _sample("train")),
    "drawing": (mark("Your drawing"), _drawing),
    "pattern": (mark("A pattern"), _pattern),
    "random": (mark("Random numbers"), _random),
    "numbers": (mark("Numbers you type"), _numbers),
    "before": (mark("The last layer's output"), _before),
}
