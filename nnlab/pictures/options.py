"""How the pictures of an archive are brought to one size, one number of channels and two splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nnlab.errors import DataError

FITS = ("fit", "fill", "stretch")
MIN_SIZE, MAX_SIZE = 4, 512


@dataclass(frozen=True)
class ImageOptions:
    """What is made of each picture, and how many are held out for the test.

    Attributes:
        image_size: pixels of a side of the finished square.
        channels: 1 for grey, 3 for colour.
        fit: ``"fit"`` keeps the whole picture, between black bars; ``"fill"`` cuts out the middle;
            ``"stretch"`` bends it to the square.
        test_share: how many of each class are held out where the archive says nothing of it.
        seed: which ones those are.
    """

    image_size: int = 32
    channels: int = 3
    fit: str = "fit"
    test_share: float = 0.2
    seed: int = 0

    def validate(self) -> ImageOptions:
        """Return self; raise `DataError` for a value out of range."""
        if not _whole(self.image_size) or not MIN_SIZE <= self.image_size <= MAX_SIZE:
            raise DataError(
                "The image size is {value}; it should be a whole number from {low} to {high}.",
                value=self.image_size, low=MIN_SIZE, high=MAX_SIZE,
            )  # fmt: skip
        if not _whole(self.channels) or self.channels not in (1, 3):
            raise DataError(
                "The number of channels is {value}; it should be 1 (grey) or 3 (colour).", value=self.channels
            )
        if self.fit not in FITS:
            raise DataError(
                'There is no fit "{value}"; known are: {known}.', value=self.fit, known=", ".join(FITS)
            )
        if isinstance(self.test_share, bool) or not isinstance(self.test_share, int | float):
            raise DataError("The test share is {value}; it should be a number.", value=self.test_share)
        if not 0 < self.test_share < 1:
            raise DataError(
                "The test share is {value}; it should lie between 0 and 1, both left out.",
                value=self.test_share,
            )
        if not _whole(self.seed) or not 0 <= self.seed < 2**63:
            raise DataError(
                "The seed of the test share is {value}; it should be a whole number from 0 to 2^63 - 1.",
                value=self.seed,
            )
        return self

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ImageOptions:
        """The inverse of `to_json`. Raises `DataError` for values out of range."""
        return cls(**value).validate()


def held_out(count: int, share: float) -> int:
    """How many of `count` pictures of a class are for the test: `share` of them, but one on either side."""
    return min(max(1, int(share * count + 0.5)), count - 1)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
