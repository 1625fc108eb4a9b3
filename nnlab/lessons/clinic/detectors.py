"""Detectors: each measures one thing in the records so far and rings beyond a bound.

They stand in the order in which one asks: what stands further up may be the reason for what stands below it.
So the first that rings names what is wrong.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnlab.errors import Sentence
from nnlab.lessons.clinic.records import Record

_PATIENCE = 150  # steps in which a network should have learned something
_CHANCE = 0.25  # accuracy on ten classes that is hardly better than guessing


@dataclass(frozen=True)
class Detector:
    """What is measured, from the records so far (at least one) to a number, and from where on it rings.

    below: it rings below the bound instead of above it. case: the case that it names.
    """

    case: str
    title: Sentence
    measure: Callable[[Sequence[Record]], float]
    bound: float
    below: bool = False

    def rings(self, records: Sequence[Record]) -> bool:
        """Whether it does; a number that is not finite is beyond every bound above."""
        value = self.measure(records)
        if math.isnan(value):
            return not self.below
        return value < self.bound if self.below else value > self.bound


def diagnosis(records: Sequence[Record]) -> str | None:
    """The name of the case that the first ringing detector names; None for a training that is well."""
    return next((detector.case for detector in DETECTORS if detector.rings(records)), None)


def _accumulated(records: Sequence[Record]) -> float:
    """The gradient in .grad over that of the batch alone: the median, so that one batch does not decide."""
    shares = [one.held / one.fresh for one in records if one.fresh > 0 and math.isfinite(one.held)]
    return statistics.median(shares) if shares else 1.0


def _input(records: Sequence[Record]) -> float:
    """The root mean square of the input; 1 for normalised images."""
    return math.hypot(records[0].input_mean, records[0].input_std)


def _alike(records: Sequence[Record]) -> float:
    """The largest share of units in a layer that are copies of each other."""
    return max(layer.alike for layer in records[-1].layers)


def _update(records: Sequence[Record]) -> float:
    """The largest share of its weights by which a layer was changed in one step; inf where nan came of it."""
    if not math.isfinite(records[-1].loss):
        return math.inf
    return max(layer.update for one in records for layer in one.layers)


def _silent(records: Sequence[Record]) -> float:
    """The largest share of silent units behind a layer."""
    return max(layer.silent for layer in records[-1].layers)


def _passed(records: Sequence[Record]) -> float:
    """The gradient of the first layer over that of the last, at the first look."""
    layers = records[0].layers
    return layers[0].grad / layers[-1].grad if layers[-1].grad else 1.0


def _learned(records: Sequence[Record]) -> float:
    """The accuracy on the test set, once there was time to learn something; 1 before."""
    return records[-1].test_accuracy if records[-1].step >= _PATIENCE else 1.0


DETECTORS = (
    Detector("zero_grad", Sentence("The gradient in .grad, over that of the batch alone"), _accumulated, 1.5),
    Detector("input", Sentence("Root mean square of the input"), _input, 10),
    Detector("zeros", Sentence("Units that are copies of each other"), _alike, 0.5),
    Detector("rate", Sentence("Largest change of a layer's weights in one step"), _update, 0.3),
    Detector("dead", Sentence("Units that are 0 for every image"), _silent, 0.5),
    Detector(
        "vanishing", Sentence("Gradient of the first layer, over that of the last"), _passed, 1e-3, below=True
    ),
    Detector("labels", Sentence("Accuracy on the test set"), _learned, _CHANCE, below=True),
)
