"""Photographs of written digits, made by the code: paper, pen, light, camera, and where each digit lies.

Shares nothing with the reader of photographs (`nnlab.drawing.photo`). What is written comes from elsewhere:
grey images such as MNIST's (their own strokes, enlarged), or strokes such as `tests.strangers` draws (traced
with a pen of any width). Light multiplies what paper and ink throw back; noise and blur are the camera's.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from tests import strangers

Coverage = np.ndarray  # float32 (H, W) in [0, 1]: how much of a pixel is inked


@dataclass(frozen=True)
class Scene:
    """How a photograph is taken. Lengths are in shares of the photograph's longer side unless said otherwise.

    paper, pen: colours as they are in full light, in [0, 1]; chalk on a board is a bright pen on dark paper.
    opacity: of the pen. lines: "", "ruled" or "squared", so `thick` and of that colour. gradient: how dark
    the darkest corner is, as a share of the brightest. shadow: the same of one with an edge `softness` wide.
    vignette: how dark the corners are. noise: standard deviation of a pixel, of 1. blur: in pixels.
    quality: of the JPEG. turn: degrees, of the whole page. table: whether the page lies on a dark table.
    texture: standard deviation of the paper's own brightness. bands: number of narrow shadows.
    """

    paper: tuple[float, float, float] = (0.93, 0.92, 0.89)
    pen: tuple[float, float, float] = (0.12, 0.13, 0.3)
    opacity: float = 0.95
    lines: str = ""
    thick: float = 1 / 600
    line_colour: tuple[float, float, float] = (0.62, 0.72, 0.86)
    gradient: float = 1.0
    shadow: float = 1.0
    softness: float = 0.02
    vignette: float = 1.0
    noise: float = 0.012
    blur: float = 0.8
    quality: int = 85
    turn: float = 0.0
    table: bool = False
    texture: float = 0.01
    bands: int = 0


@dataclass(frozen=True, eq=False)
class Taken:
    """A photograph, its file as JPEG, and what is written where: (digit, (left, top, right, bottom))."""

    data: bytes
    written: list[tuple[int, tuple[float, float, float, float]]]


def photograph(
    digits: Sequence[tuple[int, Coverage]],
    scene: Scene,
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (1200, 900),
    columns: int = 5,
    spread: float = 0.12,
) -> Taken:
    """The digits in rows of `columns` on a page of `size` pixels, each in a cell of its own.

    spread: how far from its cell's middle a digit may lie, in shares of the cell.
    """
    width, height = size
    rows = math.ceil(len(digits) / columns)
    margin = 0.12 if scene.table else 0.05
    cell_w, cell_h = width * (1 - 2 * margin) / columns, height * (1 - 2 * margin) / rows
    pen = np.zeros((height, width), np.float32)
    boxes = []
    for place, (digit, coverage) in enumerate(digits):
        row, column = divmod(place, columns)
        h, w = coverage.shape
        jitter = rng.uniform(-spread, spread, 2)
        x = round(width * margin + (column + 0.5 + jitter[0]) * cell_w - w / 2)
        y = round(height * margin + (row + 0.5 + jitter[1]) * cell_h - h / 2)
        x, y = int(np.clip(x, 0, width - w)), int(np.clip(y, 0, height - h))
        np.maximum(pen[y : y + h, x : x + w], coverage, out=pen[y : y + h, x : x + w])
        ys, xs = np.nonzero(coverage > 0.4)
        boxes.append((digit, (x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1)))
    page = np.array(scene.paper, np.float32) * np.ones((height, width, 1), np.float32)
    if scene.texture:
        page *= 1 + scene.texture * _texture(rng, height, width)[..., None]
    page = _over(page, _lines(scene, height, width), scene.line_colour)
    # The pen skips over the paper's grain.
    grain = 1 - 0.1 * ndimage.gaussian_filter(rng.random((height, width), np.float32), 1)
    page = _over(page, pen * scene.opacity * grain, scene.pen)
    if scene.table:
        page = _on_table(page, rng)
    if scene.turn:
        page, boxes = _turned(page, boxes, scene.turn)
    page = page * _light(scene, rng, height, width)[..., None]
    if scene.blur:
        page = ndimage.gaussian_filter(page, (scene.blur, scene.blur, 0))
    page = page + rng.normal(0, scene.noise, page.shape).astype(np.float32)
    picture = Image.fromarray((page.clip(0, 1) * 255).round().astype(np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=scene.quality)
    return Taken(buffer.getvalue(), boxes)


def from_image(image: np.ndarray, tall: int) -> Coverage:
    """A grey image such as MNIST's, its longer inked side enlarged to `tall` pixels, its edges crisp."""
    ys, xs = np.nonzero(image > 60)
    cut = image[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    scale = tall / max(cut.shape)
    padded = Image.fromarray(np.pad(cut, 2))
    enlarged = padded.resize(
        (max(3, round(padded.width * scale)), max(3, round(padded.height * scale))), Image.Resampling.BICUBIC
    )
    grey = np.asarray(enlarged, np.float32) / 255
    return ((grey - 0.4) * 0.5 * scale + 0.5).clip(0, 1)  # an edge about two pixels wide


def from_strokes(strokes: Sequence[np.ndarray], tall: int, pen: float) -> Coverage:
    """Strokes traced with a round pen; the longer side `tall` pixels, the pen a share `pen` of that."""
    every = np.concatenate(list(strokes))
    low, side = every.min(0), float((every.max(0) - every.min(0)).max())
    fine = 3
    width = max(1.0, pen * tall)
    pad = width / 2 + 2
    scale = (tall - width) / max(side, 1e-9)
    extent = (every.max(0) - low) * scale + 2 * pad
    picture = Image.new("L", (int(extent[0] * fine) + 1, int(extent[1] * fine) + 1))
    draw = ImageDraw.Draw(picture)
    radius = width * fine / 2
    for stroke in strokes:
        points = ((stroke - low) * scale + pad) * fine
        corners = [tuple(point) for point in points]
        draw.line(corners, fill=255, width=round(2 * radius), joint="curve")
        for x, y in corners:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    small = picture.resize((picture.width // fine, picture.height // fine), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def stranger_digits(
    count: int, rng: np.random.Generator, tall: tuple[int, int], pen: tuple[float, float]
) -> list[tuple[int, Coverage]]:
    """`count` digits of `tests.strangers`, as tall and with pens as wide as those ranges allow."""
    found = []
    for place in range(count):
        digit = place % 10
        styles = strangers.DIGITS[digit]
        shape = styles[int(rng.integers(len(styles)))](rng)
        strokes = strangers.draw(shape, rng, strangers.Hand(tremor=0.008, slant=20))
        found.append((digit, from_strokes(strokes, int(rng.integers(*tall)), float(rng.uniform(*pen)))))
    return found


def image_digits(
    images: np.ndarray, labels: Sequence[int], rng: np.random.Generator, tall: tuple[int, int]
) -> list[tuple[int, Coverage]]:
    """Grey images (N, 28, 28) as digits as tall as that range allows."""
    return [
        (int(label), from_image(image, int(rng.integers(*tall))))
        for image, label in zip(images, labels, strict=True)
    ]


BOARD = Scene(paper=(0.13, 0.2, 0.17), pen=(0.88, 0.88, 0.84), opacity=0.85, texture=0.08, noise=0.015)
CLEAN: dict[str, Scene] = {
    "clean paper": Scene(),
    "clean paper, turned by 8 degrees": Scene(turn=8.0),
    "blue ballpoint": Scene(pen=(0.15, 0.22, 0.62), opacity=0.9),
    "red pen": Scene(pen=(0.78, 0.14, 0.16), opacity=0.9),
}
UNEVEN: dict[str, Scene] = {
    "light from one side": Scene(gradient=0.35),
    "a soft shadow": Scene(shadow=0.5, softness=0.05),
    "a hard shadow": Scene(shadow=0.5, softness=0.003),
    "dark corners": Scene(vignette=0.35),
    "all of it, dim": Scene(gradient=0.5, shadow=0.6, vignette=0.6, noise=0.03, turn=-5.0, quality=60),
}
OTHER: dict[str, Scene] = {
    "pencil": Scene(pen=(0.5, 0.5, 0.5), opacity=0.8),
    "noise": Scene(noise=0.07),
    "out of focus": Scene(blur=4.0),
    "strong JPEG": Scene(quality=20),
    "ruled paper": Scene(lines="ruled"),
    "ruled paper, turned, lines as dark as the pen": Scene(
        lines="ruled", line_colour=(0.2, 0.25, 0.4), turn=2.0
    ),
    "ruled paper, lines thick and dark": Scene(
        lines="ruled", line_colour=(0.2, 0.25, 0.4), thick=1 / 240, turn=-1.5
    ),
    "squared paper": Scene(lines="squared"),
    "squared paper, dark lines": Scene(lines="squared", line_colour=(0.35, 0.4, 0.55), thick=1 / 400),
    "squared paper, gradient, turned": Scene(lines="squared", gradient=0.5, turn=-3.0),
    "crumpled paper": Scene(texture=0.06),
    "on a dark table": Scene(table=True, turn=3.0),
    "narrow shadows": Scene(bands=3),
    "blackboard": BOARD,
    "blackboard, light from one side": Scene(**{**BOARD.__dict__, "gradient": 0.4}),
}
SCENES = {**CLEAN, **UNEVEN, **OTHER}


@dataclass(frozen=True)
class Page:
    """How a page is written on: `count` digits in rows of `columns`, `tall` pixels high, with pens of a share
    `pen` of that, on `size` pixels."""

    count: int = 20
    columns: int = 5
    tall: tuple[int, int] = (70, 160)
    pen: tuple[float, float] = (0.04, 0.16)
    size: tuple[int, int] = (1200, 900)
    spread: float = 0.12


PAGES: dict[str, Page] = {
    "as usual": Page(),
    "one digit fills the picture": Page(1, 1, (520, 680), (0.05, 0.16), (1200, 900), 0.02),
    "one small digit": Page(1, 1, (60, 90), (0.05, 0.14), (1200, 900), 0.6),
    "a page of small digits": Page(80, 10, (28, 40), (0.08, 0.14), (1200, 1200)),
    "close together": Page(40, 10, (90, 100), (0.05, 0.12), (1200, 560), 0.02),
    "large and small": Page(12, 4, (60, 220), (0.05, 0.12)),
    "hairline": Page(20, 5, (90, 160), (0.015, 0.025)),
    "thick marker": Page(20, 5, (90, 160), (0.18, 0.24)),
    "twelve million pixels": Page(20, 5, (250, 500), (0.04, 0.12), (4000, 3000)),
    "a small picture": Page(3, 3, (50, 70), (0.06, 0.14), (320, 120), 0.03),
}


def _over(page: np.ndarray, coverage: np.ndarray, colour: Sequence[float]) -> np.ndarray:
    return page * (1 - coverage[..., None]) + np.array(colour, np.float32) * coverage[..., None]


def _texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Fibres and folds: noise of three sizes, of standard deviation about 1."""
    total = np.zeros((height, width), np.float32)
    for grain in (2, 12, 60):
        coarse = rng.normal(size=(height // grain + 2, width // grain + 2)).astype(np.float32)
        fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(fine) / math.sqrt(3)
    return total


def _lines(scene: Scene, height: int, width: int) -> np.ndarray:
    coverage = np.zeros((height, width), np.float32)
    thick = max(1, round(max(width, height) * scene.thick))
    if scene.lines == "ruled":
        for y in range(height // 12, height, height // 11):
            coverage[y : y + thick] = 1
    elif scene.lines == "squared":
        step = max(12, height // 26)
        for at in range(step, max(height, width), step):
            if at < height:
                coverage[at : at + thick] = 1
            if at < width:
                coverage[:, at : at + thick] = 1
    return coverage


def _light(scene: Scene, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    light = np.ones((height, width), np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    if scene.gradient < 1:
        share = (along - along.min()) / (along.max() - along.min())
        light *= scene.gradient + (1 - scene.gradient) * share
    if scene.shadow < 1:
        across = x * math.cos(angle + 1) + y * math.sin(angle + 1)
        edge = np.quantile(across, rng.uniform(0.35, 0.65))
        inside = 1 / (1 + np.exp(-((across - edge) / (scene.softness / 4)).clip(-50, 50)))
        light *= 1 - (1 - scene.shadow) * inside
    if scene.vignette < 1:
        cy, cx = height / max(height, width) / 2, width / max(height, width) / 2
        far = ((x - cx) ** 2 + (y - cy) ** 2) / (cx**2 + cy**2)
        light *= 1 - (1 - scene.vignette) * far
    for _ in range(scene.bands):
        at, wide = rng.uniform(0.1, 0.9), rng.uniform(0.03, 0.06)
        light *= 1 - 0.45 * np.exp(-(((x * 0.9 + y * 0.4 - at) / wide) ** 4))
    return light


def _on_table(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width, _ = page.shape
    mx, my = round(width * 0.07), round(height * 0.07)
    grain = _texture(rng, height // 30, width)
    wood = np.asarray(Image.fromarray(grain).resize((width, height), Image.Resampling.BICUBIC))
    table = np.array((0.36, 0.24, 0.15), np.float32) * (1 + 0.12 * wood[..., None])
    table[my : height - my, mx : width - mx] = page[my : height - my, mx : width - mx]
    return table


def _turned(
    page: np.ndarray,
    boxes: list[tuple[int, tuple[float, float, float, float]]],
    degrees: float,
) -> tuple[np.ndarray, list[tuple[int, tuple[float, float, float, float]]]]:
    height, width, _ = page.shape
    picture = Image.fromarray((page.clip(0, 1) * 255).astype(np.uint8))
    ground = tuple(np.median(np.asarray(picture)[:4].reshape(-1, 3), 0).astype(int).tolist())
    turned = picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=ground)
    angle = math.radians(-degrees)

    def moved(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        cx, cy = (box[0] + box[2]) / 2 - width / 2, (box[1] + box[3]) / 2 - height / 2
        x = math.cos(angle) * cx - math.sin(angle) * cy + width / 2
        y = math.sin(angle) * cx + math.cos(angle) * cy + height / 2
        half_w, half_h = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
        return (x - half_w, y - half_h, x + half_w, y + half_h)

    return np.asarray(turned, np.float32) / 255, [(digit, moved(box)) for digit, box in boxes]


def matched(
    written: Sequence[tuple[int, tuple[float, float, float, float]]],
    found: Sequence[tuple[tuple[float, float, float, float], int | None]],
) -> tuple[int, int, int]:
    """(found, right, spurious): of the digits written, how many have a box of their own that overlaps theirs
    by at least 0.4 (intersection over union), how many of those the right answer; and how many boxes with an
    answer belong to no digit."""
    free = set(range(len(found)))
    hit = right = 0
    for digit, box in written:
        best = max(free, key=lambda i: _overlap(box, found[i][0]), default=None)
        if best is None or _overlap(box, found[best][0]) < 0.4:
            continue
        free.discard(best)
        hit += 1
        right += found[best][1] == digit
    return hit, right, sum(found[i][1] is not None for i in free)


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, wide) * max(0.0, high)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / whole if whole else 0.0
