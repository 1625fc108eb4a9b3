"""The stages of a drawing as pictures with their numbers, and a switch for each that can be left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


def stage_pictures(
    header: Mapping[str, Any], given: bytes, inked: bytes, *, off: Sequence[str], key: str,
    on_change: Callable[[], None], in_data: bool = False,
) -> None:  # fmt: skip
    """Draw them.

    Args:
        header: cards (name and whether it can be left out), mean, std, shape and bright of the network; live,
            whether what the pad says is shown; name, under which the pad speaks of the same stages; and of a
            drawing: seq, strokes, size, pen, seconds, pressure, stages.
        given, inked: images as `runs`; `inked` empty where it is the same, both where nothing is drawn.
        off: what is left out.
        in_data: whether what was not drawn is an image of the data, not of a photograph.
        on_change: called where the reader has switched; the state is the names that are off, as ``off``.
    """
    names = [card["name"] for card in header["cards"]]
    texts = {
        "titles": {
            "drawn": _("As drawn"), "box": _("Box of 20 px"), "centre": _("Centre of mass"), "ink": _("Ink"),
            "given": _("Size and colours") if "drawn" in names else _("As in the data") if in_data
            else _("What the network sees"),
            "normalise": _("Normalised"),
        },
        "purposes": {
            "drawn": _("The path of the pen on the canvas, and the box around it."),
            "box": _("Scaled so that the longest side, the pen included, is 20 pixels."),
            "centre": _("Moved so that the centre of mass of the ink lies at (14.0, 14.0)."),
            "ink": _("Inked by a pen of 2.4 pixels; a pixel is as bright as the share of it under ink."),
            "given": _("Brought to the size and the colours of the network's training images."),
            "normalise": _("Minus the mean, by the standard deviation of the training images."),
        },
        "instead": {
            "box": _("Off: canvas shrunk"), "centre": _("Off: where it lay"),
            "ink": _("Off: the screen's pen"), "normalise": _("Off: only x / 255"),
        },
        "texts": {
            "counts": _("strokes {strokes}, points {points}"), "seconds": _("in {seconds} s"),
            "mean": _("mean"), "std": _("std"), "inked": _("{count} pixels inked"),
            "pressure": _("pressure {percent}%"), "pen": _("pen {width} px"),
            "grey": _("{percent}% of them grey"), "range": _("{low} to {high}"),
            "bright": _("dark on light"), "dark": _("light on dark"),
            "hover": _("Point at a pixel to read its value."),
        },
    }  # fmt: skip
    message = pack({**header, **texts, "off": list(off)}, given, inked)
    part("stages")(key=key, data=message, on_off_change=on_change)
