"""What a training run tells about itself, as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


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

    started    device, threads, parameters, steps, samples, initial test_loss and test_accuracy
    tick       loss: [the loss of every step since the last tick], lr, seconds, samples_per_second,
               seconds_left, epoch (a float), layers: {name: {grad_norm, mean, std, zeros}}
    evaluated  test_loss, test_accuracy, train_loss (mean over the epoch so far), epoch, seconds
    snapshot   reason ("first", "progress", "epoch", "last"); the event's `snapshot` holds the weights
    failed     sentence, template, arguments (see `LabError`), last_finite_step; its `snapshot`, if any,
               holds the last finite weights
    stopped    test_loss, test_accuracy, epochs, seconds, samples_per_second
    finished   test_loss, test_accuracy, epochs, seconds, samples_per_second

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
