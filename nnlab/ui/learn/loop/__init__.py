"""The training loop: an iteration stage by stage, and overfitting on purpose."""

from nnlab.ui.learn.loop import iteration, overfitting
from nnlab.ui.text import mark

PARTS = {
    "iteration": mark("One iteration"),
    "overfitting": mark("Overfitting"),
}
DRAWN = {"iteration": iteration.show, "overfitting": overfitting.show}
