"""The estimated peak of memory of a training against the real one, for every preset.

    python -m benchmarks.training_memory                        # all cases, about ten minutes, up to 6 GB
    python -m benchmarks.training_memory vgg11:3x32x32:64 ...   # these alone: network : image : batch size

Each training runs as on the Train page: in a worker that a forkserver forks, with its allocator and priority,
recorded as a run, on images of noise: 12 steps with ticks and snapshots, and evaluations. The real peak is
the kernel's (`getrusage`); "without" is a worker's before it trains.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import statistics
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from nnlab.data.dataset import Split
from nnlab.data.registry import DatasetInfo, register
from nnlab.data.sources import Archive, Place
from nnlab.errors import Sentence
from nnlab.nets.presets import preset
from nnlab.runs import RunStore
from nnlab.runs.limits import settle
from nnlab.runs.server import PRELOAD
from nnlab.training.preflight import cost_of
from nnlab.training.recipe import Recipe, RunSpec

STEPS = 12
CASES = [  # network : image : batch size
    "logistic:1x28x28:64", "logistic:1x28x28:8192", "mlp:1x28x28:64", "mlp:1x28x28:4096", "mlp:3x32x32:1024",
    "lenet:1x28x28:64", "lenet:1x28x28:4096", "net:1x28x28:64", "net:1x28x28:8192",
    "convnet:1x28x28:64", "convnet:1x28x28:2048", "convnet:3x64x64:512",
    "resnet18:3x32x32:64", "resnet18:3x32x32:512", "resnet18:3x64x64:256", "resnet18:3x224x224:32",
    "alexnet:3x64x64:16", "alexnet:3x64x64:512", "alexnet:3x224x224:64",
    "vgg11:3x32x32:8", "vgg11:3x32x32:128", "vgg11:3x64x64:64", "vgg11:3x224x224:8",
    "vgg16:3x32x32:64", "vgg16:3x64x64:32", "vgg16:3x224x224:4",
]  # fmt: skip


@dataclass(frozen=True)
class Noise:
    """Images of noise as a dataset of the registry."""

    shape: tuple[int, int, int]
    train: int
    test: int
    folder: str = "noise"
    files: tuple[str, ...] = ()

    def read(self, root: Path) -> tuple[Split, Split]:
        return _noise(self.train, self.shape), _noise(self.test, self.shape)

    def archives(self) -> tuple[Archive, ...]:
        return ()

    def place(self, split: str, index: int) -> Place:
        return Place("", Sentence("noise"), None, "", "L", self.shape[1:])


def _noise(count: int, shape: tuple[int, int, int]) -> Split:
    images = torch.randint(0, 256, (count, *shape), dtype=torch.uint8)
    return Split(images, torch.arange(count) % 10)


@dataclass(frozen=True)
class Case:
    """One training to be measured."""

    model: str
    shape: tuple[int, int, int]
    batch: int

    @classmethod
    def of(cls, text: str) -> Case:
        model, shape, batch = text.split(":")
        channels, height, width = map(int, shape.split("x"))
        return cls(model, (channels, height, width), int(batch))

    @property
    def samples(self) -> tuple[int, int]:
        """Training and test images: enough for the steps, and for an evaluation as large as it gets."""
        return self.batch * 4, max(16, min(2000, 2**25 // (self.shape[1] * self.shape[2] * 30)))

    def register(self) -> None:
        """Add the data to the registry of this process."""
        train, test = self.samples
        classes = tuple(map(str, range(10)))
        noise = Noise(self.shape, train, test)
        register(DatasetInfo("noise", "Noise", classes, self.shape, train, test, "", "", "", 0, noise))

    def spec(self) -> RunSpec:
        recipe = Recipe(lr=1e-4, batch_size=self.batch, epochs=STEPS * self.batch / self.samples[0])
        return RunSpec("noise", preset(self.model), recipe)


def work(case: Case, answer: Connection) -> None:
    """Train in this process, a worker of the job server's kind, and tell its peak before and after."""
    settle(others=0)
    before = _peak()
    case.register()
    with tempfile.TemporaryDirectory() as folder:
        status = RunStore(folder).train_here(case.spec()).status
    answer.send((before, _peak(), str(status.problem or "")))


def _peak() -> int:
    """Bytes that this process has had resident at most."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def main(texts: list[str]) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    heads = f"{'network':<10} {'image':>11} {'batch':>6}"
    print(f"{heads} {'without':>8} {'real MB':>8} {'estimate':>8} {'ratio':>6}")
    ratios = []
    for case in map(Case.of, texts or CASES):
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(case, writer))
        process.start()
        writer.close()
        before, peak, problem = reader.recv()
        process.join()
        if problem:
            raise SystemExit(problem)
        cost = cost_of(case.spec(), case.shape, classes=10)
        train, test = case.samples
        estimate = cost.peak(case.batch, (train + test) * math.prod(case.shape))
        ratios.append(estimate / peak)
        image = "x".join(map(str, case.shape))
        print(
            f"{case.model:<10} {image:>11} {case.batch:>6} {before / 1e6:>8.0f} {peak / 1e6:>8.0f} "
            f"{estimate / 1e6:>8.0f} {ratios[-1]:>6.2f}", flush=True,
        )  # fmt: skip
    print(f"ratio: {min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
