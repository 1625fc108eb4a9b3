"""Drawings by strangers: digits and other things from arcs and lines, as a mouse reports them.

Shares neither code nor shapes with `nnlab.data.strokes`, from which the shipped network has learned: every
shape is put together from straight lines and arcs of ellipses in a box of width and height 1, y down, with
numbers of its own. `draw` then has a person trace it: proportions, slant, tremor with memory, hooks where
the button goes down and up, a speed that drops in corners, so many reports a second, whole pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Stroke = np.ndarray  # (k, 2)
Shape = Callable[[np.random.Generator], list[Stroke]]


@dataclass(frozen=True)
class Hand:
    """How it is drawn: `rate` in points a second, `extent` a share of the canvas, `place` where on it."""

    rate: float = 60.0
    extent: float = 0.6
    place: str = "anywhere"
    tremor: float = 0.012
    slant: float = 30.0
    hooks: bool = True


def draw(
    shape: list[Stroke], rng: np.random.Generator, hand: Hand, size: tuple[int, int] = (280, 280)
) -> list[Stroke]:
    """The strokes of a person who copies `shape`, in pixels of the canvas."""
    slant = math.tan(math.radians(np.clip(rng.normal(6, hand.slant / 2.5), -hand.slant, hand.slant)))
    turn = math.radians(rng.uniform(-6, 6))
    aspect = math.exp(rng.uniform(-0.45, 0.25))
    bend, phase = rng.normal(0, 0.025, 2), rng.uniform(0, 2 * math.pi, 2)
    drawn = []
    for stroke in shape:
        points = stroke - 0.5
        points = points + bend * np.sin(3 * points[:, ::-1] + phase)
        x, y = points.T
        x = x * aspect - slant * y
        points = np.stack(
            (math.cos(turn) * x - math.sin(turn) * y, math.sin(turn) * x + math.cos(turn) * y), 1
        )
        drawn.append(_reported(points, rng, hand))
    every = np.concatenate(drawn)
    low, side = every.min(0), (every.max(0) - every.min(0)).max()
    scale = hand.extent * min(size) / max(side, 1e-9)
    room = np.array(size) - (every.max(0) - low) * scale
    where = {"middle": 0.5, "corner": 0.02}.get(hand.place, rng.uniform(0, 1, 2))
    return [np.round((stroke - low) * scale + room * where) for stroke in drawn]


def _reported(points: Stroke, rng: np.random.Generator, hand: Hand) -> Stroke:
    """A stroke as the mouse reports it."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    heading = np.arctan2(*np.diff(points, axis=0).T[::-1])
    turned = np.abs(np.angle(np.exp(1j * np.diff(heading, prepend=heading[0]))))
    pace = rng.uniform(1.2, 3.5) / (1 + 4 * np.convolve(turned, np.ones(5) / 5, "same"))  # heights a second
    time = np.concatenate(([0.0], np.cumsum(steps / pace)))
    at = np.append(np.arange(rng.uniform(0, 1 / hand.rate), time[-1], 1 / hand.rate), time[-1])
    at = np.insert(at, 0, 0.0)
    reported = np.stack([np.interp(at, time, axis) for axis in points.T], 1)
    # Tremor remembers itself for about a twentieth of a second.
    keep = math.exp(-20 / hand.rate)
    noise = rng.normal(0, 1, reported.shape)
    for i in range(1, len(noise)):
        noise[i] = keep * noise[i - 1] + math.sqrt(1 - keep**2) * noise[i]
    reported = reported + hand.tremor * rng.lognormal(0, 0.5) * noise
    if hand.hooks and len(reported) > 2:
        for tip, prob in ((0, 0.25), (-1, 0.25)):
            if rng.uniform() < prob:
                hook = reported[tip] + rng.normal(0, 0.04, (1, 2))
                reported = np.concatenate((hook, reported) if tip == 0 else (reported, hook))
    return reported


