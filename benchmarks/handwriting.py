"""How the shipped network reads real people's pens, from files that anyone can get.

    python -m benchmarks.handwriting FILE [FILE ...] [--weights FILE]

The files are pen paths in the UNIPEN format (Guyon et al. 1994), as those of the pen digits at UCI are:
"Pen-Based Recognition of Handwritten Digits" by Alpaydin and Alimoglu (1998), 44 people on a tablet,
https://archive.ics.uci.edu/dataset/81, `pendigits-orig.tra` (30 people) and `pendigits-orig.tes` (the other
14). No training has seen any of them, and none is kept here.

Each digit is put on a canvas of 280 pixels in whole pixels: as it is, small, large and in a corner, and as a
slower or quicker pad would report it.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.ship_digits import calibration_error, logits_of, scores
from nnlab.drawing import rasterize
from nnlab.drawing.shipped import FACTS, WEIGHTS
from nnlab.training.weights import load_model

Strokes = list[np.ndarray]
CANVAS = 280  # pixels of its side
RATE = 100.0  # points a second of the pen digits' tablet


@dataclass(frozen=True)
class Setting:
    """Where on the canvas a digit lies, how large it is, and how often the pad reports the pen.

    extent: the digit's longer side as a share of the canvas's.
    place: 0 for the top left corner, 0.5 for the middle, 1 for the bottom right corner.
    rate: points a second; None for the points as they are.
    points: how many of a whole digit's are left, evenly in time, and each stroke's last; None for all.
    """

    extent: float = 0.6
    place: float = 0.5
    rate: float | None = None
    points: int | None = None


SETTINGS = {
    "60 % of the canvas, in the middle": Setting(),
    "20 % of the canvas": Setting(extent=0.2),
    "95 % of the canvas": Setting(extent=0.95),
    "20 %, in the top left corner": Setting(extent=0.2, place=0.0),
    "20 %, in the bottom right corner": Setting(extent=0.2, place=1.0),
    "200 points a second": Setting(rate=200),
    "15 points a second": Setting(rate=15),
    **{
        f"{count} points a digit, {count / 15:.1f} s at 15 a second": Setting(points=count)
        for count in (20, 15, 10, 8)
    },
}


def read(path: Path) -> list[tuple[int, Strokes]]:
    """The digits of a file: the label of each, and its strokes (k, 2), x and y with y down.

    Understood are the lines ``.SEGMENT DIGIT ... "7"``, after which that digit's strokes follow,
    ``.PEN_DOWN``, ``.PEN_UP`` and pairs of coordinates, y up.

    Raises:
        ValueError: there is no digit in the file, or a segment that is none.
    """
    digits: list[tuple[int, list[list[tuple[float, float]]]]] = []
    down = False
    for line in path.read_text(errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == ".SEGMENT":
            label = words[-1].strip('"')
            if words[1] != "DIGIT" or label not in set("0123456789"):
                raise ValueError(f"{path}: {line.strip()} is not a digit.")
            digits.append((int(label), []))
        elif words[0] in (".PEN_DOWN", ".PEN_UP"):
            down = words[0] == ".PEN_DOWN"
            if down and digits:
                digits[-1][1].append([])
        elif down and digits and not words[0].startswith("."):
            digits[-1][1][-1].append((float(words[0]), -float(words[1])))
    drawn = [(label, [np.array(stroke) for stroke in strokes if stroke]) for label, strokes in digits]
    drawn = [(label, strokes) for label, strokes in drawn if strokes]
    if not drawn:
        raise ValueError(f"{path}: no pen paths of digits in the UNIPEN format.")
    return drawn


def placed(strokes: Strokes, setting: Setting) -> Strokes:
    """The strokes as a pad reports them, in whole pixels of the canvas."""
    rate = setting.rate
    if setting.points is not None:
        rate = min(RATE, RATE * setting.points / sum(map(len, strokes)))
    reported = [stroke if rate is None else resampled(stroke, rate) for stroke in strokes]
    every = np.concatenate(reported)
    low = every.min(0)
    size = every.max(0) - low
    scale = setting.extent * CANVAS / max(float(size.max()), 1e-9)
    room = CANVAS - size * scale
    return [np.round((stroke - low) * scale + room * setting.place) for stroke in reported]


def resampled(stroke: np.ndarray, rate: float) -> np.ndarray:
    """The pen's place every 1/rate seconds, and where it was lifted."""
    took = (len(stroke) - 1) / RATE
    at = np.append(np.arange(0, took, 1 / rate), took)
    times = np.arange(len(stroke)) / RATE
    return np.stack([np.interp(at, times, axis) for axis in stroke.T], 1)


def images_of(digits: list[tuple[int, Strokes]], setting: Setting) -> Tensor:
    """(N, 1, 28, 28) uint8."""
    size = (CANVAS, CANVAS)
    return torch.stack([rasterize(placed(strokes, setting), size) for _, strokes in digits])[:, None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(asked.weights)
    threshold = json.loads(asked.weights.with_suffix(FACTS.suffix).read_text())["threshold"]
    for file in asked.files:
        try:
            digits = read(file)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            return 1
        labels = torch.tensor([label for label, _ in digits])
        print(f"{file.name}: {len(digits):,} digits")
        for name, setting in SETTINGS.items():
            logits = logits_of(model, images_of(digits, setting), model.info.mean, model.info.std)
            right = (logits.argmax(1) == labels).double()
            each = {int(digit): float(right[labels == digit].mean()) for digit in labels.unique()}
            worst = min(each, key=lambda digit: each[digit])
            refused = float((scores(logits) < threshold).double().mean())
            print(
                f"    {name}: {right.mean():.2%} right, worst digit {worst} ({each[worst]:.1%}), "
                f"{refused:.2%} refused, calibration error {calibration_error(logits, labels):.2%}",
                flush=True,
            )
            if setting == Setting():
                print("        " + ", ".join(f"{digit}: {share:.1%}" for digit, share in each.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
