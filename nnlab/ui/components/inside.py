"""A network while somebody draws: its layers lighting up, and what they make the answer of.

While the pen moves, a message holds a few maps of each layer and those of the chosen one in 31 steps of tone,
the large ones averaged over neighbours, all of it compressed: some kilobytes. As soon as the pen is up, the
browser asks once for the same in float32, so that every number that can be pointed at is PyTorch's own.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.lens.contributions import Contributions, Largest
from nnlab.lens.neighbours import Neighbour
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

_STEPS = 15  # of tone on each side of zero, while the pen moves
_THUMB_VALUES = 7_000  # of the maps that stand for all layers, together
_MOVING_VALUES = 5_000  # of the chosen layer while the pen moves; more are averaged
_MOST_MAPS, _MOST_VALUES = 128, 60_000  # of the chosen layer

Image = np.ndarray  # (H, W) or (H, W, 3) uint8


@dataclass(frozen=True, eq=False)
class Layer:
    """`output` is (C, H, W) or (F,); `title` stands above `lively`, the maps that stand for all of them;
    `labels` name the values of a vector."""

    name: str
    title: str
    output: Tensor
    lively: Sequence[int] = ()
    labels: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Over:
    """What lies over the drawing: values (H, W) and what they are, in a line."""

    values: Tensor
    about: str


@dataclass(frozen=True, eq=False)
class Sums:
    """What the last layer adds up: all of it, the largest, and what the result is called."""

    found: Contributions
    largest: Largest
    result: str


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest images with the names of their classes, and from what they were chosen, in a line.

    Until they are known, `done` of `of` images have been looked at; `problem` where that has failed.
    """

    images: Sequence[tuple[Neighbour, str]] = ()
    about: str = ""
    done: int = 0
    of: int = 0
    waiting: bool = False
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Inside:
    """All that is shown of one drawing; where a sentence stands in place of something, there is none of it.

    `mark` tells this drawing in this view from any other; `link` leads to the chosen layer; the pen is
    down while `moving`.
    """

    mark: str
    image: Image
    layers: Sequence[Layer]
    chosen: int
    over: Over | str
    sums: Sums | str
    near: Near | str
    link: str
    moving: bool = False


def inside(
    shown: Inside, *, key: str, on_choose: Callable[[str], None], on_again: Callable[[], None]
) -> None:
    """Show `shown`; `on_choose` is called with the name of the layer that somebody opens, `on_again` where
    the nearest images are asked for again after a problem.

    To be called in a fragment: it runs again at every movement of the pen.
    """
    told = st.session_state.get(key) or {}
    exact = told.get("rest") == shown.mark and not shown.moving
    parts = _Parts(exact)
    header = {
        "mark": shown.mark,
        "exact": exact,
        "moving": shown.moving,
        "image": parts.bytes(shown.image),
        "layers": _thumbs(shown.layers, parts),
        "chosen": shown.chosen,
        "maps": _maps(shown.layers[shown.chosen], parts),
        "over": _over(shown.over, parts),
        "sums": _sums(shown.sums, parts),
        "near": _near(shown.near, parts),
        "tick": told.get("tick"),  # so that the message is another one, and there is an answer to each look
        "link": shown.link,
        "texts": _texts(),
    }

    def opened() -> None:
        name = (st.session_state.get(key) or {}).get("chosen")
        if name in [layer.name for layer in shown.layers]:
            on_choose(name)

    part("inside")(
        key=key,
        data=pack({}, zlib.compress(pack(header, *parts.blobs), 6)),
        default={"chosen": None, "rest": None, "tick": None, "again": None},
        on_chosen_change=opened,
        on_rest_change=_noted,
        on_tick_change=_noted,
        on_again_change=on_again,
    )


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