# The tools: every piece is dense, about a hundredth of the height between points.


def line(*corners: tuple[float, float]) -> Stroke:
    pieces = []
    for (ax, ay), (bx, by) in pairwise(corners):
        share = np.linspace(0, 1, max(2, int(100 * math.hypot(bx - ax, by - ay))))[:, None]
        pieces.append((1 - share) * [ax, ay] + share * [bx, by])
    return np.concatenate(pieces)


def arc(x: float, y: float, rx: float, ry: float, begin: float, end: float) -> Stroke:
    """Of an ellipse around x, y; angles in degrees, 0 to the right, 90 downwards."""
    angle = np.radians(np.linspace(begin, end, max(8, int(abs(end - begin) * max(rx, ry) * 1.7))))
    return np.stack((x + rx * np.cos(angle), y + ry * np.sin(angle)), 1)


def join(*pieces: Stroke) -> Stroke:
    """One stroke through all the pieces, with straight lines between them."""
    out = [pieces[0]]
    for piece in pieces[1:]:
        if np.linalg.norm(out[-1][-1] - piece[0]) > 0.02:
            out.append(line(tuple(out[-1][-1]), tuple(piece[0])))
        out.append(piece)
    return np.concatenate(out)


def _near(r: np.random.Generator, value: float, by: float = 0.04) -> float:
    return value + r.uniform(-by, by)


def zero(r: np.random.Generator) -> list[Stroke]:
    w, begin, way = _near(r, 0.34, 0.06), r.uniform(-150, -30), r.choice([-1, 1])
    return [arc(0.5, 0.5, w, 0.5, begin, begin + way * _near(r, 365, 20))]


def zero_slashed(r: np.random.Generator) -> list[Stroke]:
    reach = r.uniform(0.55, 1.2)
    slash = line((0.5 + 0.3 * reach, 0.5 - 0.42 * reach), (0.5 - 0.3 * reach, 0.5 + 0.42 * reach))
    return [*zero(r), slash]


def one(r: np.random.Generator) -> list[Stroke]:
    return [line((_near(r, 0.5), 0), (0.5, 1))]


def one_flag(r: np.random.Generator) -> list[Stroke]:
    return [line((_near(r, 0.26, 0.1), _near(r, 0.24, 0.08)), (0.52, 0), (_near(r, 0.52), 1))]


def one_foot(r: np.random.Generator) -> list[Stroke]:
    return [
        line((_near(r, 0.28, 0.08), _near(r, 0.22, 0.06)), (0.5, 0), (0.5, 1)),
        line((_near(r, 0.25, 0.08), 1), (_near(r, 0.75, 0.08), 1)),
    ]


def two(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.46, 0.27, _near(r, 0.34), 0.27, _near(r, -170, 15), 40),
            line((0.08, 1), (_near(r, 0.88), 1)),
        )
    ]


def two_looped(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.46, 0.26, 0.34, 0.26, -165, 35),
            line((0.3, 0.86), (0.29, 0.87)),
            arc(0.2, 0.86, 0.11, 0.1, 30, 290),
            arc(0.55, 0.55, 0.42, 0.42, 130, 60),
            line((0.8, 0.93), (0.95, 0.88)),
        )
    ]


def two_flat(r: np.random.Generator) -> list[Stroke]:
    return [
        line(
            (0.08, _near(r, 0.06)),
            (0.7, 0.03),
            (0.78, _near(r, 0.2)),
            (0.06, 0.97),
            (0.92, _near(r, 0.97, 0.03)),
        )
    ]


def three(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.42, 0.25, _near(r, 0.33), 0.25, _near(r, -160, 15), 90),
            arc(0.4, 0.74, _near(r, 0.42), 0.26, -90, _near(r, 155, 15)),
        )
    ]


