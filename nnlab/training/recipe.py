"""How a network is trained, and the whole specification of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnlab.data.division import Division
from nnlab.errors import check
from nnlab.nets.architecture import Architecture
from nnlab.nets.initial import DEFAULT, initial
from nnlab.training.augment import Augmentation
from nnlab.training.losses import loss_function
from nnlab.training.optim import optimizer_kind, optimizer_options
from nnlab.training.schedules import SCHEDULES
from nnlab.training.start import Mixture, Start, check_rehearsal
from nnlab.transforms import Pipeline

PRECISIONS = ("float32", "bfloat16")
MAX_LR = 100.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training but the data and the network.

    Attributes:
        lr: learning rate; the highest of the schedule.
        epochs: passes through the training data; 0.4 stops within the first.
        seed: decides initial weights, the order of the samples and the augmentation.
        options: further arguments of the torch optimizer, for instance ``{"momentum": 0.9}``.
        transforms: applied to each training image before it is normalised; of a whole pipeline, what
            `Pipeline.for_training` takes.
        init: how the weights begin (`nnlab.nets.initial`).
        precision: "bfloat16" computes under `torch.autocast`; weights stay float32.
    """

    optimizer: str = "adam"
    lr: float = 7e-3
    schedule: str = "one_cycle"
    loss: str = "cross_entropy"
    batch_size: int = 128
    epochs: float = 2
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    transforms: Pipeline = field(default_factory=Pipeline)
    precision: str = "float32"
    init: str = DEFAULT

    def validate(self) -> Recipe:
        """Return self; raise `LabError` for the first value no training can start with."""
        optimizer_kind(self.optimizer)
        optimizer_options(self.optimizer, self.options)
        check(
            _is_number(self.lr) and 0 < self.lr <= MAX_LR,
            "The learning rate is {value}; it should lie above 0, up to {most}. {usual} suits {optimizer}.",
            value=self.lr, most=MAX_LR, usual=optimizer_kind(self.optimizer).lr, optimizer=self.optimizer,
        )  # fmt: skip
        check(
            self.schedule in SCHEDULES,
            "There is no schedule {name}; there are: {known}.",
            name=repr(self.schedule), known=", ".join(SCHEDULES),
        )  # fmt: skip
        loss_function(self.loss)
        initial(self.init)
        check(
            _is_whole(self.batch_size) and self.batch_size >= 1,
            "The batch size is {value}; it should be a whole number of at least 1.",
            value=self.batch_size,
        )
        check(
            _is_number(self.epochs) and 0 < self.epochs <= 10_000,
            "The number of epochs is {value}; it should be above 0 and at most 10000.",
            value=self.epochs,
        )
        check(
            _is_whole(self.seed) and 0 <= self.seed < 2**63,
            "The seed is {value}; it should be a whole number from 0 to 2^63 - 1.",
            value=self.seed,
        )
        self.augmentation.validate()
        self.transforms.validate()
        check(
            self.precision in PRECISIONS,
            "The precision is {name}; it should be one of: {known}.",
            name=repr(self.precision), known=", ".join(PRECISIONS),
        )  # fmt: skip
        return self

    def steps(self, samples: int) -> int:
        """Optimizer steps of the whole run; the last batch of an epoch may be short."""
        return max(1, math.ceil(self.epochs * self.epoch_steps(samples) - 1e-9))

    def epoch_steps(self, samples: int) -> int:
        """Batches in one pass through `samples` training samples."""
        return math.ceil(samples / self.batch_size)

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {
            "options": dict(self.options),
            "augmentation": self.augmentation.to_json(),
            "transforms": self.transforms.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        augmentation = Augmentation.from_json(value.get("augmentation", {}))
        transforms = Pipeline.from_json(value.get("transforms", {}))
        return cls(**{**value, "augmentation": augmentation, "transforms": transforms}).validate()


@dataclass(frozen=True)
class RunSpec:
    """What is trained, on what, and how. `dataset` is a name of the registry; `division` says which of its
    images are trained on, looked at meanwhile, and looked at in the end.

    With a `start` the training begins with those weights; with a `mixture` it shows images of one's own in
    place of the training part. What they name by a digest is handed to `train` in a `Given`.
    """

    dataset: str
    architecture: Architecture
    recipe: Recipe = field(default_factory=Recipe)
    division: Division = field(default_factory=Division)
    start: Start | None = None
    mixture: Mixture | None = None

    def validate(self) -> RunSpec:
        """Return self; raise `LabError` for what is wrong whatever the data is like."""
        check(bool(self.dataset), "The run names no dataset.")
        self.architecture.validate()
        self.recipe.validate()
        self.division.validate()
        if self.start is not None:
            self.start.validate()
            check(
                self.recipe.init == DEFAULT,
                "The training begins with given weights, so they cannot also be drawn by {init}.",
                init=self.recipe.init,
            )
        if self.mixture is not None:
            self.mixture.validate()
            check(
                not self.division.validation,
                "A mixture with images of one's own has no validation part; take its share away.",
            )
        return self

    def samples(self, train: int, test: int) -> int:
        """Images in an epoch, of a dataset published with `train` and `test` of them.

        Raises:
            LabError: a part would be empty, or there are not so many images to rehearse.
        """
        count = self.division.counts(train, test).train
        if self.mixture is None:
            return count
        check_rehearsal(self.mixture, count, self.dataset)
        return self.mixture.samples

    def to_json(self) -> dict[str, Any]:
        value = {
            "dataset": self.dataset,
            "architecture": self.architecture.to_json(),
            "recipe": self.recipe.to_json(),
            "division": self.division.to_json(),
        }
        optional = {"start": self.start, "mixture": self.mixture}
        return value | {name: part.to_json() for name, part in optional.items() if part is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RunSpec:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        architecture = Architecture.from_json(value["architecture"])
        recipe = Recipe.from_json(value["recipe"])
        division = Division.from_json(value.get("division", {}))  # runs of before there was one have none
        start = Start.from_json(value["start"]) if "start" in value else None
        mixture = Mixture.from_json(value["mixture"]) if "mixture" in value else None
        return cls(value["dataset"], architecture, recipe, division, start, mixture).validate()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
