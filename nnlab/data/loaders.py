"""What a `DataLoader` makes of a dataset: which samples come in which batch, by torch's own classes.

Nothing here reads an image: the loader is given the places of the samples in place of the samples.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from nnlab.errors import LabError, check

SAMPLERS = ("sequential", "random", "weighted")
MAX_WORKERS = 16


@dataclass(frozen=True)
class Loading:
    """The arguments of a `DataLoader`.

    Attributes:
        sampler: "sequential" (as they lie), "random" (``shuffle=True``: each once an epoch, in a new order),
            or "weighted" (drawn with replacement, each class as often as any other).
        drop_last: leave out the last batch of an epoch where it is short.
        seed: of the generator that the order comes from.
        workers: processes that load the samples; 0 for none but the caller's. The order is the same.
    """

    batch_size: int = 7
    sampler: str = "sequential"
    drop_last: bool = False
    seed: int = 0
    workers: int = 0

    def validate(self) -> Loading:
        """Return self; raise `LabError` for what no DataLoader takes."""
        check(
            _is_whole(self.batch_size) and self.batch_size >= 1,
            "The batch size is {value}; it should be a whole number of at least 1.",
            value=self.batch_size,
        )
        check(
            self.sampler in SAMPLERS,
            "There is no sampler {name}; there are: {known}.",
            name=repr(self.sampler), known=", ".join(SAMPLERS),
        )  # fmt: skip
        check(
            _is_whole(self.seed) and 0 <= self.seed < 2**63,
            "The seed is {value}; it should be a whole number from 0 to 2^63 - 1.",
            value=self.seed,
        )
        check(
            _is_whole(self.workers) and 0 <= self.workers <= MAX_WORKERS,
            "The number of workers is {value}; it should lie from 0 to {most}.",
            value=self.workers, most=MAX_WORKERS,
        )  # fmt: skip
        return self

    def sizes(self, samples: int) -> list[int]:
        """The number of samples in each batch of an epoch over `samples` samples."""
        whole, rest = divmod(samples, self.batch_size)
        return [self.batch_size] * whole + ([rest] if rest and not self.drop_last else [])

    def loader(self, dataset: Dataset[Any], labels: Tensor, **options: Any) -> DataLoader[Any]:
        """The DataLoader over `dataset`, whose labels are `labels` (N,) int64; `code` is the same as a text.

        Raises:
            LabError: as `validate`, or torch refuses the arguments; the sentence has its own words.
        """
        self.validate()
        generator = torch.Generator().manual_seed(self.seed)
        options = {"batch_size": self.batch_size, "drop_last": self.drop_last, **options}
        if self.sampler == "random":
            options = {"shuffle": True, "generator": generator, **options}
        elif self.sampler == "weighted":
            weights = 1 / torch.bincount(labels)[labels]
            options["sampler"] = WeightedRandomSampler(weights, len(labels), generator=generator)  # type: ignore[arg-type]
        try:
            return DataLoader(dataset, **options)
        except ValueError as error:
            raise LabError("PyTorch refuses this DataLoader: {reason}.", reason=error) from None

    def batches(self, labels: Tensor, epochs: int) -> list[list[Tensor]]:
        """For each epoch the batches, each the places (B,) int64 of its samples; for labels (N,) int64."""
        loader = self.loader(_Places(len(labels)), labels, collate_fn=torch.tensor)
        return [list(loader) for _ in range(epochs)]

    def orders(self, labels: Tensor, epochs: int) -> list[Tensor]:
        """For each epoch the places (N,) int64 in the order they are drawn in, with those of a last batch
        that is dropped. The size of the batches makes no difference, so large ones are taken: faster."""
        loading = dataclasses.replace(self.validate(), batch_size=4096, drop_last=False)
        return [torch.cat(batches) for batches in loading.batches(labels, epochs)]

    def code(self) -> str:
        """The expression of this DataLoader over `dataset`, whose labels are `labels`."""
        arguments = ["dataset", f"batch_size={self.batch_size}"]
        generator = f"generator=torch.Generator().manual_seed({self.seed})"
        if self.sampler == "random":
            arguments += ["shuffle=True", generator]
        elif self.sampler == "weighted":
            weights = "1 / torch.bincount(labels)[labels]"
            arguments.append(f"sampler=WeightedRandomSampler({weights}, len(labels), {generator})")
        if self.drop_last:
            arguments.append("drop_last=True")
        if self.workers:
            arguments.append(f"num_workers={self.workers}")
        line = f"DataLoader({', '.join(arguments)})"
        return line if len(line) <= 90 else "DataLoader(\n    " + ",\n    ".join(arguments) + ",\n)"

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Loading:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        return cls(**value).validate()


def expected_spread(labels: Tensor, loading: Loading, label: int) -> float | None:
    """The standard deviation of the number of samples of class `label` in a whole batch; None where the order
    is not random.

    Without replacement that number is hypergeometric, with replacement binomial.
    """
    counts = torch.bincount(labels)
    samples, size = len(labels), loading.batch_size
    if loading.sampler == "sequential" or size > samples:
        return None
    if loading.sampler == "weighted":
        share = 1 / int((counts > 0).sum()) if counts[label] else 0.0
        return math.sqrt(size * share * (1 - share))
    share = int(counts[label]) / samples
    left = (samples - size) / max(1, samples - 1)
    return math.sqrt(size * share * (1 - share) * left)


def expected_count(labels: Tensor, loading: Loading, label: int) -> float:
    """The mean number of samples of class `label` in a whole batch."""
    counts = torch.bincount(labels)
    if loading.sampler == "weighted":
        return loading.batch_size / int((counts > 0).sum()) if counts[label] else 0.0
    return loading.batch_size * int(counts[label]) / len(labels)


class _Places(Dataset[int]):
    """Sample i is i; handed over a batch at a time."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        return index

    def __getitems__(self, indices: list[int]) -> list[int]:
        return indices


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