def three_flat(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            line((0.1, 0.02), (0.8, 0.02), (_near(r, 0.4), 0.4)),
            arc(0.42, 0.69, 0.4, 0.3, -90, _near(r, 150, 15)),
        )
    ]


def three_angular(r: np.random.Generator) -> list[Stroke]:
    return [
        line(
            (0.1, 0.04),
            (0.8, 0.04),
            (0.42, 0.42),
            (0.84, _near(r, 0.7)),
            (0.62, 0.97),
            (0.06, _near(r, 0.94)),
        )
    ]


def four_open(r: np.random.Generator) -> list[Stroke]:
    x = _near(r, 0.68)
    return [
        line((_near(r, 0.24, 0.08), 0.02), (_near(r, 0.12), 0.56), (0.95, _near(r, 0.56))),
        line((x, _near(r, 0.08, 0.08)), (_near(r, x), 1)),
    ]


def four_closed(r: np.random.Generator) -> list[Stroke]:
    return [
        line((0.64, 0), (0.04, _near(r, 0.66)), (0.96, _near(r, 0.66, 0.03))),
        line((0.64, 0), (_near(r, 0.64), 1)),
    ]


def four_unlifted(r: np.random.Generator) -> list[Stroke]:
    return [line((0.66, 1), (0.66, 0.02), (0.06, _near(r, 0.68)), (0.95, _near(r, 0.68, 0.03)))]


def five(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            line((0.82, 0.02), (0.22, 0.02), (_near(r, 0.16), 0.46)),
            arc(0.4, 0.69, _near(r, 0.42), 0.3, -130, _near(r, 150, 15)),
        )
    ]


def five_two(r: np.random.Generator) -> list[Stroke]:
    gap = r.uniform(-0.02, 0.1)
    body = join(line((0.24, 0.04), (0.18, 0.45)), arc(0.4, 0.69, 0.42, 0.3, -130, _near(r, 150, 15)))
    return [body, line((0.24 + gap, 0.03 - gap / 2), (_near(r, 0.9), _near(r, 0.0, 0.03)))]


def six(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.85, 0.62, 0.73, 0.62, _near(r, -98, 12), -180),
            arc(0.46, 0.7, 0.34, 0.3, 180, _near(r, -190, 25)),
        )
    ]


def six_rings(r: np.random.Generator) -> list[Stroke]:
    start = r.uniform(0, 360)
    return [
        arc(0.5, 0.7, 0.34, 0.3, start, start + r.choice([-365, 365])),
        arc(0.9, 0.66, 0.73, 0.66, -110, -175),
    ]


def seven(r: np.random.Generator) -> list[Stroke]:
    return [line((0.08, _near(r, 0.04)), (_near(r, 0.88), 0.03), (_near(r, 0.38, 0.1), 1))]


def seven_crossed(r: np.random.Generator) -> list[Stroke]:
    return [*seven(r), line((_near(r, 0.3), _near(r, 0.52)), (_near(r, 0.86), _near(r, 0.48)))]


def seven_curved(r: np.random.Generator) -> list[Stroke]:
    foot = _near(r, 0.4)
    stroke = join(line((0.08, 0.04), (0.86, 0.04)), arc(0.9, 1, 0.9 - foot, 0.94, -100, -180))
    return [stroke, *([line((0.26, 0.5), (0.78, 0.48))] if r.uniform() < 0.5 else [])]


def seven_serif(r: np.random.Generator) -> list[Stroke]:
    return [line((0.1, _near(r, 0.24)), (0.1, 0.04), (0.88, 0.03), (_near(r, 0.42, 0.1), 1))]


def eight(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.48, 0.25, 0.3, 0.25, _near(r, -20, 25), -250),
            arc(0.48, 0.74, _near(r, 0.36), 0.26, -70, 250),
            arc(0.48, 0.25, 0.3, 0.25, 70, -20),
        )
    ]


