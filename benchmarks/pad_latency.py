"""How soon the Draw page answers a moving pen, and what it costs: `python -m benchmarks.pad_latency`.

- In Chromium a mouse draws at sixty moves a second. Every move is timed from its event to the frame in
  which the bars show an answer that has seen it; meanwhile the bytes of all WebSocket frames, both ways, are
  counted as they are before any compression.
- Thirty visitors without a browser (`benchmarks.pad`) draw at once, each with a Streamlit session and a pad
  of its own; timed from a movement of the pen to the answer.
- The prediction alone, strokes to probabilities, in this process with one thread.

Browser, visitors and server share the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.pad import Drawer
from benchmarks.sessions import lab, p95
from nnlab.drawing import predict_drawing, shipped_model

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_ARRIVAL = 3.0  # seconds in which the visitors come
_BINARY = 2  # the opcode of such a frame

# The moves that wait for an answer, by the number that the pad gives each; `answered` is the last it shows.
_WATCH = """() => {
  const find = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches("canvas.paper")) return one;
      const inner = one.shadowRoot && find(one.shadowRoot);
      if (inner) return inner;
    }
  };
  const canvas = find(document);
  globalThis.samples = [];
  globalThis.answers = 0;
  let waiting = [], last = Number(canvas.dataset.seq);
  canvas.addEventListener("pointermove", (event) => {
    const seq = Number(canvas.dataset.seq);
    if (seq > last) waiting.push([(last = seq), event.timeStamp]);
  });
  let answered = -1;
  new MutationObserver(() => {
    const now = Number(canvas.dataset.answered);
    if (now === answered) return;
    answered = now;
    globalThis.answers += 1;
    const seen = waiting.filter(([seq]) => seq <= now);
    waiting = waiting.filter(([seq]) => seq > now);
    requestAnimationFrame(() => {
      for (const [, since] of seen) samples.push(performance.now() - since);
    });
  }).observe(canvas, { attributes: true });
}"""


def measure_browser(address: str, seconds: float) -> dict[str, float]:
    """Milliseconds from move to bars, and what travels meanwhile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        sizes = {"sent": 0, "received": 0}

        def count(way: str, event: Any) -> None:
            frame = event["response"]
            text: str = frame["payloadData"]
            sizes[way] += len(base64.b64decode(text) if frame["opcode"] == _BINARY else text.encode())

        session.on("Network.webSocketFrameSent", lambda event: count("sent", event))
        session.on("Network.webSocketFrameReceived", lambda event: count("received", event))
        page.goto(f"http://{address}/draw")
        page.locator("canvas.paper[data-answered]").wait_for(timeout=60_000)
        page.locator("canvas.paper").scroll_into_view_if_needed()
        page.evaluate(_WATCH)
        box: Any = page.locator("canvas.paper").bounding_box()
        draw = random.Random(0)
        _stroke(page, box, draw)  # the first one opens what the others find open
        page.wait_for_function("samples.length > 0", timeout=30_000)
        page.evaluate("() => { samples.length = 0; answers = 0; }")
        sizes.update(sent=0, received=0)
        begun = time.perf_counter()
        strokes = 1
        while time.perf_counter() < begun + seconds:
            if strokes % 4 == 0:
                page.get_by_role("button", name="Clear").click()
            _stroke(page, box, draw)
            strokes += 1
        passed = time.perf_counter() - begun
        samples, answers = page.evaluate("() => [samples, answers]")
        browser.close()
    found = sorted(samples)
    return {
        "moves": len(found), "median_ms": statistics.median(found), "p95_ms": p95(found),
        "most_ms": found[-1],
        "answers_a_second": answers / passed, "sent_kb_a_second": sizes["sent"] / passed / 1000,
        "received_kb_a_second": sizes["received"] / passed / 1000,
    }  # fmt: skip


def _stroke(page: Any, box: dict[str, float], draw: random.Random) -> None:
    x, y = draw.uniform(0.2, 0.8), draw.uniform(0.2, 0.4)

    def move() -> None:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    move()
    page.mouse.down()
    begun = time.perf_counter()
    for step in range(60):
        x = min(0.95, max(0.05, x + draw.uniform(-0.03, 0.03)))
        y = min(0.95, y + draw.uniform(0, 0.02))
        move()
        time.sleep(max(0.0, begun + (step + 1) / 60 - time.perf_counter()))
    page.mouse.up()


async def measure_visitors(address: str, visitors: int, seconds: float) -> dict[str, float]:
    """Milliseconds from movement to answer, of all of them."""
    begin = time.perf_counter() + _ARRIVAL + 1
    drawers = [Drawer(address, random.Random(number)) for number in range(visitors)]

    async def one(number: int, drawer: Drawer) -> None:
        await asyncio.sleep(_ARRIVAL * number / visitors)
        await drawer.visit(begin + seconds)

    async with asyncio.TaskGroup() as group:
        for number, drawer in enumerate(drawers):
            group.create_task(one(number, drawer))
    waits = [1000 * wait for drawer in drawers for at, wait in drawer.waits if at >= begin]
    return {
        "visitors": visitors, "movements": len(waits), "median_ms": statistics.median(waits),
        "p95_ms": p95(waits), "most_ms": max(waits),
    }  # fmt: skip


def measure_prediction(times: int) -> dict[str, float]:
    """Milliseconds from strokes to probabilities, with one thread."""
    torch.set_num_threads(1)
    model = shipped_model()
    angle = np.linspace(0, 6, 80)
    strokes = [np.stack([140 + 60 * np.cos(angle), 140 + 90 * np.sin(angle)], 1)]
    found: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        predict_drawing(model, strokes)
        found.append(1000 * (time.perf_counter() - begun))
    return {"median_ms": statistics.median(found), "p95_ms": p95(found)}


def _told(name: str, figures: dict[str, float]) -> None:
    print(json.dumps({"what": name} | {key: round(value, 2) for key, value in figures.items()}), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="of drawing, in each of the two")
    parser.add_argument("--visitors", type=int, default=30)
    options = parser.parse_args(arguments)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores; load average {load}", flush=True)
    _told("prediction", measure_prediction(500))
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        lab(Path(folder) / "runs", False) as address,
    ):
        _told("a moving pen in Chromium", measure_browser(address, options.seconds))
        _told("visitors at once", asyncio.run(measure_visitors(address, options.visitors, options.seconds)))


if __name__ == "__main__":
    main()
