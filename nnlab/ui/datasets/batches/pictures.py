"""Batches as a network is given them: strips of images, with the shapes and the labels of the tensors.

All strips are one piece of HTML, each from one PNG: a component a batch would take longer than all the rest.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import streamlit as st
from PIL import Image
from torch import Tensor

from nnlab.data import Dataset, Split
from nnlab.ui.text import _
from nnlab.ui.theme import palette

_ALL = 16  # batches that are all shown; of more, the first few and the last
_FIRST = 7
_FEW = 3  # of long ones
_IMAGES = 32  # of a batch that are shown
_LABELS = 16  # of a batch that are written out
_SIDE = 46  # CSS pixels of an image

_STYLE = """<style>
.nnlab-batches { display: grid; gap: 0.9rem 1.5rem; }
.nnlab-batches section { min-width: 0; }
.nnlab-batches p { margin: 0 0 0.3rem; font-size: 0.85rem; overflow-wrap: anywhere; }
.nnlab-batches code { font-size: 0.78rem; color: inherit; background: #8882; padding: 0.1em 0.35em;
  border-radius: 4px; }
.nnlab-batches div { display: flex; flex-wrap: wrap; gap: 4px; }
.nnlab-batches figure { margin: 0; text-align: center; font-size: 0.72rem; line-height: 1.35; }
.nnlab-batches figure i { display: block; image-rendering: pixelated; border-radius: 2px; }
.nnlab-batches figcaption { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: inherit;
  font-size: inherit; }
.nnlab-batches .followed { font-weight: 700; }
</style>"""


def batch_strips(data: Dataset, split: Split, batches: Sequence[Tensor], followed: int) -> None:
    """The batches of an epoch, given by the places (B,) of their samples in `split`; that of the sample
    `followed` is marked."""
    numbers = list(range(len(batches)))
    longest = min(_IMAGES, max(len(batch) for batch in batches))
    first = _FIRST if longest <= 8 else _FEW
    if len(numbers) > (_ALL if longest <= 8 else _FEW + 1):
        numbers = [*numbers[:first], numbers[-1]]
    width = min(longest, 8) * (_SIDE + 4)
    strips = "".join(_strip(data, split, batches[number], number, followed) for number in numbers)
    columns = f"repeat(auto-fill, minmax(min(100%, {width}px), 1fr))" if longest <= 8 else "minmax(0, 1fr)"
    st.html(f'{_STYLE}<div class="nnlab-batches" style="grid-template-columns:{columns}">{strips}</div>')
    if len(numbers) < len(batches):
        st.caption(_("The first {shown} and the last of {count:,}.", shown=first, count=len(batches)))


def picture(image: Tensor, side: int, alt: str) -> str:
    """An image (C, H, W) uint8 as HTML."""
    return (
        f'<img alt="{html.escape(alt)}" src="{_png(image[None])}" width="{side}" height="{side}" '
        'style="image-rendering:pixelated;border-radius:3px;max-width:none">'
    )


def _strip(data: Dataset, split: Split, batch: Tensor, number: int, followed: int) -> str:
    labels = split.labels[batch].tolist()
    shown = batch[:_IMAGES]
    colors = palette()
    sheet = f"url({_png(split.images[shown])})"
    figures = []
    for position, (place, label) in enumerate(zip(shown.tolist(), labels, strict=False)):
        at = 100 * position / max(1, len(shown) - 1)
        style = (
            f"width:{_SIDE}px;height:{_SIDE}px;background-image:var(--sheet);"
            f"background-size:{100 * len(shown)}% 100%;background-position:{at:.4f}% 0"
        )
        mark = ""
        if place == followed:
            style += f";outline:3px solid {colors[1]};outline-offset:-1px"
            mark = ' class="followed"'
        name = html.escape(data.classes[label])
        figures.append(
            f'<figure{mark} style="width:{_SIDE}px"><i style="{style}"></i>'
            f'<figcaption title="{name}">{name}</figcaption></figure>'
        )
    if len(batch) > len(shown):
        figures.append("<figure>…</figure>")
    written = ", ".join(map(str, labels[:_LABELS])) + (", …" if len(batch) > _LABELS else "")
    shape = (len(batch), *data.shape)
    title = _("Batch {number:,}", number=number + 1)
    return (
        f"<section style=\"--sheet:{sheet}\"><p><b>{title}</b> <code>images {shape}</code> "
        f'<code>labels [{written}]</code></p><div>{"".join(figures)}</div></section>'
    )  # fmt: skip


def _png(images: Tensor) -> str:
    """The images (N, C, H, W) uint8 side by side, as the address of a PNG that holds itself."""
    count, channels, height, width = images.shape
    pixels = images.permute(2, 0, 3, 1).reshape(height, count * width, channels).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