def eight_rings(r: np.random.Generator) -> list[Stroke]:
    gap = r.uniform(-0.05, 0.03)
    begin = r.uniform(0, 360, 2)
    return [
        arc(0.5, 0.25, _near(r, 0.28), 0.25, begin[0], begin[0] + 365),
        arc(0.5, 0.75 + gap, _near(r, 0.35), 0.25, begin[1], begin[1] - 365),
    ]


def nine(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.46, 0.28, 0.33, 0.28, _near(r, -25, 15), -370),
            line((0.79, 0.24), (_near(r, 0.72, 0.08), 1)),
        )
    ]


def nine_curly(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.46, 0.28, 0.33, 0.28, _near(r, -20, 15), -362),
            arc(0.42, 0.6, 0.37, 0.4, -10, _near(r, 140, 20)),
        )
    ]


def nine_bent(r: np.random.Generator) -> list[Stroke]:
    return [join(arc(0.48, 0.28, 0.34, 0.28, -10, -360), arc(0.1, 0.3, 0.72, 0.7, 0, _near(r, 70, 15)))]


def one_long_flag(r: np.random.Generator) -> list[Stroke]:
    return [line((_near(r, 0.3, 0.06), _near(r, 0.52, 0.1)), (0.56, 0), (_near(r, 0.5), 1))]


def three_waistless(r: np.random.Generator) -> list[Stroke]:
    return [
        join(
            arc(0.42, 0.25, _near(r, 0.3), 0.25, _near(r, -160, 15), 50),
            arc(0.36, 0.72, _near(r, 0.3), 0.28, -50, _near(r, 100, 15)),
        )
    ]


def four_zigzag(r: np.random.Generator) -> list[Stroke]:
    return [line((0.58, 0), (_near(r, 0.14), _near(r, 0.66)), (_near(r, 0.74), _near(r, 0.5)), (0.56, 1))]


def seven_curled(r: np.random.Generator) -> list[Stroke]:
    hat = arc(0.42, 0.2, _near(r, 0.28), 0.2, _near(r, -195, 10), -20)
    height = _near(r, 0.64)
    cross = line((0.12, height + 0.14), (0.16, height), (_near(r, 0.78), height - 0.02))
    return [join(hat, line((0.68, 0.16), (_near(r, 0.42), 1))), cross]


def nine_swept(r: np.random.Generator) -> list[Stroke]:
    ring = arc(0.42, 0.16, _near(r, 0.19, 0.03), 0.16, _near(r, -45, 15), -390)
    return [join(ring, line((0.6, 0.1), (0.64, 0.6)), arc(0.26, 0.62, 0.38, 0.38, 0, _near(r, 115, 15)))]


DIGITS: dict[int, tuple[Shape, ...]] = {
    0: (zero, zero, zero_slashed), 1: (one, one_flag, one_foot), 2: (two, two_looped, two_flat),
    3: (three, three_flat, three_angular), 4: (four_open, four_closed, four_unlifted), 5: (five, five_two),
    6: (six, six_rings), 7: (seven, seven_crossed, seven_curved, seven_serif), 8: (eight, eight_rings),
    9: (nine, nine_curly, nine_bent),
}  # fmt: skip


HURRIED: dict[int, tuple[Shape, ...]] = {
    1: (one_long_flag,), 3: (three_waistless,), 4: (four_zigzag,), 7: (seven_curled,), 9: (nine_swept,),
}  # fmt: skip
"""What becomes of some digits when they are written quickly."""


def _fixed(*strokes: Stroke) -> Shape:
    return lambda r: [stroke.copy() for stroke in strokes]


def _points(count: int, begin: float = -90, radii: tuple[float, ...] = (0.5,), step: int = 1) -> Stroke:
    """A closed outline through `count` points around the middle."""
    angles = [math.radians(begin + 360 * i * step / count) for i in range(count + 1)]
    return line(
        *[
            (0.5 + radii[i % len(radii)] * math.cos(a), 0.5 + radii[i % len(radii)] * math.sin(a))
            for i, a in enumerate(angles)
        ]
    )


