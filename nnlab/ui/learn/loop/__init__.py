"""The training loop: an iteration stage by stage, and overfitting on purpose."""

from nnlab.ui.learn.loop import iteration, overfitting
from nnlab.ui.text import mark

PARTS = {
    "iteration": (mark("One iteration"), iteration.show),
    "overfitting": (mark("Overfitting"), overfitting.show),
}
