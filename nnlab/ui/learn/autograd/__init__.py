"""The parts of the Autograd page."""

from __future__ import annotations

from collections.abc import Callable

from nnlab.ui.learn.autograd.again import again
from nnlab.ui.learn.autograd.errors import errors
from nnlab.ui.learn.autograd.products import products
from nnlab.ui.learn.autograd.walking import walking
from nnlab.ui.text import mark

PARTS = {
    "graph": mark("The graph"),
    "jacobian": mark("Jacobian and check"),
    "again": mark("Backward again"),
    "errors": mark("What goes wrong"),
}
DRAWN: dict[str, Callable[[], None]] = {
    "graph": walking,
    "jacobian": products,
    "again": again,
    "errors": errors,
}
