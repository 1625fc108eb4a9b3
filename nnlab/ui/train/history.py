"""What a run has told so far, as the series of its charts; read on from where the last look ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from nnlab.runs import Run
from nnlab.training.events import Event


@dataclass
class History:
    """The events of one run, sorted into lists that only grow.

    `part` is the part of the data that the network is measured on while it trains: "validation", or "test"
    where there is none. Besides a validation part, the test part is measured once, at the end.
    """

    part: str = "test"
    seq: int = 0
    started: Mapping[str, Any] = field(default_factory=dict)
    steps: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    evaluated_steps: list[float] = field(default_factory=list)
    evaluated_epochs: list[float] = field(default_factory=list)
    measured_losses: list[float] = field(default_factory=list)
    measured_accuracies: list[float] = field(default_factory=list)
    test_accuracy: float | None = None
    tick: Mapping[str, Any] = field(default_factory=dict)
    ended: Mapping[str, Any] = field(default_factory=dict)

    def read(self, run: Run) -> History:
        """Take in what `run` has told since the last time, and return self."""
        self.part = "validation" if run.spec.division.validation else "test"
        for event in run.events(after=self.seq):
            self._take(event)
        return self

    def _take(self, event: Event) -> None:
        self.seq = event.seq
        values = event.values
        match event.kind:
            case "started":
                self.started = values
            case "tick":
                first = event.step - len(values["loss"]) + 1
                self.steps += range(first, event.step + 1)
                self.losses += values["loss"]
                self.tick = values
            case "evaluated":
                self.evaluated_steps.append(event.step)
                self.evaluated_epochs.append(values["epoch"])
                self.measured_losses.append(values[f"{self.part}_loss"])
                self.measured_accuracies.append(values[f"{self.part}_accuracy"])
                self.test_accuracy = values.get("test_accuracy")
            case "finished" | "stopped" | "failed":
                self.ended = values


def history(run: Run) -> History:
    """The history of `run` up to now, kept for the session."""
    kept: dict[str, History] = st.session_state.setdefault("train-histories", {})
    return kept.setdefault(run.id, History()).read(run)
