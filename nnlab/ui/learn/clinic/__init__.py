"""The failure clinic: broken trainings with the detectors that name them, and one to be named."""

from nnlab.ui.learn.clinic import quiz, ward
from nnlab.ui.text import mark

PARTS = {
    "ward": mark("Broken trainings"),
    "quiz": mark("What is wrong here?"),
}
DRAWN = {"ward": ward.show, "quiz": quiz.show}
