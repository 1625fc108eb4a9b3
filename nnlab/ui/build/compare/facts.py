"""What is known of each network that is compared: from a trace, as estimated, as measured, as trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from nnlab.data import dataset_info
from nnlab.devices import detect_device, free_memory
from nnlab.errors import LabError
from nnlab.lens.extent import extents
from nnlab.nets.architecture import Architecture, Row
from nnlab.nets.cost import TrainingCost
from nnlab.nets.editing import same_network
from nnlab.runs import Run
from nnlab.training.events import last_accuracy
from nnlab.training.preflight import cost_of
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.ui.build.compare.choice import Candidate
from nnlab.ui.build.compare.measuring import Speed, Subject, found
from nnlab.ui.build.data import Target
from nnlab.ui.store import run_store


@dataclass(frozen=True)
class Facts:
    """A network that fits the data.

    Attributes:
        memory: bytes for training with batches of the chosen size, estimated.
        largest: the largest batch that fits into the free memory; 0 for none, None for any.
        sees: the height and width of the image that a unit of the last convolution sees; None without one.
        accuracy: the best on the test part of the data, of how many runs; of a run itself, its own.
    """

    candidate: Candidate
    rows: list[Row]
    cost: TrainingCost
    memory: int
    largest: int | None
    sees: tuple[int, int] | None
    subject: Subject
    speed: Speed | None
    accuracy: tuple[float, int] | None

    @property
    def params(self) -> int:
        return sum(row.params for row in self.rows)

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)


def facts_of(candidate: Candidate, target: Target, batch: int, free: int) -> Facts:
    """What is known of `candidate` where `free` bytes of memory are free.

    Raises:
        ShapeError: it does not fit the data.
        LabError: it has no layers.
    """
    architecture = candidate.architecture
    rows = architecture.trace(target.in_shape, target.classes)
    cost = _cost(architecture.to_text(), target.in_shape, target.classes)
    data = data_bytes(target)
    subject = Subject(architecture.to_text(), target.in_shape, target.classes, batch)
    last = [row.path for row in rows if row.kind == "conv2d"][-1:]
    sees = [extents(architecture, rows, target.in_shape)[path] for path in last]
    return Facts(
        candidate, rows, cost, cost.peak(batch, data), cost.largest_batch(free, data),
        sees[0] if sees else None, subject, found(subject), _accuracy(candidate, target),
    )  # fmt: skip


def free_now() -> int:
    """Bytes that are free on the device that would train."""
    return free_memory(detect_device())


def data_bytes(target: Target) -> int:
    """What the images take while a network is trained on them; nothing where there are none."""
    if not target.is_dataset:
        return 0
    info = dataset_info(target.name)
    channels, height, width = info.shape
    return (info.train_count + info.test_count) * channels * height * width


@lru_cache(maxsize=64)
def _cost(text: str, in_shape: tuple[int, int, int], classes: int) -> TrainingCost:
    """Of training with the usual recipe."""
    return cost_of(RunSpec("any", Architecture.from_text(text), Recipe()), in_shape, classes)


def _accuracy(candidate: Candidate, target: Target) -> tuple[float, int] | None:
    """The best of the finished runs of this very network on this data."""
    runs = [candidate.run] if candidate.run is not None else run_store().runs()
    measured = [found for run in runs if (found := _measured(run, candidate, target)) is not None]
    return (max(measured), len(measured)) if measured else None


def _measured(run: Run, candidate: Candidate, target: Target) -> float | None:
    try:
        spec, status = run.spec, run.status
    except LabError:  # a damaged run is shown on the Train page, with what is wrong with it
        return None
    if spec.dataset != target.name or not same_network(spec.architecture, candidate.architecture):
        return None
    if status.name != "finished":
        return None
    measured = last_accuracy(status.result or {})
    return measured[1] if measured is not None and measured[0] == "test" else None
