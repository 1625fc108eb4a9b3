"""IDX files, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/).

Two zero bytes, one byte for the element type, one for the number of dimensions, each dimension as a
big-endian 32-bit integer, then the elements. So the header says how long the file must be, and a file
cut off or garbled is found before its contents are used. torchvision reads these files too, but importing
it takes longer than reading MNIST; the tests hold this reader against it.

Not covered: other element types, which none of the datasets has.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nnlab.errors import DataError

_TYPES = {"uint8": 0x08, "int32": 0x0C}


def read_idx(path: Path, element: str, dims: int, sha256: dict[int, str] | None = None) -> Tensor:
    """The tensor in an IDX file; big-endian elements come in the machine's own order.

    Args:
        path: the file, not compressed.
        element: ``"uint8"`` or ``"int32"``.
        dims: how many dimensions it should have.
        sha256: checksums of known originals by their size in bytes; a file of such a size must match.

    Raises:
        DataError: the file is not such a file, or damaged; the sentence says what was expected and found.
        OSError: it cannot be opened or read.
    """
    data = np.fromfile(path, dtype=np.uint8)
    magic = bytes((0, 0, _TYPES[element], dims))
    head = 4 + 4 * dims
    found = data[:4].tobytes()
    if found != magic:
        raise DataError(
            "{path} is damaged: an IDX file of {element} with {dims} dimensions begins with the bytes "
            "{expected}, this one with {found}.",
            path=path, element=element, dims=dims, expected=magic.hex(" "), found=found.hex(" ") or "(none)",
        )  # fmt: skip
    if len(data) < head:
        raise DataError(
            "{path} is damaged: its header alone should have {head} bytes, the file has {found}.",
            path=path, head=head, found=len(data),
        )  # fmt: skip
    shape = [int(size) for size in data[4:head].view(">u4")]
    width = np.dtype(element).itemsize
    expected = head + math.prod(shape) * width
    if len(data) != expected:
        factors = [str(size) for size in shape] + ([str(width)] if width > 1 else [])
        raise DataError(
            "{path} is damaged: by its header it should have {head} + {factors} = {expected} bytes, and it "
            "has {found}.",
            path=path, head=head, factors=" × ".join(factors), expected=expected, found=len(data),
        )  # fmt: skip
    if sha256 and len(data) in sha256 and hashlib.sha256(data.data).hexdigest() != sha256[len(data)]:
        raise DataError(
            "{path} is damaged: its size is right, but its checksum is not that of the published file.",
            path=path,
        )  # fmt: skip
    values = data[head:].view(np.dtype(element).newbyteorder(">"))
    return torch.from_numpy(values.astype(element, copy=False)).view(shape)
