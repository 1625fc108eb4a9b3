"""How often something occurs: each of the 256 bytes of an image, or numbers in bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

TICKS = (0, 51, 102, 153, 204, 255)


@dataclass(frozen=True)
class Axis:
    """A name, and the value that stands at each bin, such as what becomes of each of the 256 bytes."""

    name: str
    values: np.ndarray


def histogram(
    counts: np.ndarray,
    axes: Sequence[Axis],
    *,
    names: Sequence[str],
    key: str,
    label: str,
    height: int = 190,
    ticks: Sequence[int] = TICKS,
    tick_texts: Sequence[str] | None = None,
    counted: str | None = None,
) -> None:
    """Bars for one channel, a stepped line for each of three; the counts on a logarithmic scale.

    Args:
        counts: (C, bins) integers.
        axes: one below the other under the same bars.
        names: of the channels.
        label: what the chart is, for those who do not see it.
        height: CSS pixels of the plot.
        ticks: the bins beneath which something stands.
        tick_texts: what stands there; the axis' value by default.
        counted: what is counted, in the plural; pixels by default.
    """
    header = {
        "channels": len(counts),
        "names": list(names),
        "axes": [axis.name for axis in axes],
        "ticks": list(ticks),
        "tickTexts": None if tick_texts is None else list(tick_texts),
        "label": label,
        "height": height,
        "texts": {"pixels": counted or _("pixels"), "log": _("logarithmic scale")},
    }
    values = np.stack([axis.values for axis in axes]).astype("<f4")
    blobs = np.ascontiguousarray(counts, "<i4").tobytes(), values.tobytes()
    part("histogram")(key=key, data=pack(header, *blobs))
