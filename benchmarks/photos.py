"""How many digits of a photograph are found and read right, by light, paper and pen, and how long it takes.

    python -m benchmarks.photos [--count 4] [--scene NAME] [--json FILE]

Photographs are made by tests/photos.py: 1200 x 900 pixels, twenty digits each, either MNIST's test digits
(their own strokes, enlarged) or digits from arcs and lines (tests/strangers.py), 70 to 160 pixels tall. A
digit is found when a box overlaps its own by 0.4 or more (intersection over union); it is right when it is
found and the network of the package says what it is. Refused are those found of which the network says that
they do not look like a digit. Invented are boxes that belong to no digit and that it does not refuse.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

import nnlab
from nnlab.drawing import drawing_for, image_logits, logits_score, shipped_facts, shipped_model
from nnlab.drawing.photo import read_photo
from tests import photos

USUAL = photos.Page()


def digits_of(source: str, rng: np.random.Generator, page: photos.Page) -> list[tuple[int, np.ndarray]]:
    if source == "strokes":
        return photos.stranger_digits(page.count, rng, page.tall, page.pen)
    test = nnlab.load_dataset("mnist").test
    which = torch.from_numpy(rng.choice(len(test.labels), page.count, replace=False))
    images, labels = test.images[which][:, 0].numpy(), test.labels[which].tolist()
    return photos.image_digits(images, labels, rng, page.tall)


def measure(
    scene: photos.Scene, source: str, count: int, seed: int, page: photos.Page = USUAL
) -> dict[str, float]:
    """Shares and the median of the seconds over `count` photographs."""
    model, facts = shipped_model(), shipped_facts()
    rng = np.random.default_rng(seed)
    written = found = right = refused = invented = 0
    seconds = []
    for _ in range(count):
        taken = photos.photograph(
            digits_of(source, rng, page), scene, rng, size=page.size, columns=page.columns, spread=page.spread
        )
        begun = time.perf_counter()
        photo = read_photo(taken.data)
        logits = [image_logits(model, drawing_for(model, image[None])) for image in photo.images()]
        seconds.append(time.perf_counter() - begun)
        doubted = [logits_score(each) < facts["threshold"] for each in logits]
        places = [photo.place(digit) for digit in photo.digits]
        said = [int(each.argmax()) for each in logits]
        hit, good, _ = photos.matched(taken.written, list(zip(places, said, strict=True)))
        answers = [None if doubt else answer for doubt, answer in zip(doubted, said, strict=True)]
        _, _, extra = photos.matched(taken.written, list(zip(places, answers, strict=True)))
        written, found, right = written + len(taken.written), found + hit, right + good
        refused, invented = refused + sum(doubted), invented + extra
    return {
        "found": found / written,
        "right": right / written,
        "refused": refused / max(1, found),
        "invented": invented / written,
        "seconds": statistics.median(seconds),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=4, help="photographs of each kind, of 20 digits")
    parser.add_argument("--only", default="", help="only scenes and pages with this in their name")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cases = {name: (scene, USUAL) for name, scene in photos.SCENES.items()}
    cases |= {name: (photos.Scene(), page) for name, page in photos.PAGES.items() if page != USUAL}
    figures: dict[str, dict[str, dict[str, float]]] = {"mnist": {}, "strokes": {}}
    print(f"{'':46} {'found':>7} {'right':>7} {'refused':>8} {'invented':>9} {'s':>6}")
    for seed, (name, (scene, page)) in enumerate(cases.items()):
        if asked.only not in name:
            continue
        for source, rows in figures.items():
            rows[name] = row = measure(scene, source, asked.count * -(-20 // page.count), seed, page)
            print(
                f"{name[:36]:36} {source:9} {row['found']:7.1%} {row['right']:7.1%} {row['refused']:8.1%} "
                f"{row['invented']:9.1%} {row['seconds']:6.2f}",
                flush=True,
            )
    groups = {"clean paper": photos.CLEAN, "uneven light": photos.UNEVEN, "others": photos.OTHER}
    for source, rows in figures.items():
        for group, scenes in groups.items():
            shares = [rows[name]["right"] for name in scenes if name in rows]
            if shares:
                print(f"{source}, {group}: {statistics.mean(shares):.1%} right")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
