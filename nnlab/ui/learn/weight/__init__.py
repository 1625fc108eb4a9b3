"""The parts of the page about one weight of a convolution."""

from __future__ import annotations

from collections.abc import Callable

from nnlab.ui.learn.weight.buffers import buffers
from nnlab.ui.learn.weight.slope import slope
from nnlab.ui.learn.weight.summing import summing
from nnlab.ui.text import mark

PARTS = {
    "sum": mark("A sum over places and images"),
    "slope": mark("The slope of the loss"),
    "grad": mark(".grad over time"),
}
DRAWN: dict[str, Callable[[], None]] = {"sum": summing, "slope": slope, "grad": buffers}
