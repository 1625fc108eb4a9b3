"""Small images in HTML: crisp pixels, on the page at once."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image
from torch import Tensor


def picture(image: Tensor, alt: str, css: str = "") -> str:
    """An ``<img>`` of an image (C, H, W) uint8, whose pixels stay sharp when it is shown larger."""
    pixels = image.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG", compress_level=1)
    source = base64.b64encode(file.getvalue()).decode()
    return (
        f'<img class="{css}" style="image-rendering:pixelated" alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{source}">'
    )
