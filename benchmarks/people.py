"""What people do on the pages, as sessions of `benchmarks.tab`; when and what is random.

Each takes an opened tab, a source of randomness, and a time of `time.perf_counter` until which to go on.
"""

from __future__ import annotations

import math
import random
import time

from benchmarks.tab import Tab

_PAD_SIZE, _PAD_PACE = 280, 0.08  # the side of the canvas; seconds between two messages, see pad.js


async def look_at_samples(tab: Tab, chance: random.Random, until: float) -> None:
    """Every one or two seconds another seed, now and then another class or a click on an image."""
    while time.perf_counter() < until:
        await tab.stay(chance.uniform(1, 2))
        action = chance.random()
        if action < 0.6:
            await tab.change("datasets-seed", double_value=chance.randrange(10_000))
        elif action < 0.8:
            await tab.change("datasets-class", string_value=chance.choice(["All classes", *"0123456789"]))
        else:
            grid = next(key for key in tab.widgets if key.startswith("datasets-grid-"))
            await tab.change_state(grid, selected=chance.randrange(64))


async def watch(tab: Tab, chance: random.Random, until: float) -> None:
    """Nothing but to look: the page renews itself."""
    await tab.stay(until - time.perf_counter())


async def draw(tab: Tab, chance: random.Random, until: float) -> None:
    """A stroke of about half a second, told while it is drawn; a pause; after three strokes an empty pad."""
    strokes: list[list[int]] = []
    told = 0
    await tab.stay(chance.uniform(0, 1))
    while time.perf_counter() < until:
        strokes = strokes if len(strokes) < 3 else []
        strokes.append([])
        path = _arc(chance)
        began, seconds = time.perf_counter(), chance.uniform(0.3, 0.7)
        done = 0.0
        while done < 1:
            done = min(1.0, (time.perf_counter() - began) / seconds)
            strokes[-1] = [tenths for point in path[: max(1, int(done * len(path)))] for tenths in point]
            sent = time.perf_counter()
            told += 1
            await tab.change_state("pad", drawing={"seq": told, "strokes": strokes})
            await tab.stay(max(0.0, min(sent + _PAD_PACE, began + seconds) - time.perf_counter()))
        await tab.stay(chance.uniform(0.4, 0.8))


def _arc(chance: random.Random) -> list[tuple[int, int]]:
    """The points of a pen that goes around a part of an ellipse, in tenths of a canvas pixel."""
    x, y = (chance.uniform(0.4, 0.6) * _PAD_SIZE for _ in range(2))
    wide, high = (chance.uniform(0.05, 0.35) * _PAD_SIZE for _ in range(2))
    first, sweep = chance.uniform(0, 2 * math.pi), chance.uniform(-1.5, 1.5) * math.pi
    angles = [first + sweep * i / 60 for i in range(61)]
    return [(round(10 * (x + wide * math.cos(a))), round(10 * (y + high * math.sin(a)))) for a in angles]


PEOPLE = {"datasets": look_at_samples, "train": watch, "draw": draw}
"""By page, what somebody does there who has opened it, until the clock shows a certain time."""
