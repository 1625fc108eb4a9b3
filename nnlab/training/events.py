"""What a training run tells about itself, as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

# What a network was measured to do, on the part that is looked at while it trains first.
MEASURED = ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy")


def last_accuracy(values: Mapping[str, Any]) -> tuple[str, float] | None:
    """The part ("test" or "validation") and the accuracy on it that an event or a result tells of: on the
    test part, where it has been looked at."""
    for part in ("test", "validation"):
        if f"{part}_accuracy" in values:
            return part, values[f"{part}_accuracy"]
    return None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Weights and buffers after `step` optimizer steps: copies on the CPU that nobody changes."""

    step: int
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Event:
    """One thing that happened.

    `seq` counts from 1 without gaps; `step` is the number of optimizer steps done so far.
    `values` is plain JSON. Kinds and their values:

    started    device, threads, parameters, steps, epoch_steps, samples, torch
    tick       loss: [the loss of every step since the last tick], lr, seconds, samples_per_second,
               seconds_left, epoch (a float), layers: {name: {grad_norm, mean, std, zeros}}
    evaluated  test_loss, test_accuracy, train_loss (mean over the epoch so far), epoch, seconds; where the
               data has a validation part, validation_loss and validation_accuracy every time and those of
               the test part only in the last
    snapshot   reason ("first", "progress", "epoch", "last"); the event's `snapshot` holds the weights
    failed     sentence, template, arguments (see `LabError`), last_finite_step; its `snapshot`, if any,
               holds the last finite weights
    stopped    test_loss, test_accuracy, epochs, seconds, samples_per_second; with a validation part also
               validation_loss and validation_accuracy
    finished   as stopped

    The last event of a run is one of failed, stopped and finished. A `tick` carries in `snapshot` only
    the weight of the first layer that has one, for the live view; it is not meant to be kept.
    """

    seq: int
    kind: str
    step: int
    values: Mapping[str, Any] = field(default_factory=dict)
    snapshot: Snapshot | None = None

    def validate(self) -> Event:
        """Return self; raise ValueError for an event no run can have made."""
        if self.seq < 1 or self.step < 0 or not self.kind:
            raise ValueError(f"not an event: seq {self.seq}, kind {self.kind!r}, step {self.step}")
        return self

    def to_json(self) -> dict[str, Any]:
        """Everything but the snapshot."""
        return {"seq": self.seq, "kind": self.kind, "step": self.step, **self.values}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Event:
        """The inverse of `to_json`."""
        rest = {k: v for k, v in value.items() if k not in ("seq", "kind", "step")}
        return cls(int(value["seq"]), str(value["kind"]), int(value["step"]), rest).validate()
