"""How long the Datasets page lets one wait: `python -m benchmarks.datasets_page`. Needs MNIST.

- MNIST from its raw files to measured tensors, each time in a fresh process that has imported torch.
- The page's first run with MNIST, on a server that has had a visitor and has not read MNIST yet: from the
  request to the end of the run, spoken over the WebSocket (`benchmarks.tab`), and in Chromium from opening
  the address to the painted grid, the loading of Streamlit's own JavaScript included.
- A new draw of 64 images in Chromium: from the click on Shuffle to the frame in which the grid is painted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sessions import ROOT, lab
from benchmarks.tab import Tab

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

_READ = """
import time, torch
from nnlab.data import load_dataset
began = time.perf_counter()
load_dataset("mnist")
print(1000 * (time.perf_counter() - began))
"""

# Before any other script of the page: times of the frames in which the grid's canvas has new content, the
# first since the page was opened, the others since the last click on a button.
_WATCH = """
  globalThis.samples = [];
  let [asked, before] = [0, ""];
  const grids = (root) => [...root.querySelectorAll("*")].flatMap((one) => [
    ...(one.matches("canvas[role=listbox]") ? [one] : []), ...(one.shadowRoot ? grids(one.shadowRoot) : []),
  ]);
  const versions = () => grids(document).map((one) => one.dataset.version ?? "").join();
  document.addEventListener("click", (event) => {
    if (event.target.closest("button")) [asked, before] = [event.timeStamp, versions()];
  }, { capture: true });
  const look = () => {
    const now = asked === null ? before : versions();
    if (now !== before) {
      samples.push(performance.now() - asked);
      asked = null;
      before = now;
    }
    requestAnimationFrame(look);
  };
  look();
"""


def reading(times: int) -> list[float]:
    """Milliseconds from the raw files to the tensors."""
    command = [sys.executable, "-c", _READ]
    found = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(times)
    )
    return [float(run.stdout) for run in found]


async def _first_run(address: str) -> float:
    visitor = Tab(address, "train")
    await visitor.open()
    await visitor.close()
    tab = Tab(address, "datasets", "dataset=mnist&grid=8")
    run = await tab.open()
    await tab.close()
    return 1000 * (run.seconds or 0)


def first_runs(times: int) -> list[float]:
    """Milliseconds of the page's first run, each on a server of its own."""
    found = []
    for _ in range(times):
        with _server() as address:
            found.append(asyncio.run(_first_run(address)))
    return found


def in_browser(draws: int) -> list[float]:
    """Milliseconds from the address to the first grid, then from each click on Shuffle to the next one."""
    from playwright.sync_api import sync_playwright

    with _server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        visitor = browser.new_page(locale="en-US")
        visitor.goto(f"http://{address}/train")
        visitor.get_by_role("button", name="Start training").wait_for(timeout=60_000)
        visitor.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.add_init_script(_WATCH)
        page.goto(f"http://{address}/datasets?dataset=mnist&grid=8")
        for done in range(draws + 1):
            if done:
                page.get_by_role("button", name="Shuffle").click()
            page.wait_for_function("n => samples.length > n", arg=done, timeout=60_000)
            page.wait_for_timeout(2_000 if done == 0 else 300)  # a person looks before the next click
        samples: list[float] = page.evaluate("samples")
        browser.close()
    return samples


@contextmanager
def _server() -> Iterator[str]:
    temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with temporary as folder, lab(Path(folder) / "runs", defaults=False) as address:
        yield address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    first, *draws = in_browser(options.draws)
    figures = {
        "mnist_to_tensors_ms": statistics.median(reading(options.times)),
        "first_run_ms": statistics.median(first_runs(options.times)),
        "address_to_grid_ms": first,
        "shuffle_median_ms": statistics.median(draws),
        "shuffle_p95_ms": sorted(draws)[int(0.95 * (len(draws) - 1))],
    }
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
