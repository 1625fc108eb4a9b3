"""What a network takes for what, found out by a process of its own: asked once for each network's weights.

One process at a time for the whole server; the others wait their turn. What was found is kept in the cache
directory under the digest of the weights, so it outlives the server.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from nnlab.data import dataset_info, is_present, load_dataset
from nnlab.data.dataset import Split
from nnlab.data.division import divide
from nnlab.drawing.shipped import WEIGHTS, shipped_model
from nnlab.errors import LabError, RunError
from nnlab.files import replace
from nnlab.paths import cache_root
from nnlab.program import Program
from nnlab.runs import Run
from nnlab.training.confusion import Confusion
from nnlab.training.start import digest, own_digest
from nnlab.training.weights import load_model

_KEPT = 64
_LIMIT = 600.0  # seconds, after which something is wrong
_PATIENCE = 60.0  # seconds between two tries of what went wrong

_one_at_a_time = threading.Semaphore(1)
_guard = threading.Lock()
_asked: OrderedDict[Examined, Examination] = OrderedDict()


@dataclass(frozen=True)
class Examined:
    """Weights in a file, and the test images that their network is asked about.

    Attributes:
        weights: their digest.
        file: where they are.
        dataset: whose test part it is; `run` says how it is divided, where a run does.
    """

    weights: str
    file: Path
    dataset: str
    run: Path | None = None

    def test(self) -> Split:
        """The test images; raises `LabError` where the dataset is not there."""
        data = load_dataset(self.dataset)
        return (divide(data, Run(self.run).spec.division) if self.run else data).test


def examined(run: Run | None, step: int | None = None) -> Examined:
    """The network of `run` after `step` steps, by default with its last weights; without a run the package's,
    on MNIST's test images where they are there, else on those of our own pen.

    Raises:
        RunError: the run has no such weights.
    """
    if run is None:
        dataset = "mnist" if is_present("mnist") else "strokes"
        return Examined(_shipped_digest(), WEIGHTS, dataset)
    kept = dict(run.snapshots())
    if not kept:
        raise RunError("The run {run} has not kept any weights yet.", run=run.id)
    step = max(kept) if step is None else step
    return Examined(_digest(kept[step]), kept[step], run.spec.dataset, run.path)


class Examination:
    """The question and, once it is there, the answer: `found`, or `problem`."""

    def __init__(self, of: Examined) -> None:
        self.of = of
        self.found: Confusion | None = None
        self.problem: LabError | None = None
        self._program: Program | None = None  # once it is its turn
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="confusion", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def share(self) -> float:
        """Of the test images: how many were asked about."""
        line = self._program.lines[-1] if self._program is not None and self._program.lines else {}
        return line["done"] / line["of"] if "done" in line else 0.0

    @property
    def may_be_repeated(self) -> bool:
        """Whether it went wrong long enough ago to be tried again."""
        return self.problem is not None and time.monotonic() - self._began > _PATIENCE

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or for so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            test = self.of.test()
            place = _place(self.of, test)
            with _one_at_a_time:
                answers = _stored(place, len(test))
                if answers is None:
                    answers = self._ask()
                    _store(place, answers)
            classes = len(dataset_info(self.of.dataset).classes)
            self.found = Confusion(test.labels, torch.tensor(answers), classes)
        except LabError as error:
            self.problem = error
        except (OSError, ValueError, LookupError) as error:
            self.problem = RunError("Asking about the test images ended early ({reason}).", reason=error)

    def _ask(self) -> list[int]:
        """Run the command; what the network says of each image."""
        self._program = program = Program(_arguments(self.of), limit=_LIMIT)
        program.wait()
        if program.problem is not None:
            raise program.problem
        answers: list[int] = program.lines[-1]["answers"]
        return answers


def examination(of: Examined) -> Examination:
    """The one of these weights, begun unless it has been; one that went wrong is begun anew after a while."""
    with _guard:
        found = _asked.get(of)
        if found is None or found.may_be_repeated:
            found = _asked[of] = Examination(of)
        _asked.move_to_end(of)
        while len(_asked) > _KEPT:
            _asked.popitem(last=False)
        return found


def _arguments(of: Examined) -> list[str]:
    network = [str(of.file), "--dataset", of.dataset]
    if of.run is not None:  # which says how its data is divided
        network = [of.run.name, "--runs", str(of.run.parent), "--step", str(int(of.file.stem))]
    return ["confusion", *network, "--json"]


def _place(of: Examined, test: Split) -> Path:
    return cache_root() / "confusions" / f"{of.weights[:32]}-{own_digest(test)[:32]}.json"


def _stored(place: Path, count: int) -> list[int] | None:
    """What an earlier server has found."""
    try:
        value = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return None
    whole = isinstance(value, list) and len(value) == count and all(type(answer) is int for answer in value)
    return value if whole else None


def _store(place: Path, answers: list[int]) -> None:
    with contextlib.suppress(OSError):  # it is found out again
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, lambda path: path.write_text(json.dumps(answers)), durable=False)


@lru_cache(maxsize=32)
def _digest(file: Path) -> str:
    return digest(load_model(file).state_dict())


@lru_cache(maxsize=1)
def _shipped_digest() -> str:
    return digest(shipped_model().state_dict())
