"""Logistic regression from scratch, refactored step by step to torch.nn, and its usual bugs.

The steps follow PyTorch's tutorial "What is torch.nn really?" by Jeremy Howard (pytorch.org/tutorials), with
our own data and words. Each is a whole program in Python that runs as it stands.
"""

from nnlab.lessons.ladder.bugs import BUGS, Bug, broken
from nnlab.lessons.ladder.running import Outcome, Sameness, outcomes, run
from nnlab.lessons.ladder.steps import STEPS, Settings, Step, changes, excerpt

__all__ = [
    "BUGS",
    "STEPS",
    "Bug",
    "Outcome",
    "Sameness",
    "Settings",
    "Step",
    "broken",
    "changes",
    "excerpt",
    "outcomes",
    "run",
]
