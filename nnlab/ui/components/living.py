"""A network at work: a window slides over a digit, filters answer, and ten probabilities come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One image on its way through a network.

    `image` (H, W) uint8; `seen` (H', W') float32 is what reaches the convolution, with its padding;
    `filters` (K, h, w), `bias` (K,) and `maps` (K, y, x) float32 are those of the convolution, stride 1;
    `probabilities` has one for each class.
    """

    image: np.ndarray
    seen: np.ndarray
    filters: np.ndarray
    bias: np.ndarray
    maps: np.ndarray
    probabilities: Sequence[float]


@st.fragment
def living(exhibit: Callable[[int], Exhibit], *, classes: Sequence[str], key: str) -> None:
    """Show `exhibit(0)`, and the next one when the reader asks for it or has watched one to its end."""
    mount = part("living")
    number = int(st.session_state.get(f"{key}:number", 0))
    shown = exhibit(number)
    best = int(np.argmax(shown.probabilities))
    header: dict[str, Any] = {
        "number": number,
        "image": list(shown.image.shape),
        "seen": list(shown.seen.shape),
        "filters": list(shown.filters.shape),
        "maps": list(shown.maps.shape),
        "bars": [
            {"name": name, "percent": round(100 * float(p), 3), "best": i == best}
            for i, (name, p) in enumerate(zip(classes, shown.probabilities, strict=True))
        ],
        "sentence": _(
            "The network says {answer}, with {percent:.1f}%.",
            answer=classes[best], percent=100 * float(shown.probabilities[best]),
        ),
        "texts": _texts(shown.filters),
    }  # fmt: skip
    floats = (shown.seen, shown.filters, shown.bias, shown.maps)
    blobs = [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in floats]
    image = np.ascontiguousarray(shown.image, np.uint8).tobytes()

    def turn_page() -> None:
        st.session_state[f"{key}:number"] = number + 1

    mount(key=key, data=pack(header, image, *blobs), on_next_change=turn_page)


def _texts(filters: np.ndarray) -> dict[str, str]:
    count, height, width = filters.shape
    return {
        "digit": _("An image: numbers from 0 to 255"),
        "window": _("A filter in its {height} × {width} window", height=height, width=width),
        "maps": _("What {count} of its filters find", count=count),
        "answer": _("What the network says"),
        "sum": _("patch × filter, summed"),
        "bias": _("bias"),
        "result": _("result"),
        "filter": _("Filter {number}"),
        "play": _("Play"),
        "pause": _("Pause"),
        "next": _("Another digit"),
    }
