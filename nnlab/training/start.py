"""Fine-tuning: a training that goes on from weights there are already, and may learn images of one's own.

What is specified is plain JSON, like the rest of a run's specification. The tensors themselves travel in a
`Given` beside it; the specification holds their digests, so that no others can be mistaken for them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.data.dataset import Dataset, Split
from nnlab.errors import LabError, check
from nnlab.nets.layers import Shape
from nnlab.training.weights import TrainedModel

_DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_OWN = 1000  # images of one's own
MOST_REPEATS = 1000
_MOST_SOURCE = 200  # characters


@dataclass(frozen=True)
class Start:
    """The weights that a training begins with, in place of drawn ones.

    Attributes:
        weights: `digest` of the state_dict.
        mean, std: by which the network's inputs were normalised so far; they go on being so.
        source: where the weights are from, for people: a run's id, a file's name.
    """

    weights: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str = ""

    @classmethod
    def of(cls, model: TrainedModel, source: str) -> Start:
        """To go on with what `model` has learned."""
        return cls(digest(model.state_dict()), model.info.mean, model.info.std, source[:_MOST_SOURCE])

    def validate(self) -> Start:
        """Return self; raise `LabError` for what no weights can be."""
        _check_digest(self.weights)
        numbers = (*self.mean, *self.std)
        check(
            0 < len(self.mean) == len(self.std)
            and all(isinstance(value, float) and math.isfinite(value) for value in numbers)
            and all(value >= 0 for value in self.std),
            "Mean {mean} and standard deviation {std} do not normalise images.",
            mean=self.mean, std=self.std,
        )  # fmt: skip
        check(
            isinstance(self.source, str) and len(self.source) <= _MOST_SOURCE,
            "The source of the weights is longer than {most} characters.",
            most=_MOST_SOURCE,
        )
        return self

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Start:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        return cls(**{**value, "mean": tuple(value["mean"]), "std": tuple(value["std"])}).validate()


@dataclass(frozen=True)
class Mixture:
    """What is trained on in place of the dataset's training part: images of one's own, and some of it.

    Attributes:
        images: `digest` of the own images and their labels.
        count: how many they are.
        repeat: how often each is shown in an epoch; augmentation moves it otherwise each time.
        rehearsal: images of the dataset's training part that are shown once an epoch besides, so that what
            was learned is not forgotten (Robins 1995, "Catastrophic forgetting, rehearsal and
            pseudorehearsal"). Which ones, the recipe's seed decides.
    """

    images: str
    count: int
    repeat: int = 1
    rehearsal: int = 0

    def validate(self) -> Mixture:
        """Return self; raise `LabError` for numbers out of range."""
        _check_digest(self.images)
        for name, value, low, most in (
            ("count", self.count, 1, MOST_OWN),
            ("repeat", self.repeat, 1, MOST_REPEATS),
            ("rehearsal", self.rehearsal, 0, 2**31),
        ):
            whole = isinstance(value, int) and not isinstance(value, bool)
            check(
                whole and low <= value <= most,
                "Of the mixture, {name} is {value}; it should be a whole number from {low} to {most}.",
                name=name, value=value, low=low, most=most,
            )  # fmt: skip
        return self

    @property
    def samples(self) -> int:
        """Images in an epoch."""
        return self.count * self.repeat + self.rehearsal

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Mixture:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        return cls(**value).validate()


@dataclass(frozen=True, eq=False)
class Given:
    """The tensors that a specification names: weights to begin with, own images (N, C, H, W) uint8."""

    weights: Mapping[str, Tensor] = field(default_factory=dict)
    own: Split | None = None

    def check(self, start: Start | None, mixture: Mixture | None) -> Given:
        """Return self; raise `LabError` where these are not the tensors that `start` and `mixture` name."""
        check(
            start is None or (bool(self.weights) and digest(self.weights) == start.weights),
            "The weights that the training should begin with are not there, or are others.",
        )
        right = (
            self.own is not None
            and mixture is not None
            and (len(self.own) == mixture.count and own_digest(self.own) == mixture.images)
        )
        check(
            mixture is None or right,
            "The images of one's own that the training should show are not there, or are others.",
        )
        return self


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 over the names and the bytes of `weights`, tensor after tensor."""
    found = hashlib.sha256()
    for name, tensor in weights.items():
        content = bytearray(tensor.nbytes)
        if tensor.nbytes:
            torch.frombuffer(content, dtype=tensor.dtype).copy_(tensor.flatten())
        found.update(name.encode() + content)
    return found.hexdigest()


def load_given(model: nn.Module, weights: Mapping[str, Tensor], network: str) -> None:
    """Give `model`, the network of that name, the weights; raises `LabError` where they are not its."""
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise LabError(
            "The weights that the training should begin with do not fit {network} ({reason}).",
            network=network, reason=error,
        ) from None  # fmt: skip


def own_digest(own: Split) -> str:
    """`digest` of images and labels, and of the images' shape."""
    shape = torch.tensor(own.images.shape)
    return digest({"images": own.images, "labels": own.labels, "shape": shape})


def as_fed(data: Dataset, start: Start | None) -> Dataset:
    """`data` with the mean and std that the weights of `start` are used to.

    Raises:
        LabError: the images have other channels.
    """
    if start is None:
        return data
    check_channels(start, data.shape, data.name)
    return dataclasses.replace(data, mean=start.mean, std=start.std)


def mixed(data: Dataset, mixture: Mixture | None, own: Split | None, seed: int) -> Dataset:
    """`data`, divided already, with the training part that `mixture` describes.

    Raises:
        LabError: the own images do not fit it, or there are not so many to rehearse.
    """
    if mixture is None or own is None:
        return data
    check_rehearsal(mixture, len(data.train), data.name)
    check_own(own, data.shape, len(data.classes), data.name)
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    kept = order[: mixture.rehearsal]
    train = Split(
        torch.cat([own.images.repeat(mixture.repeat, 1, 1, 1), data.train.images[kept]]),
        torch.cat([own.labels.repeat(mixture.repeat), data.train.labels[kept]]),
    )
    return dataclasses.replace(data, train=train).validate()


def check_channels(start: Start, shape: Shape, name: str) -> None:
    """Raise `LabError` where the images (C, H, W) of the dataset `name` have other channels."""
    check(
        len(start.mean) == shape[0],
        "The weights are for images of {channels} channels; those of {name} have {found}.",
        channels=len(start.mean), name=name, found=shape[0],
    )  # fmt: skip


def check_own(own: Split, shape: Shape, classes: int, name: str) -> None:
    """Raise `LabError` where own images are not like those of the dataset `name`: (C, H, W), classes."""
    fits = tuple(own.images.shape[1:]) == tuple(shape)
    check(
        fits and int(own.labels.min()) >= 0 and int(own.labels.max()) < classes,
        "The images of one's own have the shape {found}, and labels up to {label}; {name} has images of "
        "{wanted} in {classes} classes.",
        found=tuple(own.images.shape[1:]), label=int(own.labels.max()), name=name, wanted=tuple(shape),
        classes=classes,
    )  # fmt: skip


def check_rehearsal(mixture: Mixture, train: int, name: str) -> None:
    """Raise `LabError` where the training part of the dataset `name`, `train` images, is too small."""
    if mixture.rehearsal > train:
        raise LabError(
            "{rehearsal:,} images of {name} cannot be rehearsed: it has {train:,} to train on.",
            rehearsal=mixture.rehearsal, name=name, train=train,
        )  # fmt: skip


def _check_digest(text: str) -> None:
    check(
        isinstance(text, str) and bool(_DIGEST.fullmatch(text)),
        "{text} is not a digest: 64 hexadecimal digits.",
        text=repr(text)[:100],
    )
