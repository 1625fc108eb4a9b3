"""From scratch to torch.nn: the steps, their usual bugs, and a bug to be recognised."""

from nnlab.ui.learn.scratch import bugs, quiz, steps
from nnlab.ui.text import mark

PARTS = {
    "steps": mark("Step by step"),
    "bugs": mark("Usual bugs"),
    "quiz": mark("Which bug is it?"),
}
DRAWN = {"steps": steps.show, "bugs": bugs.show, "quiz": quiz.show}
