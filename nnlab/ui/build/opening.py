"""Networks from files and into files: JSON, and the header of weights as this lab writes them."""

from __future__ import annotations

import re
import struct

from nnlab.errors import LabError, check
from nnlab.nets.architecture import Architecture
from nnlab.nets.reading import MAX_TEXT, read_json

SUFFIXES = ("json", "safetensors")
_KEY = "nnlab"  # of our JSON in the header of weights (`nnlab.training.weights`)


def read_network(name: str, content: bytes) -> Architecture:
    """The network in a file called `name`; nothing in it is run, and no weight is read.

    Raises:
        LabError: it holds no network; with the path to what is wrong.
    """
    if not name.lower().endswith(".safetensors"):
        return Architecture.from_text(content)
    header = read_json(_header(content))
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    told = metadata.get(_KEY) if isinstance(metadata, dict) else None
    check(
        isinstance(told, str),
        "The file holds weights, but not of which network: it was not written by this lab. "
        "The network has to be built or opened first.",
    )  # fmt: skip
    value = read_json(str(told))
    check(isinstance(value, dict) and "architecture" in value, "The header of the weights names no network.")
    return Architecture.from_json(value["architecture"])


def file_name(architecture: Architecture) -> str:
    """Of the file that the network is saved to."""
    name = re.sub(r"[^\w.-]+", "-", architecture.name).strip(".-")
    return f"{name or 'network'}.json"


def _header(content: bytes) -> bytes:
    """The JSON at the beginning of a safetensors file: its length in 8 bytes, then the text."""
    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 0 < length <= min(4 * MAX_TEXT, len(content) - 8):
        raise LabError("The file is no safetensors file, or cut off.")
    return content[8 : 8 + length]