def spiral(r: np.random.Generator) -> list[Stroke]:
    turns, way, begin = r.uniform(2, 4), r.choice([-1, 1]), r.uniform(0, 6)
    share = np.linspace(0.05, 1, 400)
    angle = begin + way * 2 * math.pi * turns * share
    stroke = 0.5 + 0.5 * share[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)
    return [stroke[::-1] if r.uniform() < 0.5 else stroke]


def scribble(r: np.random.Generator) -> list[Stroke]:
    points = r.uniform(0, 1, (r.integers(8, 16), 2))
    return [line(*map(tuple, points))]


def knot(r: np.random.Generator) -> list[Stroke]:
    share = np.linspace(0, 2 * math.pi, 500)
    a, b, c, d = r.integers(2, 6, 4)
    return [
        0.5
        + 0.25
        * np.stack((np.sin(a * share) + np.sin(b * share + 1), np.cos(c * share) + np.sin(d * share)), 1)
    ]


def wave(r: np.random.Generator) -> list[Stroke]:
    x = np.linspace(0, 1, 200)
    return [np.stack((x, 0.5 + r.uniform(0.08, 0.2) * np.sin(2 * math.pi * r.uniform(1.5, 3.5) * x)), 1)]


OTHERS: dict[str, Shape] = {
    "A": _fixed(line((0.05, 1), (0.5, 0), (0.95, 1)), line((0.25, 0.6), (0.75, 0.6))),
    "E": _fixed(line((0.9, 0), (0.1, 0), (0.1, 1), (0.9, 1)), line((0.1, 0.5), (0.75, 0.5))),
    "F": _fixed(line((0.9, 0), (0.15, 0), (0.15, 1)), line((0.15, 0.45), (0.75, 0.45))),
    "H": _fixed(line((0.1, 0), (0.1, 1)), line((0.9, 0), (0.9, 1)), line((0.1, 0.5), (0.9, 0.5))),
    "K": _fixed(line((0.1, 0), (0.1, 1)), line((0.85, 0), (0.12, 0.55), (0.9, 1))),
    "M": _fixed(line((0, 1), (0.05, 0), (0.5, 0.7), (0.95, 0), (1, 1))),
    "N": _fixed(line((0.1, 1), (0.1, 0), (0.9, 1), (0.9, 0))),
    "P": _fixed(
        line((0.15, 1), (0.15, 0)),
        join(line((0.15, 0), (0.5, 0)), arc(0.5, 0.26, 0.35, 0.26, -90, 90), line((0.5, 0.52), (0.15, 0.52))),
    ),
    "R": _fixed(
        line((0.15, 1), (0.15, 0)),
        join(
            line((0.15, 0), (0.5, 0)),
            arc(0.5, 0.25, 0.33, 0.25, -90, 90),
            line((0.5, 0.5), (0.15, 0.5), (0.85, 1)),
        ),
    ),
    "T": _fixed(line((0.05, 0), (0.95, 0)), line((0.5, 0), (0.5, 1))),
    "W": _fixed(line((0, 0), (0.25, 1), (0.5, 0.3), (0.75, 1), (1, 0))),
    "X": _fixed(line((0.05, 0), (0.95, 1)), line((0.95, 0), (0.05, 1))),
    "e": _fixed(join(line((0.08, 0.5), (0.9, 0.5)), arc(0.5, 0.5, 0.42, 0.5, 0, -310))),
    "h": _fixed(
        line((0.15, 0), (0.15, 1)), join(arc(0.5, 0.68, 0.35, 0.28, -180, 0), line((0.85, 0.68), (0.85, 1)))
    ),
    "m": _fixed(
        join(
            line((0.02, 1), (0.02, 0.1)),
            arc(0.26, 0.4, 0.24, 0.4, -180, 0),
            line((0.5, 0.4), (0.5, 1), (0.5, 0.4)),
            arc(0.74, 0.4, 0.24, 0.4, -180, 0),
            line((0.98, 0.4), (0.98, 1)),
        )
    ),
    "triangle": lambda r: [_points(3, r.uniform(0, 360))],
    "square": lambda r: [_points(4, _near(r, 45, 10))],
    "hexagon": lambda r: [_points(6, r.uniform(0, 60))],
    "star": lambda r: [_points(5, -90, step=2)],
    "outlined star": lambda r: [_points(10, -90, (0.5, _near(r, 0.22, 0.03)))],
    "house": _fixed(line((0.1, 0.45), (0.1, 1), (0.9, 1), (0.9, 0.45), (0.1, 0.45), (0.5, 0), (0.9, 0.45))),
    "heart": _fixed(
        join(
            line((0.5, 0.98), (0.05, 0.42)),
            arc(0.27, 0.27, 0.24, 0.24, 150, 360),
            arc(0.74, 0.27, 0.24, 0.24, 180, 390),
            line((0.95, 0.42), (0.5, 0.98)),
        )
    ),
    "arrow": lambda r: [
        _spin(stroke, int(r.integers(0, 4)))
        for stroke in (line((0, 0.5), (1, 0.5)), line((0.7, 0.2), (1, 0.5), (0.7, 0.8)))
    ],
    "check mark": _fixed(line((0, 0.6), (0.32, 0.95), (1, 0.05))),
    "spiral": spiral,
    "scribble": scribble,
    "knot": knot,
    "wave": wave,
    "envelope": _fixed(line((0, 0.15), (1, 0.15), (1, 0.85), (0, 0.85), (0, 0.15), (0.5, 0.55), (1, 0.15))),
    "flag": _fixed(line((0.1, 1), (0.1, 0), (0.9, 0.22), (0.1, 0.45))),
    "cup": _fixed(
        join(line((0.1, 0.1), (0.15, 0.95), (0.65, 0.95), (0.7, 0.1), (0.1, 0.1))),
        arc(0.72, 0.42, 0.22, 0.2, -90, 100),
    ),
    "man": _fixed(
        arc(0.5, 0.13, 0.13, 0.13, 0, 360),
        line((0.5, 0.26), (0.5, 0.65), (0.25, 1)),
        line((0.5, 0.65), (0.75, 1)),
        line((0.2, 0.42), (0.8, 0.42)),
    ),
    "fence": _fixed(
        *[line((x, 0.1), (x, 0.9)) for x in (0.1, 0.37, 0.63, 0.9)],
        line((0, 0.35), (1, 0.35)),
        line((0, 0.65), (1, 0.65)),
    ),
    "sun": _fixed(
        arc(0.5, 0.5, 0.25, 0.25, 0, 360),
        *[
            line(
                (0.5 + 0.33 * math.cos(a), 0.5 + 0.33 * math.sin(a)),
                (0.5 + 0.5 * math.cos(a), 0.5 + 0.5 * math.sin(a)),
            )
            for a in np.arange(8) * math.pi / 4
        ],
    ),
    "kite": _fixed(
        line((0.5, 0), (0.85, 0.35), (0.5, 0.75), (0.15, 0.35), (0.5, 0), (0.5, 1)),
        line((0.15, 0.35), (0.85, 0.35)),
    ),
    "stairs": _fixed(
        line(
            (0, 1),
            (0, 0.75),
            (0.25, 0.75),
            (0.25, 0.5),
            (0.5, 0.5),
            (0.5, 0.25),
            (0.75, 0.25),
            (0.75, 0),
            (1, 0),
        )
    ),
}


def _spin(stroke: Stroke, quarters: int) -> Stroke:
    for _ in range(quarters):
        stroke = np.stack((1 - stroke[:, 1], stroke[:, 0]), 1)
    return stroke