class _Parts:
    """The arrays of a message; in the header stands where each is and how it is to be read."""

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.blobs: list[bytes] = []

    def bytes(self, image: np.ndarray) -> dict[str, Any]:
        self.blobs.append(np.ascontiguousarray(image, np.uint8).tobytes())
        return {"at": len(self.blobs) - 1, "shape": list(image.shape)}

    def floats(self, values: Tensor, exact: bool | None = None) -> dict[str, Any]:
        """(maps, ...): as they are, or in steps of the largest magnitude of each map."""
        array = np.ascontiguousarray(values.detach().numpy(), dtype="<f4")
        flat = np.where(np.isfinite(array), np.abs(array), 0).reshape(len(array), -1)
        limits = flat.max(1, initial=0)
        found: dict[str, Any] = {
            "shape": list(array.shape),
            "limits": [_short(limit) for limit in limits.tolist()],
        }
        if self.exact if exact is None else exact:
            self.blobs.append(array.tobytes())
        else:
            steps = np.where(limits > 0, limits, 1).reshape(-1, *[1] * (array.ndim - 1)) / _STEPS
            tones = np.nan_to_num(array / steps, posinf=_STEPS, neginf=-_STEPS)
            self.blobs.append(np.round(tones).clip(-_STEPS, _STEPS).astype(np.int8).tobytes())
            found["steps"] = _STEPS
        return {**found, "at": len(self.blobs) - 1}


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _thumbs(layers: Sequence[Layer], parts: _Parts) -> list[dict[str, Any]]:
    room = _THUMB_VALUES // max(1, len(layers))
    found = []
    for layer in layers:
        output = layer.output.detach()
        size = "×".join(map(str, output.shape))
        if output.ndim == 3:
            some = _smaller(output[list(layer.lively)], max(room, 64))
            some = some[: max(1, room // some[0].numel())]
        else:
            some = output[None, :512]
        found.append(
            {"name": layer.name, "title": layer.title, "size": size, "maps": parts.floats(some, exact=False)}
        )
    return found


def _maps(layer: Layer, parts: _Parts) -> dict[str, Any]:
    """The chosen layer: its maps, or its values as one of them."""
    output = layer.output.detach()
    if output.ndim == 1:
        some, left = output[None, :_MOST_VALUES], max(0, len(output) - _MOST_VALUES)
    else:
        count = max(1, min(_MOST_MAPS, _MOST_VALUES // output[0].numel()))
        some, left = output[:count], max(0, len(output) - count)
    if output.ndim == 3 and not parts.exact:
        some = _smaller(some, _MOVING_VALUES)
    return {
        **parts.floats(some),
        "size": list(output.shape),
        "limit": float(_finite(output).abs().max()) if output.numel() else 0.0,
        "labels": None if layer.labels is None else list(layer.labels),
        "more": _("and {count} more", count=left) if left else "",
    }


def _smaller(maps: Tensor, most: int) -> Tensor:
    """Maps with at most about `most` values in all, averaged over neighbours where they have more."""
    factor = math.ceil(math.sqrt(maps.numel() / most))
    side = max(maps.shape[1:])
    if factor < 2 or side < 2:
        return maps
    return F.avg_pool2d(_finite(maps)[None], min(factor, side), ceil_mode=True)[0]


def _finite(values: Tensor) -> Tensor:
    return torch.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def _over(over: Over | str, parts: _Parts) -> dict[str, Any]:
    if isinstance(over, str):
        return {"sentence": over}
    return {"values": parts.floats(over.values[None]), "about": over.about}


def _sums(sums: Sums | str, parts: _Parts) -> dict[str, Any]:
    if isinstance(sums, str):
        return {"sentence": sums}
    found, largest = sums.found, sums.largest
    by_place = found.maps()
    return {
        "above": [[_unit(found, unit), value] for unit, value in largest.above],
        "below": [[_unit(found, unit), value] for unit, value in largest.below],
        "rest": largest.rest,
        "restName": _("{count:,} others", count=largest.others),
        "bias": float(found.bias),
        "logit": float(found.logit),
        "result": sums.result,
        "note": _("added one after the other, the last digits may differ: {ulps} ulp", ulps=found.ulps)
        if found.ulps
        else "",
        "about": _(
            "{layer}: {count:,} products of weight and activation",
            layer=found.layer,
            count=len(found.products),
        ),
        "places": None if by_place is None else parts.floats(by_place.sum(0)[None]),
    }


def _unit(found: Contributions, unit: int) -> str:
    """What feeds a product: a place of a map, or a unit of the layer before."""
    if found.shape is None:
        return _("unit {number}", number=unit)
    channels, height, width = found.shape
    channel, place = divmod(unit, height * width)
    if channels == 1:
        return _("pixel ({row}, {column})", row=place // width, column=place % width)
    return _("map {channel} ({row}, {column})", channel=channel, row=place // width, column=place % width)


def _near(near: Near | str, parts: _Parts) -> dict[str, Any]:
    if isinstance(near, str):
        return {"sentence": near}
    if near.problem:
        return {"sentence": near.problem, "failed": True}
    if not near.images:
        return {"done": near.done, "of": near.of, "waiting": near.waiting}
    return {
        "images": [
            {
                "image": parts.bytes(one.image.permute(1, 2, 0).squeeze(2).numpy()),
                "label": name,
                "distance": one.distance,
                "index": one.index,
            }
            for one, name in near.images
        ],
        "about": near.about,
    }


def _texts() -> dict[str, str]:
    return {
        "layers": _("The layers, one after the other; arrow keys choose one"),
        "open": _("Open in Layers"),
        "scale": _("Scale"),
        "perMap": _("each map its own"),
        "perLayer": _("one for the layer"),
        "over": _("Over the drawing"),
        "opacity": _("Opacity"),
        "sums": _("What the last layer adds up"),
        "bias": _("bias"),
        "near": _("Nearest training images"),
        "distance": _("distance {distance}"),
        "working": _("Comparing with the training images: {done} of {of}"),
        "waiting": _("The training images are being read …"),
        "again": _("Try again"),
        "places": _("The products by place, added over the maps"),
        "point": _("Point at a value, or walk over the maps with the arrow keys."),
        "moving": _("Exact numbers are there as soon as the pen rests."),
        "number": _("Training image {index}"),
    }
