"""How the shipped network reads people it has never seen, and what it takes for no digit.

    python -m benchmarks.strangers [--weights FILE] [--count 200]

Three sources: digits and other things from arcs and lines, traced by a simulated mouse (tests/strangers.py,
which shares nothing with the pen that the network was trained with); MNIST's test digits, by other people
than its training digits, thinned to lines and drawn again as strokes; and the digits of this machine's
fonts, thinned.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

import nnlab
from benchmarks.ship_digits import HELD_OUT, calibration_error, logits_of, scores
from benchmarks.thin import skeletons, thinned
from nnlab.data.strokes.others import OTHERS
from nnlab.drawing import rasterize
from nnlab.drawing.shipped import FACTS, WEIGHTS
from nnlab.training.weights import load_model
from tests import strangers

Strokes = list[np.ndarray]
FONTS = ("/usr/share/fonts/truetype", "/Library/Fonts", "C:/Windows/Fonts")


def as_strokes(picture: np.ndarray) -> Strokes:
    """A skeleton, bool (H, W) -> the lines between its neighbouring pixels, as strokes of two points."""
    ys, xs = np.nonzero(picture)
    inked = set(zip(xs.tolist(), ys.tolist(), strict=True))
    pairs = [
        ((x, y), (x + dx, y + dy))
        for x, y in sorted(inked)
        for dx, dy in ((1, 0), (0, 1), (1, 1), (-1, 1))
        if (x + dx, y + dy) in inked
    ]
    return [np.array(pair, np.float64) for pair in pairs] or [np.array([[0.0, 0.0]])]


def mnist_strokes(count: int) -> Iterable[tuple[int, Strokes]]:
    test = nnlab.load_dataset("mnist").test
    for image, label in zip(skeletons(test.images[:count]), test.labels[:count].tolist(), strict=True):
        yield label, as_strokes(image.numpy())


def font_strokes() -> Iterable[tuple[int, Strokes]]:
    for folder in map(Path, FONTS):
        for file in sorted(folder.rglob("*.ttf")):
            font = ImageFont.truetype(str(file), 110)
            for digit in range(10):
                picture = Image.new("L", (160, 160))
                ImageDraw.Draw(picture).text((30, 10), str(digit), 255, font)
                yield digit, as_strokes(thinned(torch.from_numpy(np.array(picture) > 127)[None])[0].numpy())


def images_of(drawings: Iterable[Strokes], size: tuple[int, int] = (280, 280)) -> Tensor:
    return torch.stack([rasterize(strokes, size) for strokes in drawings])[:, None]


def mouse_digits(count: int, hand: strangers.Hand, seed: int) -> tuple[Tensor, Tensor, list[str]]:
    """`count` images of each digit, all its styles in turn; the labels, and the styles' names."""
    rng = np.random.default_rng(seed)
    images, labels, names = [], [], []
    for digit, styles in strangers.DIGITS.items():
        for i in range(count):
            style = styles[i % len(styles)]
            images.append(strangers.draw(style(rng), rng, hand))
            labels.append(digit)
            names.append(style.__name__)
    return images_of(images), torch.tensor(labels), names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--count", type=int, default=200, help="drawings of each digit and of each other thing"
    )
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(asked.weights)
    facts = json.loads(asked.weights.with_suffix(FACTS.suffix).read_text())
    threshold = facts.get("threshold", 0.0)

    def of(images: Tensor) -> Tensor:
        return logits_of(model, images, model.info.mean, model.info.std)

    def tell(name: str, images: Tensor, labels: Tensor) -> Tensor:
        logits = of(images)
        right = logits.argmax(1) == labels
        each = [float(right[labels == digit].double().mean()) for digit in range(10)]
        worst = int(np.argmin(each))
        refused = float((scores(logits) < threshold).double().mean())
        print(
            f"{name}: {right.double().mean():.2%} right, worst digit {worst} ({each[worst]:.1%}), "
            f"{refused:.2%} refused, calibration error {calibration_error(logits, labels):.2%}",
            flush=True,
        )
        return logits

    usual = strangers.Hand()
    images, labels, names = mouse_digits(asked.count, usual, 0)
    logits = tell("a mouse, 60 points a second", images, labels)
    right = logits.argmax(1) == labels
    for name in dict.fromkeys(names):
        these = torch.tensor([each == name for each in names])
        share = float(right[these].double().mean())
        refused = float((scores(logits[these]) < threshold).double().mean())
        if share < 0.98 or refused > 0.03:
            wrong = logits[these & ~right].argmax(1).bincount(minlength=10).tolist()
            print(f"    {name}: {share:.1%} right, {refused:.1%} refused, taken for {wrong}")
    variants: dict[str, dict[str, Any]] = {
        "15 points a second": {"rate": 15}, "200 points a second": {"rate": 200},
        "20 % of the canvas, in a corner": {"extent": 0.2, "place": "corner"},
        "20 % of the canvas, in the middle": {"extent": 0.2, "place": "middle"},
        "95 % of the canvas": {"extent": 0.95, "place": "middle"},
    }  # fmt: skip
    for name, changes in variants.items():
        tell(f"a mouse, {name}", *mouse_digits(asked.count, replace(usual, **changes), 0)[:2])
    for name, source in (
        ("MNIST's test digits, thinned", mnist_strokes(10 * asked.count)),
        ("fonts", font_strokes()),
    ):
        found = list(source)
        if found:
            tell(
                name,
                images_of([strokes for _, strokes in found]),
                torch.tensor([digit for digit, _ in found]),
            )

    rng = np.random.default_rng(1)
    shares: dict[bool, list[float]] = {True: [], False: []}
    lines = []
    for name, shape in strangers.OTHERS.items():
        drawn = images_of([strangers.draw(shape(rng), rng, usual) for _ in range(asked.count // 4)])
        refused = float((scores(of(drawn)) < threshold).double().mean())
        trained = (name in OTHERS and name not in HELD_OUT) or name == "scribble"
        shares[trained].append(refused)
        lines.append(f"{name}{'' if trained else '*'} {refused:.0%}")
    print(f"no digits, kinds not in training (*): {np.mean(shares[False]):.1%} refused; "
          f"kinds in training: {np.mean(shares[True]):.1%}")  # fmt: skip
    print("    " + ", ".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
