"""The file a dataset of pictures is kept in: safetensors, with what else is known in its header.

    train.labels, test.labels  I64 (N,)         the class of each picture
    train.facts, test.facts    I32 (N, 5)       bytes, format, mode, width, height of each picture's file
    train.images, test.images  U8 (N, C, H, W)
    files                      U8 (bytes,)      the files' paths as JSON, first those of training

Everything has its place before the first picture is decoded, so that several processes can write at once.
Written and read here without the library, in as much as is needed; it is the format all the same.
See https://huggingface.co/docs/safetensors/index#format.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnlab.errors import DataError
from nnlab.pictures.limits import FORMATS, MAX_CLASSES, MAX_FILES, MAX_RESULT_BYTES
from nnlab.pictures.options import ImageOptions

DATASET, SOURCE, EXPORT = "dataset.safetensors", "source.zip", "export.zip"  # in a dataset's folder
VERSION = 1
MODES = ("", "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I;16", "I;16B", "I")
FACTS = struct.Struct("<5i")
_BYTES = {"I64": 8, "I32": 4, "U8": 1}
_MAX_HEADER = 2**20
_CHUNK = 2**20
_NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class Header:
    """What a dataset's file says before its numbers.

    Attributes:
        archive: what the archive was called.
        layout: "folders" or "csv".
        classes: their names, in the order of the labels.
        options: how the pictures were brought to one size.
        counts: pictures for training and for the test.
        files_bytes: length of the list of files.
        digest: SHA-256 of all numbers, in hexadecimal.
        start: where the numbers begin in the file.
        name: a digest of the header, and so of everything.
    """

    archive: str
    layout: str
    classes: tuple[str, ...]
    options: ImageOptions
    counts: tuple[int, int]
    files_bytes: int
    digest: str = _NO_DIGEST
    start: int = 0
    name: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one picture."""
        return (self.options.channels, self.options.image_size, self.options.image_size)

    def tensors(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Each tensor's type and shape, in the order in which they lie."""
        train, test = self.counts
        return {
            "train.labels": ("I64", (train,)),
            "test.labels": ("I64", (test,)),
            "train.facts": ("I32", (train, 5)),
            "test.facts": ("I32", (test, 5)),
            "train.images": ("U8", (train, *self.shape)),
            "test.images": ("U8", (test, *self.shape)),
            "files": ("U8", (self.files_bytes,)),
        }

    def spans(self) -> dict[str, tuple[int, int]]:
        """Where each tensor begins and ends, counted from `start`."""
        spans, at = {}, 0
        for name, (kind, shape) in self.tensors().items():
            size = _BYTES[kind] * math.prod(shape)
            spans[name] = (at, at + size)
            at += size
        return spans

    @property
    def length(self) -> int:
        """Bytes of the numbers."""
        return self.spans()["files"][1]

    def encoded(self) -> bytes:
        """The header as it stands in the file, its length before it."""
        own = {
            "version": VERSION, "archive": self.archive, "layout": self.layout, "classes": self.classes,
            "options": self.options.to_json(), "sha256": self.digest,
        }  # fmt: skip
        spans = self.spans()
        value = {
            "__metadata__": {"format": "pt", "nnlab": json.dumps(own, ensure_ascii=True)},
            **{
                name: {"dtype": kind, "shape": shape, "data_offsets": spans[name]}
                for name, (kind, shape) in self.tensors().items()
            },
        }
        text = json.dumps(value, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text


def check_room(count: int, options: ImageOptions) -> None:
    """Raise `DataError` where `count` pictures of that size would take too much memory."""
    side, channels = options.image_size, options.channels
    total = count * channels * side * side
    if total > MAX_RESULT_BYTES:
        raise DataError(
            "{count:,} pictures of {channels} x {side} x {side} bytes are {total:,} MB; at most {most:,} MB: "
            "take a smaller image size, or grey.",
            count=count, channels=channels, side=side, total=math.ceil(total / 1e6),
            most=MAX_RESULT_BYTES // 10**6,
        )  # fmt: skip


def seal(file: int, header: Header) -> None:
    """Write the header, with the digest of the numbers that are there, into an open file."""
    digest = hashlib.sha256()
    at = header.start
    while chunk := os.pread(file, _CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
    os.pwrite(file, replace(header, digest=digest.hexdigest()).encoded(), 0)


def read_header(path: Path) -> Header:
    """Read and check the header of a dataset's file.

    Raises:
        DataError: it is none, or its length and its tensors do not agree.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        begin = file.read(8)
        (length,) = struct.unpack("<Q", begin) if len(begin) == 8 else (0,)
        text = file.read(length) if 0 < length <= _MAX_HEADER else b""
    try:
        value = json.loads(text)
        own = json.loads(value["__metadata__"]["nnlab"])
        header = Header(
            archive=str(own["archive"]),
            layout=own["layout"],
            classes=tuple(own["classes"]),
            options=ImageOptions.from_json(own["options"]),
            counts=(value["train.labels"]["shape"][0], value["test.labels"]["shape"][0]),
            files_bytes=value["files"]["shape"][0],
            digest=own["sha256"],
            start=8 + length,
            name=hashlib.sha256(text).hexdigest()[:20],
        )
        if not _sound(header) or header.encoded() != begin + text or size != header.start + header.length:
            raise ValueError
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("{path} is damaged: it is no dataset of pictures.", path=path) from error
    return header


def _sound(header: Header) -> bool:
    numbers = (*header.counts, header.files_bytes)
    return (
        all(type(number) is int and number > 0 for number in numbers)
        and sum(header.counts) <= MAX_FILES
        and header.layout in ("folders", "csv")
        and 2 <= len(header.classes) <= MAX_CLASSES
        and all(isinstance(label, str) for label in header.classes)
        and isinstance(header.digest, str)
    )


def fact(size: int, format: str, mode: str, width: int, height: int) -> bytes:
    """The facts of one picture's file, as they lie in the tensor."""
    return FACTS.pack(size, FORMATS.index(format), MODES.index(mode) if mode in MODES else 0, width, height)


def read_fact(data: bytes) -> tuple[int, str, str, tuple[int, int]]:
    """Bytes, format, mode and (width, height) of one picture's file."""
    size, format, mode, width, height = FACTS.unpack(data)
    return size, FORMATS[format], MODES[mode], (width, height)


def file_list(paths: Sequence[str]) -> bytes:
    """The files' paths as they lie in the tensor, its length a multiple of eight."""
    text = json.dumps(paths, ensure_ascii=True, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def read_part(path: Path, header: Header, name: str, first: int = 0, count: int | None = None) -> bytes:
    """`count` rows of a tensor from row `first` on; all of them by default. Raises OSError."""
    kind, shape = header.tensors()[name]
    row = _BYTES[kind] * math.prod(shape[1:])
    begin, end = header.spans()[name]
    begin += first * row
    length = end - begin if count is None else count * row
    with path.open("rb") as file:
        file.seek(header.start + begin)
        return file.read(length)


def empty(**known: Any) -> Header:
    """The header of a file whose numbers are still to be written."""
    header = Header(**known)
    return replace(header, start=len(header.encoded()))
