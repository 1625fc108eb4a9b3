"""How one image becomes numbers: from its file by way of a picture to what a network is given."""

from __future__ import annotations

import zipfile

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.data import Dataset
from nnlab.data.images_source import ImagesSource
from nnlab.data.sources import Place, Source
from nnlab.errors import DataError
from nnlab.paths import data_root
from nnlab.ui.components.path import FileBytes, Step, path
from nnlab.ui.datasets.browse.bytes import every_byte
from nnlab.ui.datasets.controls import View
from nnlab.ui.text import _, mark, say

_BEGINNING = 66  # bytes: as many as are seen at once
CHANNELS = {1: (mark("Grey"),), 3: (mark("Red"), mark("Green"), mark("Blue"))}


def image_path(data: Dataset, view: View, index: int, title: str) -> None:
    """The five steps of an image, each with its numbers and its picture."""
    info, image = view.info, getattr(data, view.split).images[index]
    try:
        place = info.source.place(view.split, index)
    except DataError as error:
        st.warning(say(error), icon=":material/broken_image:")
        return
    first = _("File") if place.file else _("Made here")
    scaled, normalised = every_byte(data)
    values = image.flatten(1).long()
    shares, inputs = scaled[values].view(image.shape), normalised.gather(1, values).view(image.shape)
    path(
        [
            Step(first, place.file.rpartition("/")[2], _file_facts(place)),
            Step(_("PIL image"), _opening(place), _picture_facts(place, image)),
            Step(_("uint8 tensor"), "v2.ToImage()", tensor_facts(image)),
            Step(_("Float in [0, 1]"), "v2.ToDtype(torch.float32, scale=True)", tensor_facts(shares)),
            Step(_("Normalised"), "v2.Normalize(mean, std)", tensor_facts(inputs)),
        ],
        image.numpy(),
        scaled.numpy(),
        normalised.numpy(),
        mean=data.mean,
        std=data.std,
        channels=[_(name) for name in CHANNELS[len(image)]],
        key="datasets-path",
        label=title,
        file=_bytes(info.source, place, image),
    )


def tensor_facts(values: Tensor) -> list[tuple[str, str]]:
    """What a tensor (C, H, W) is; the std is that of the population."""
    exact = values.double()
    decimals, whole = (4, 4) if values.is_floating_point() else (2, 0)
    numbers = (
        ("min", exact.min(), whole),
        ("max", exact.max(), whole),
        ("mean", exact.mean(), decimals),
        ("std", exact.std(correction=0), decimals),
    )
    return [
        ("dtype", str(values.dtype).removeprefix("torch.")),
        ("shape", " × ".join(map(str, values.shape))),
        *((name, f"{float(value):.{places}f}".replace("-", "−")) for name, value, places in numbers),
    ]


def _opening(place: Place) -> str:
    return "Image.open(file)" if place.format else "Image.fromarray(array)"


def _file_facts(place: Place) -> list[tuple[str, str]]:
    facts = [(_("folder"), place.file.rpartition("/")[0] or "/")] if place.file else []
    facts.append((_("place"), say(place.where)))
    if place.bytes is not None:
        facts.append((_("bytes"), f"{place.bytes:,}"))
    return facts


def _picture_facts(place: Place, image: Tensor) -> list[tuple[str, str]]:
    size, wanted = place.size, tuple(image.shape[:0:-1])
    facts = [("format", place.format)] if place.format else []
    facts += [("mode", place.mode), ("size", f"{size[0]} × {size[1]}")]
    mode = {1: "L", 3: "RGB"}[len(image)]
    if (size, place.mode) != (wanted, mode):
        facts.append((_("brought to"), f"{mode}, {wanted[0]} × {wanted[1]}"))
    return facts


def _bytes(source: Source, place: Place, image: Tensor) -> FileBytes | None:
    """The bytes of the file that are the image, or, of a packed one, those that it begins with."""
    if place.format:
        begin = _beginning(source, place.file)
        packed = _("{format} packs the picture: none of these bytes is a pixel", format=place.format)
        return FileBytes(begin, 0, packed=packed) if begin else None
    if place.bytes != image.numel():
        return None
    if place.first is None:  # somewhere in the file, in the order of the tensor
        return FileBytes(image.numpy().tobytes(), None)
    try:
        found = np.fromfile(data_root() / place.file, np.uint8, place.bytes, offset=place.first)
    except OSError:  # gone since it was read
        return None
    return FileBytes(found.tobytes(), place.first, place.by_columns) if len(found) == place.bytes else None


def _beginning(source: Source, file: str) -> bytes:
    """The first bytes of a picture's file in the archive that was kept; none where that is gone."""
    archive = source.archive if isinstance(source, ImagesSource) else None
    if archive is None:
        return b""
    try:
        with zipfile.ZipFile(archive) as kept, kept.open(file) as picture:
            return picture.read(_BEGINNING)
    except (OSError, KeyError, zipfile.BadZipFile):
        return b""
