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
    """The events of one run, sorted into lists that only grow."""

    seq: int = 0
    started: Mapping[str, Any] = field(default_factory=dict)
    steps: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    evaluated_steps: list[float] = field(default_factory=list)
    evaluated_epochs: list[float] = field(default_factory=list)
    test_losses: list[float] = field(default_factory=list)
    test_accuracies: list[float] = field(default_factory=list)
    tick: Mapping[str, Any] = field(default_factory=dict)
    ended: Mapping[str, Any] = field(default_factory=dict)

    def read(self, run: Run) -> History:
        """Take in what `run` has told since the last time, and return self."""
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
                self.test_losses.append(values["test_loss"])
                self.test_accuracies.append(values["test_accuracy"])
            case "finished" | "stopped" | "failed":
                self.ended = values


def history(run: Run) -> History:
    """The history of `run` up to now, kept for the session."""
    kept: dict[str, History] = st.session_state.setdefault("train-histories", {})
    return kept.setdefault(run.id, History()).read(run)
