"""The smallest changes that flip an answer, side by side: the drawing, and how it would have to be."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from nnlab.data.ink import PEN_WIDTH
from nnlab.drawing.changes import Change
from nnlab.drawing.flips import Flip, Flips
from nnlab.ui.draw.pictures import picture
from nnlab.ui.text import _, mark

_TITLES = {
    "shift": mark("Shift"),
    "rotate": mark("Rotation"),
    "slant": mark("Slant"),
    "scale": mark("Size"),
    "width": mark("Pen width"),
}
_STYLE = """<style>
.nnlab-flips { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 150px));
  gap: 0.9rem 0.8rem; }
.nnlab-flips figure { margin: 0; min-width: 0; }
.nnlab-flips img { width: 100%; aspect-ratio: 1; border-radius: 6px; display: block; }
.nnlab-flips .drawn img { outline: 2px solid var(--st-text-color, currentColor); outline-offset: 2px; }
.nnlab-flips figcaption { font-size: 0.85rem; line-height: 1.35; margin-top: 0.35rem;
  font-variant-numeric: tabular-nums; }
.nnlab-flips b { display: block; font-weight: 600; }
.nnlab-flips small { font-size: 0.8rem; opacity: 0.75; display: block; }
</style>"""


def cards(found: Flips, image: Tensor, classes: Sequence[str]) -> None:
    """The drawing `image` (1, C, H, W), then one card for each kind of change."""
    said = float(found.probabilities[found.said])
    drawn = _card(
        "drawn", picture(image[0], _("The drawing as it is")), _("As it is"), "",
        _says(classes[found.said], said),
    )  # fmt: skip
    flipped = "".join(_flip(flip, classes) for flip in found.found if flip.change is not None)
    st.html(f'{_STYLE}<div class="nnlab-flips">{drawn}{flipped}</div>')
    none = [f"{_(_TITLES[flip.kind.name])} {_reach(flip)}" for flip in found.found if flip.change is None]
    if none:
        st.markdown(_("No such change within: {reach}", reach=" · ".join(none)))
    tried = sum(flip.tried for flip in found.found)
    steps = ", ".join(f"{_(_TITLES[flip.kind.name])} {_step(flip)}" for flip in found.found)
    st.caption(_("{count:,} changed drawings were tried. Steps: {steps}.", count=tried, steps=steps))


def _flip(flip: Flip, classes: Sequence[str]) -> str:
    assert flip.change is not None and flip.image is not None
    title, changed = _(_TITLES[flip.kind.name]), change_text(flip.kind.name, flip.change)
    shown = picture(flip.image[0], f"{title}: {changed}")
    return _card("", shown, title, changed, _says(classes[flip.answer], flip.probability))


def _card(kind: str, top: str, title: str, changed: str, says: str) -> str:
    lines = f"<b>{html.escape(title)}</b>{html.escape(changed)}<small>{html.escape(says)}</small>"
    return f'<figure class="{kind}">{top}<figcaption>{lines}</figcaption></figure>'


def _says(name: str, probability: float) -> str:
    return _("says {name} · {share:.1%}", name=name, share=probability)


def change_text(kind: str, change: Change) -> str:
    """How large a change is, and which way."""
    value = 0.0 if kind == "shift" else getattr(change, kind)
    match kind:
        case "shift":
            sideways = (
                _("{count:g} px right", count=change.x)
                if change.x > 0
                else _("{count:g} px left", count=-change.x)
            )
            upright = (
                _("{count:g} px down", count=change.y)
                if change.y > 0
                else _("{count:g} px up", count=-change.y)
            )
            return ", ".join(text for text, by in ((sideways, change.x), (upright, change.y)) if by)
        case "rotate":
            return (
                _("{degrees:.2f}° clockwise", degrees=value)
                if value > 0
                else _("{degrees:.2f}° anticlockwise", degrees=-value)
            )
        case "slant":
            return (
                _("{degrees:.2f}° to the right", degrees=value)
                if value > 0
                else _("{degrees:.2f}° to the left", degrees=-value)
            )
        case "scale":
            return (
                _("{share:.2%} larger", share=value) if value > 0 else _("{share:.2%} smaller", share=-value)
            )
        case _:
            return _("{width:.2f} px, not {usual:g}", width=PEN_WIDTH + value, usual=PEN_WIDTH)


def _reach(flip: Flip) -> str:
    """How far was searched."""
    kind = flip.kind
    match kind.name:
        case "shift":
            return f"{kind.high:g} px"
        case "rotate" | "slant":
            return f"±{kind.high:g}°"
        case "scale":
            return f"±{kind.high:.0%}"
        case _:
            return f"{PEN_WIDTH + kind.low:g}–{PEN_WIDTH + kind.high:g} px"


def _step(flip: Flip) -> str:
    match flip.kind.name:
        case "rotate" | "slant":
            return f"{flip.step:g}°"
        case "scale":
            return f"{100 * flip.step:g}%"
        case _:
            return f"{flip.step:g} px"
