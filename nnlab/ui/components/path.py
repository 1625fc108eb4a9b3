"""One image on its way from a file into a network, each step with its numbers, all pointed at together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


@dataclass(frozen=True)
class Step:
    """A card of the path: its title, the code that leads to it, and what it is, as (name, value)."""

    title: str
    code: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FileBytes:
    """The bytes of a file that hold one image.

    `first` is the place of the first one in the file, None where only their order is known. Raw numbers come
    channel by channel, each row by row, or column by column where `by_columns`. Of other bytes `packed` says
    why none of them is a pixel.
    """

    content: bytes
    first: int | None
    by_columns: bool = False
    packed: str = ""


def path(
    steps: Sequence[Step],
    pixels: np.ndarray,
    scaled: np.ndarray,
    normalised: np.ndarray,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    channels: Sequence[str],
    key: str,
    label: str,
    file: FileBytes | None = None,
) -> None:
    """Five cards side by side: file, picture, bytes, values in [0, 1], normalised values.

    The reader points at a pixel, with the pointer or the arrow keys; each card tells what it is there.

    Args:
        steps: what stands on the five cards.
        pixels: uint8 (C, H, W) with C = 1 or 3.
        scaled: float32 (256,), what becomes of each byte.
        normalised: float32 (C, 256), what becomes of it in each channel.
        mean, std: of each channel; they stand in the arithmetic.
        channels: the channels' names.
        label: what the picture is, for those who do not see it.
        file: None where there are no bytes to show.
    """
    shape, pixels = pixels.shape, np.ascontiguousarray(pixels)
    _c, row, column = np.unravel_index(int(pixels.argmax()), shape)
    header: dict[str, Any] = {
        "shape": list(shape),
        "steps": [{"title": s.title, "code": s.code, "facts": list(s.facts)} for s in steps],
        "mean": list(mean),
        "std": list(std),
        "limit": float(np.nan_to_num(np.abs(normalised), posinf=0.0).max()) or 1.0,
        "channels": list(channels),
        "start": [int(row), int(column)],
        "label": label,
        "first": file.first if file else None,
        "byColumns": bool(file and file.by_columns),
        "packed": file.packed if file else "",
        "texts": {
            "byte": _("byte {place} = 0x{hex} = {value}"),
            "spoken": _("Row {row}, column {column}: {values}"),
            "keys": _("Arrow keys move to another pixel."),
            "channel": _("Channel"),
        },
    }
    blobs = (pixels.tobytes(), *(np.ascontiguousarray(t, "<f4").tobytes() for t in (scaled, normalised)))
    part("path")(key=key, data=pack(header, *blobs, file.content if file else b""))
