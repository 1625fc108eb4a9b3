"""Mistakes that everybody makes once, each as one change of one step's program."""

from __future__ import annotations

from dataclasses import dataclass

from nnlab.errors import Sentence
from nnlab.lessons.ladder.steps import Settings, step_named


@dataclass(frozen=True)
class Bug:
    """A mistake in the program of `step`: `right` is written as `wrong`; how it shows, and why."""

    name: str
    title: Sentence
    step: str
    right: str
    wrong: str
    shows: Sentence


def broken(bug: Bug, settings: Settings) -> str:
    """The program with that mistake in it."""
    return step_named(bug.step).source(settings).replace(bug.right, bug.wrong)


BUGS = (
    Bug(
        "sign",
        Sentence("The minus of the loss is missing"),
        "raw",
        "return -log_probabilities[",
        "return log_probabilities[",
        Sentence(
            "The first loss is right but for its sign, about -2.3, and falls without end, or until exp "
            "overflows: what is minimised is the probability of the right class. Accuracy ends at chance, or "
            "below it."
        ),
    ),
    Bug(
        "sum",
        Sentence("The sum in log_softmax is missing"),
        "raw",
        "x.exp().sum(-1).log().unsqueeze(-1)",
        "x.exp().log()",
        Sentence(
            "exp and log cancel each other, so that every log-probability is 0, up to rounding: the first "
            "loss is 0 instead of ln 10 = 2.30, and nothing is learned."
        ),
    ),
    Bug(
        "dim",
        Sentence("log_softmax sums over the batch"),
        "raw",
        "x.exp().sum(-1).log().unsqueeze(-1)",
        "x.exp().sum(0).log()",
        Sentence(
            "The classes of one image should share a probability of 1, not the images of one class: the "
            "first loss is near ln(batch size), 4.16 for 64, instead of ln 10 = 2.30."
        ),
    ),
    Bug(
        "start",
        Sentence("The start index is not multiplied by the batch size"),
        "raw",
        "start = i * bs",
        "start = i",
        Sentence(
            "Nothing looks wrong at first: the loss falls, but on a small part of the images that come again "
            "and again. It falls too low for one epoch, and the accuracy on the test set lags behind."
        ),
    ),
    Bug(
        "zero_grad",
        Sentence("The gradients are never set back to zero"),
        "module",
        "            model.zero_grad()\n",
        "",
        Sentence(
            "backward() adds to .grad: every step repeats all the steps before it. The loss falls, "
            "overshoots, and swings ever wider."
        ),
    ),
    Bug(
        "softmax",
        Sentence("softmax before cross-entropy, which has its own"),
        "functional",
        "return xb @ weights + bias",
        "return (xb @ weights + bias).softmax(-1)",
        Sentence(
            "The network learns, slowly, and its loss never falls below ln(e + 9) - 1 = 1.46: probabilities "
            "lie between 0 and 1, and as logits that is a small difference."
        ),
    ),
    Bug(
        "train_mode",
        Sentence("The test runs in training mode"),
        "cnn",
        "model.eval()\n",
        "",
        Sentence(
            "Dropout still throws activations away, so that the same images get another accuracy each time "
            "they are tested, and a worse one."
        ),
    ),
)
