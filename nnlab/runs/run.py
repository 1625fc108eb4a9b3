"""A run: a directory and a state. Everything a reader knows of it comes from its files."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

from nnlab.data import dataset_info
from nnlab.errors import RunError
from nnlab.nets.layers import Shape
from nnlab.runs.control import ask, ask_evaluation
from nnlab.runs.execute import SPEC
from nnlab.runs.files import damaged, disk_problem, read_json
from nnlab.runs.journal import FILE as EVENTS
from nnlab.runs.journal import JournalReader
from nnlab.runs.recorder import LIVE, SNAPSHOTS
from nnlab.runs.state import State, current_state
from nnlab.training.events import Event, Snapshot
from nnlab.training.recipe import RunSpec
from nnlab.training.weights import SUFFIX, TrainedModel, load_model, load_tensors


class Run:
    """One training on disk, live or ended. Objects are cheap; several may look at the same run.

    The steering methods ask and return at once; on a run that has ended they do nothing, and asking twice
    is asking once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = JournalReader(path / EVENTS)
        self._ended: State | None = None

    @property
    def id(self) -> str:
        """The directory's name; later runs sort after earlier ones."""
        return self.path.name

    @cached_property
    def spec(self) -> RunSpec:
        """What is trained; raises `RunError` where its file is absent or damaged."""
        value = read_json(self.path / SPEC)
        try:
            return RunSpec.from_json(value)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise damaged(self.path / SPEC, error) from None

    @cached_property
    def in_shape(self) -> Shape:
        """(C, H, W) of the images: the weights say it, also when the dataset has been deleted since.

        Raises `DataError` where there are no weights yet and no such dataset either.
        """
        for path in (self.path / LIVE, *(file for _, file in self.snapshots())):
            with suppress(RunError):
                return load_tensors(path)[1].in_shape
        return dataset_info(self.spec.dataset).shape

    @cached_property
    def created(self) -> float:
        """Seconds since 1970; raises `RunError` where the specification is gone."""
        try:
            return (self.path / SPEC).stat().st_mtime
        except OSError as error:
            raise damaged(self.path / SPEC, error) from None

    @property
    def status(self) -> State:
        """Where the run stands; one whose process is gone is marked as interrupted by this look."""
        if self._ended is None:
            found = current_state(self.path)
            if not found.has_ended:
                return found
            self._ended = found
        return self._ended

    @property
    def state(self) -> str:
        """The name of `status`: queued, training, paused, finished, stopped, failed or interrupted."""
        return self.status.name

    def events(self, after: int = 0) -> list[Event]:
        """The events recorded so far with a `seq` above `after`."""
        return self._journal.read(after)

    def snapshots(self) -> list[tuple[int, Path]]:
        """(step, file) of every kept snapshot, in order of steps."""
        files = (self.path / SNAPSHOTS).glob(f"[0-9]*{SUFFIX}")
        return sorted((int(file.stem), file) for file in files if file.stem.isdigit())

    def load_model(self, step: int | None = None) -> TrainedModel:
        """The network with the weights after `step` steps (default: the last kept), in evaluation mode.

        Raises:
            RunError: no such snapshot, or it is damaged.
        """
        kept = dict(self.snapshots())
        if not kept:
            raise RunError("The run {run} has not kept any weights yet.", run=self.id)
        step = max(kept) if step is None else step
        if step not in kept:
            raise RunError(
                "The run {run} has no weights of step {step}; it has those of: {steps}.",
                run=self.id, step=step, steps=", ".join(map(str, kept)),
            )  # fmt: skip
        return load_model(kept[step])

    def live(self) -> Snapshot | None:
        """The weight of the first layer at the last tick; None before there is one."""
        try:
            tensors, info = load_tensors(self.path / LIVE)
        except RunError:
            return None
        return Snapshot(info.step, tensors)

    def pause(self) -> None:
        """Have the training wait where it is."""
        self._ask(partial(ask, want="pause"))

    def resume(self) -> None:
        """Have a paused training go on."""
        self._ask(partial(ask, want="run"))

    def stop(self) -> None:
        """Have the run end, with a last test and its weights kept. There is no way back."""
        self._ask(partial(ask, want="stop"))

    def evaluate(self) -> None:
        """Have the network tested now, besides after every epoch."""
        self._ask(ask_evaluation)

    def delete(self) -> None:
        """Remove the directory of a run that has ended; raises `RunError` for one that has not."""
        if not self.status.has_ended:
            raise RunError("The run {run} is still going on; stop it first.", run=self.id)
        hidden = self.path.with_name(f".{secrets.token_hex(8)}")  # so that nobody sees half of it
        try:
            self.path.rename(hidden)
            shutil.rmtree(hidden)
        except FileNotFoundError:
            return  # somebody else has
        except OSError as error:
            raise RunError(
                "The run {run} in {folder} cannot be removed ({reason}).",
                run=self.id, folder=self.path.parent, reason=error.strerror or error,
            ) from error  # fmt: skip

    def _ask(self, wish: Callable[[Path], None]) -> None:
        if self.status.has_ended:
            return
        try:
            wish(self.path)
        except OSError as error:
            raise disk_problem(self.path, error) from error
