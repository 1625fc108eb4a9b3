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
            await tab.change_state(grid, selected=chance.randrange(9))


async def watch(tab: Tab, chance: random.Random, until: float) -> None:
    """Nothing but to look: the page renews itself."""
    await tab.stay(until - time.perf_counter())


async def draw(tab: Tab, chance: random.Random, until: float, while_drawing: bool = False) -> None:
    """About every second a stroke, told when the pen is lifted; after three of them an empty pad.

    With `while_drawing` it is also told while it grows, at the pad's pace and when earlier news is answered.
    """
    strokes: list[list[int]] = []
    told = 0
    await tab.stay(chance.uniform(0, 1))
    while time.perf_counter() < until:
        strokes = strokes if len(strokes) < 3 else []
        strokes.append([])
        path, took = arc(chance), chance.uniform(0.3, 0.7)
        began = time.perf_counter()
        for share in _shares(took) if while_drawing else [1.0]:
            await tab.stay(max(0.0, began + share * took - time.perf_counter()))
            late = min(1.0, (time.perf_counter() - began) / took)
            if share < 1 and late - share > _PAD_PACE / took:
                continue  # the pen has gone further meanwhile
            strokes[-1] = [tenths for point in path[: max(1, int(share * len(path)))] for tenths in point]
            told += 1
            await tab.change_state("pad", drawing={"seq": told, "strokes": strokes})
        await tab.stay(chance.uniform(0.4, 0.8))


async def draw_live(tab: Tab, chance: random.Random, until: float) -> None:
    """As `draw`, told while the pen is down."""
    await draw(tab, chance, until, while_drawing=True)


def _shares(took: float) -> list[float]:
    """How much of a stroke of `took` seconds is there at each of the pad's messages."""
    return [*(i * _PAD_PACE / took for i in range(int(took / _PAD_PACE) + 1)), 1.0]


def arc(chance: random.Random) -> list[tuple[int, int]]:
    """The points of a pen that goes around a part of an ellipse, in tenths of a canvas pixel."""
    x, y = (chance.uniform(0.4, 0.6) * _PAD_SIZE for _ in range(2))
    wide, high = (chance.uniform(0.05, 0.35) * _PAD_SIZE for _ in range(2))
    first, sweep = chance.uniform(0, 2 * math.pi), chance.uniform(-1.5, 1.5) * math.pi
    angles = [first + sweep * i / 60 for i in range(61)]
    return [(round(10 * (x + wide * math.cos(a))), round(10 * (y + high * math.sin(a)))) for a in angles]


PEOPLE = {"datasets": look_at_samples, "train": watch, "draw": draw}
"""By page, what somebody does there who has opened it, until the clock shows a certain time."""
