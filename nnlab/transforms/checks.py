"""Why a step cannot work on what reaches it, and what is odd about one that can.

torchvision refuses some of these itself, in the words of its inside; others it passes through without a
word, or does something that nobody meant. All are found here, from types and shapes, before it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlab.errors import LabError, Sentence, check
from nnlab.transforms.numbers import FLOAT, PIL_IMAGE, Numbers

Options = Mapping[str, Any]
MAX_VALUES = 3 * 1024 * 1024  # of one image: a page shows it, and a server has many readers


def takes_tensors(seen: Numbers, options: Options) -> None:
    """Most of these, torchvision would hand a PIL image back as it is, without a word."""
    check(
        seen.type != PIL_IMAGE,
        "it works on tensors, but a PIL image reaches it. Put ToImage before it.",
    )


def takes_floats(seen: Numbers, options: Options) -> None:
    check(
        seen.type != PIL_IMAGE,
        "it works on float tensors, but a PIL image reaches it. Put ToImage and ToDtype before it.",
    )
    check(
        seen.type == FLOAT,
        "it works on floats, but uint8 values from 0 to 255 reach it. Put ToDtype before it.",
    )


def normalise(seen: Numbers, options: Options) -> None:
    takes_floats(seen, options)
    for name in ("mean", "std"):
        count, channels = len(options[name]), seen.shape[0]
        check(
            count in (1, channels),
            "{name} has {count} values, one for each of {count} channels, but the image that reaches it has "
            "{channels}.",
            name=name, count=count, channels=channels,
        )  # fmt: skip


def pad(seen: Numbers, options: Options) -> None:
    _padding(seen, options["padding"], options["padding_mode"])


def random_crop(seen: Numbers, options: Options) -> None:
    size, padding = options["size"], options["padding"]
    if padding:
        _padding(seen, padding, options["padding_mode"])
    for axis, extent in zip(("height", "width"), seen.shape[1:], strict=True):
        check(
            size <= extent + 2 * padding,
            "a crop of {size} does not fit the {axis} of {extent} + 2*{padding} = {padded}. Take at most "
            "{padded}, or a larger padding.",
            size=size, axis=axis, extent=extent, padding=padding, padded=extent + 2 * padding,
        )  # fmt: skip


def _padding(seen: Numbers, padding: int, mode: str) -> None:
    """Pixels of a tensor are mirrored once at the edge; those of a PIL image to and fro, without end."""
    mode = "constant" if seen.type == PIL_IMAGE else mode
    most = {"reflect": min(seen.shape[1:]) - 1, "symmetric": min(seen.shape[1:])}.get(mode, padding)
    check(
        padding <= most,
        "a padding of {padding} mirrors {padding} pixels, but an image of {height} x {width} has only {most} "
        "to mirror.",
        padding=padding, height=seen.shape[1], width=seen.shape[2], most=most,
    )  # fmt: skip
    channels, height, width = seen.shape
    result_size((channels, height + 2 * padding, width + 2 * padding))


def elastic(seen: Numbers, options: Options) -> None:
    kernel = int(8 * options["sigma"] + 1) | 1  # as torchvision reckons it
    _kernel(seen, kernel)


def gaussian_blur(seen: Numbers, options: Options) -> None:
    _kernel(seen, options["kernel_size"])


def _kernel(seen: Numbers, kernel: int) -> None:
    """The blur mirrors half its window at the edge."""
    side = min(seen.shape[1:])
    check(
        kernel // 2 < side,
        "its window of {kernel} pixels reaches {reach} beyond the edge, but an image of {height} x {width} "
        "has only {most} to mirror there. Take a smaller one.",
        kernel=kernel, reach=kernel // 2, height=seen.shape[1], width=seen.shape[2], most=side - 1,
    )  # fmt: skip


def solarise(seen: Numbers, options: Options) -> None:
    check(
        seen.type != FLOAT or options["threshold"] <= 1,
        "the threshold is {threshold}, but floats count from 0 to 1. Put it before ToDtype, or take at "
        "most 1.",
        threshold=options["threshold"],
    )


def result_size(shape: tuple[int, int, int]) -> None:
    """Raise `LabError` where an image of that shape is too large to be shown."""
    channels, height, width = shape
    count = channels * height * width
    check(
        count <= MAX_VALUES,
        "it would give {channels} x {height} x {width} = {count:,} values; at most {most:,} are "
        "allowed here.",
        channels=channels, height=height, width=width, count=count, most=MAX_VALUES,
    )  # fmt: skip


def note_conversion(seen: Numbers, options: Options) -> Sentence | None:
    if seen.type != PIL_IMAGE:
        return Sentence("It changes nothing here: what reaches it is a tensor already.")
    return None


def note_float(seen: Numbers, options: Options) -> Sentence | None:
    if seen.type == FLOAT:
        return Sentence("It changes nothing here: what reaches it is float32 already.")
    if not options["scale"]:
        return Sentence("Without scale the values still run up to 255, as floats.")
    return None


def note_crop(seen: Numbers, options: Options) -> Sentence | None:
    size = options["size"]
    if size <= min(seen.shape[1:]):
        return None
    return Sentence(
        "{size} is more than {height} x {width}: torchvision fills up with zeros.",
        size=size, height=seen.shape[1], width=seen.shape[2],
    )  # fmt: skip


def note_fill(seen: Numbers, options: Options) -> Sentence | None:
    if seen.type == FLOAT and options["fill"] > 1:
        return Sentence("fill is {fill}, but white is 1 in floats.", fill=options["fill"])
    return None


def note_unit(seen: Numbers, options: Options) -> Sentence | None:
    """For what takes floats to lie in [0, 1]; most of these cut off what does not."""
    if seen.type != FLOAT or (seen.min >= 0 and seen.max <= 1):
        return None
    return Sentence(
        "It reckons with values from 0 to 1, but those that reach it run from {low} to {high}.",
        low=f"{seen.min:.2f}", high=f"{seen.max:.2f}",
    )  # fmt: skip


def error_of_torchvision(error: Exception) -> LabError:
    """The sentence for what nobody foresaw."""
    lines = str(error).strip().splitlines() or [""]
    return LabError("torchvision refuses it: {reason}", reason=f"{type(error).__name__}: {lines[0][:200]}")
