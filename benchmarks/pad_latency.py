"""From pen-up to the bars that answer it, on the Draw page in Chromium: `python -m benchmarks.pad_latency`.

A mouse draws strokes at sixty moves a second. Each measurement runs from the pointer's event to the frame
in which the bars show the answer to the whole drawing: the browser, the WebSocket, Streamlit's fragment, the
network, and back.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

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
  let lifted = null;
  canvas.addEventListener("pointerup", (event) => { lifted = event.timeStamp; }, { capture: true });
  new MutationObserver(() => {
    if (lifted === null || canvas.dataset.answered !== canvas.dataset.seq) return;
    const since = lifted;
    lifted = null;
    requestAnimationFrame(() => samples.push(performance.now() - since));
  }).observe(canvas, { attributes: true });
}"""


def measure(address: str, strokes: int) -> list[float]:
    """Milliseconds from pen-up to the answer, for each stroke."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/draw")
        canvas = page.locator("canvas.paper[data-answered]")
        canvas.wait_for(timeout=60_000)
        page.evaluate(_WATCH)
        box: Any = canvas.bounding_box()
        draw = random.Random(0)
        for done in range(strokes):
            if done % 4 == 0:
                page.get_by_role("button", name="Clear").click() if done else None
            _stroke(page, box, draw)
            page.wait_for_function("n => samples.length >= n", arg=done + 1, timeout=30_000)
        samples: list[float] = page.evaluate("samples")
        browser.close()
    return samples


def _stroke(page: Any, box: Mapping[str, float], draw: random.Random) -> None:
    def at(share_x: float, share_y: float) -> tuple[float, float]:
        return box["x"] + share_x * box["width"], box["y"] + share_y * box["height"]

    x, y = draw.uniform(0.2, 0.8), draw.uniform(0.2, 0.4)
    page.mouse.move(*at(x, y))
    page.mouse.down()
    for _ in range(15):
        x, y = x + draw.uniform(-0.03, 0.03), y + draw.uniform(0, 0.04)
        page.mouse.move(*at(x, y))
        time.sleep(1 / 60)
    page.mouse.up()


def serve(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server of the lab with empty runs, and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    environment = {**os.environ, "NNLAB_RUNS": f"{folder}/runs"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return server, address
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    server.kill()
    raise SystemExit("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=80)
    parser.add_argument("--address", help="of a server that runs already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, address = (None, options.address) if options.address else serve(folder)
        try:
            found = sorted(measure(address, options.strokes))
        finally:
            if server is not None:
                server.terminate()
                server.wait(15)
    p95 = found[min(len(found) - 1, int(0.95 * len(found)))]
    figures = {"median_ms": statistics.median(found), "p95_ms": p95, "most_ms": found[-1]}
    print(json.dumps({"strokes": len(found)} | {name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
