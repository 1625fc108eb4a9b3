"""One picture from bytes to pixels: its format known by its content, its mode made grey or colour, its size.

- Turned as the camera says (EXIF); of a moving picture the first frame.
- What is transparent is seen over white, as on paper: most drawings with a transparent ground are dark.
- Of 16 bits the upper eight are kept. CMYK and palettes become colours by Pillow's own conversion.

Not covered: colour profiles, other formats.
"""

from __future__ import annotations

import math
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401  (Pillow loads the others by itself)

from nnlab.errors import DataError
from nnlab.pictures.limits import MAX_MEGAPIXELS

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_HEIC = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"avif", b"avis"}


class Opened(NamedTuple):
    """A picture in grey ("L") or colour ("RGB"), and how it lay in its file (size before it was turned)."""

    picture: Image.Image
    format: str
    mode: str
    size: tuple[int, int]


def format_of(data: bytes) -> str:
    """The format that the bytes begin like. Raises `DataError` where it is none of ours."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM"):
        return "BMP"
    if not data:
        raise DataError("This file is empty.")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise DataError("This is a picture in HEIC or AVIF; save it as JPEG or PNG.")
    raise DataError("This is no picture in PNG, JPEG, WebP, GIF or BMP.")


def open_picture(data: bytes, side: int | None = None) -> Opened:
    """Decode a picture. Pillow may warn of what it mends; the process that reads archives keeps it quiet.

    Args:
        side: pixels of the longer side that are enough. A JPEG is then decoded to half of its size, a quarter
            or an eighth as long as that is more, and may be larger in its file than otherwise allowed.

    Raises:
        DataError: it is in none of `FORMATS`, too large, or damaged.
    """
    kind = format_of(data)
    try:
        image = Image.open(BytesIO(data), formats=(kind,))
        mode, size = image.mode, image.size
        if side is not None and kind == "JPEG":
            image.draft(None, _scaled(size, side))
        if image.width * image.height > MAX_MEGAPIXELS * 10**6:
            raise Image.DecompressionBombError
        image.load()
        return Opened(_upright(_eight_bits(image), image), kind, mode, size)
    except Image.DecompressionBombError:
        raise DataError("This picture has more than {most} million pixels.", most=MAX_MEGAPIXELS) from None
    except MemoryError:
        raise DataError("This picture takes more memory than there is for one.") from None
    except Exception as error:  # Pillow's readers raise whatever damaged bytes lead them to
        raise DataError("This {format} picture is damaged or cut off.", format=kind) from error


def prepare_picture(picture: Image.Image, image_size: int, channels: int, fit: str) -> Image.Image:
    """A picture of any mode as the square that becomes a tensor: mode "L" or "RGB", `image_size` a side.

    First grey or colour, then the size, bilinear (as torchvision resizes by default).

    Args:
        fit: ``"fit"`` the whole of it between black bars (`PIL.ImageOps.pad`), ``"fill"`` the middle of it
            (`PIL.ImageOps.fit`), ``"stretch"`` bent to the square (`PIL.Image.Image.resize`).

    Raises:
        DataError: so long and thin that nothing of it would be left.
    """
    picture = _eight_bits(picture).convert("L" if channels == 1 else "RGB")
    size = (image_size, image_size)
    if fit == "stretch":
        return picture.resize(size, Image.Resampling.BILINEAR)
    if fit == "fill":
        return ImageOps.fit(picture, size, Image.Resampling.BILINEAR)
    if round(min(picture.size) / max(picture.size) * image_size) == 0:
        raise DataError(
            "This picture has {width} x {height} pixels; fitted into {size} x {size} nothing of it is left: "
            "take fill or stretch.",
            width=picture.width, height=picture.height, size=image_size,
        )  # fmt: skip
    return ImageOps.pad(picture, size, Image.Resampling.BILINEAR, color=0)


def _scaled(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)


def _eight_bits(image: Image.Image) -> Image.Image:
    """The same picture as "L" where it is grey, else as "RGB"; over white where it is transparent."""
    if image.mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        upper = 0 if image.mode == "I;16B" else 1
        return Image.frombytes("L", image.size, image.tobytes()[upper::2])
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image.convert("L" if grey else "RGB")


def _upright(picture: Image.Image, file: Image.Image) -> Image.Image:
    """`picture`, turned as the EXIF facts of its file say; facts that cannot be read say nothing."""
    try:
        turn = _TURNS.get(file.getexif().get(_ORIENTATION, 1))
    except Exception:  # the pixels are all right
        return picture
    return picture if turn is None else picture.transpose(turn)
