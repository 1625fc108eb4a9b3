"""The views of the page Gradient descent."""

from collections.abc import Callable

from nnlab.ui.learn.descent.line import line
from nnlab.ui.learn.descent.racing import racing
from nnlab.ui.learn.descent.rate import rate
from nnlab.ui.learn.descent.schedules import schedules
from nnlab.ui.learn.descent.update import update
from nnlab.ui.text import mark

PARTS = {
    "line": mark("One dimension"),
    "race": mark("The race"),
    "update": mark("One update"),
    "rate": mark("Learning rate"),
    "schedules": mark("Schedules"),
}
DRAWN: dict[str, Callable[[], None]] = {
    "line": line, "race": racing, "update": update, "rate": rate, "schedules": schedules,
}  # fmt: skip
