"""An architecture in the address of a page: JSON, compressed, in letters that a link may hold."""

from __future__ import annotations

import base64
import json
import zlib

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture
from nnlab.nets.reading import MAX_TEXT

MAX_LINK = 1800  # characters: what chats and mail leave whole beside the rest of an address


def to_link(architecture: Architecture) -> str | None:
    """The architecture as text for a link; None where that would be longer than `MAX_LINK`."""
    text = json.dumps(architecture.to_json(), separators=(",", ":"))
    packed = zlib.compress(text.encode(), 9)
    link = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return link if len(link) <= MAX_LINK else None


def from_link(link: str) -> Architecture:
    """The inverse of `to_link`; raises `LabError` for what it did not write."""
    try:
        packed = base64.b64decode(link + "=" * (-len(link) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_TEXT)
        if not unpacker.eof:
            raise ValueError("cut off, or too long")
    except (ValueError, zlib.error):
        raise LabError(
            "The network in the address of this page cannot be read: it is damaged or cut off."
        ) from None
    return Architecture.from_text(text)
