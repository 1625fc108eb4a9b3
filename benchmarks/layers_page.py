"""How quickly the Layers page follows, in Chromium: `python -m benchmarks.layers_page`.

- A number typed into a kernel: from the Enter key to the frame in which the map it changes is painted.
- Hovering over a map of 20 filters 5x5 on 28x28 with padding: the times between frames, as the browser has
  them, while the pointer moves at every one of them.
- AlexNet's first layer, 64 filters 11x11 on 3x224x224: from the Enter key that asks for it to
  its painted maps.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.sessions import lab
from benchmarks.timing import summary

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_ALEXNET = "input=random&channels=3&height=224&width=224&out_channels=64&kernel_size=11&padding=2"

# Milliseconds from the last Enter key to the frame after the view's next version.
_WATCH = """() => {
  const find = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(".host[data-version]") && one.querySelector(".matrices")) return one;
      const inner = one.shadowRoot && find(one.shadowRoot);
      if (inner) return inner;
    }
  };
  const host = find(document);
  globalThis.samples = [];
  globalThis.frames = [];
  let asked = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") asked = event.timeStamp;
  }, { capture: true });
  new MutationObserver(() => {
    if (asked === null) return;
    const since = asked;
    asked = null;
    requestAnimationFrame(() => samples.push(performance.now() - since));
  }).observe(host, { attributes: true, attributeFilter: ["data-version"] });
  let last = null;
  const frame = (now) => {
    if (last !== null) frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def _opened(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1440, "height": 1400})
    page.goto(address)
    page.locator("section.output canvas.marks").wait_for(timeout=60_000)
    page.evaluate(_WATCH)
    return page


def _asked(page: Any, count: int, what: Any) -> None:
    """Do `what`, and wait until the view has answered for the `count`-th time."""
    what()
    page.wait_for_function("n => samples.length >= n", arg=count, timeout=60_000)


def kernel_cells(browser: Any, address: str, times: int) -> list[float]:
    """Milliseconds from Enter to the repainted map."""
    page = _opened(browser, f"{address}/layers?out_channels=20&kernel_size=5&padding=2")
    cell = page.locator(".matrix").nth(1).locator("input").nth(12)
    for done in range(times):
        cell.fill(f"{(done % 9 - 4) / 4 + 0.1}")
        _asked(page, done + 1, lambda: cell.press("Enter"))
    found: list[float] = page.evaluate("samples")
    page.close()
    return found


def hovering(browser: Any, address: str, moves: int) -> list[float]:
    """Milliseconds between frames."""
    page = _opened(browser, f"{address}/layers?out_channels=20&kernel_size=5&padding=2")
    box = page.locator("section.output canvas.marks").bounding_box()
    page.evaluate("frames.length = 0")
    for move in range(moves):
        x, y = 4 + move * 1.7 % (box["width"] - 8), 4 + move * 0.9 % (box["height"] - 8)
        page.mouse.move(box["x"] + x, box["y"] + y)
    found: list[float] = page.evaluate("frames")
    page.close()
    return found


def alexnet(browser: Any, address: str, times: int) -> list[float]:
    """Milliseconds from Enter to the painted maps; each time another stride, and back."""
    page = _opened(browser, f"{address}/layers?{_ALEXNET}&stride=8")
    stride = page.get_by_label("stride", exact=True)
    for done in range(2 * times):
        stride.fill("4" if done % 2 == 0 else "8")
        _asked(page, done + 1, lambda: stride.press("Enter"))
    found: list[float] = page.evaluate("samples")
    page.close()
    return found[::2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        lab(Path(folder) / "runs", defaults=False) as host,
        sync_playwright() as playwright,
    ):
        address = f"http://{host}"
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        few = max(1, options.times // 8)
        for name, samples in (
            ("kernel cell to map", kernel_cells(browser, address, options.times)),
            ("frames while hovering", hovering(browser, address, 6 * options.times)),
            ("AlexNet's first layer", alexnet(browser, address, few)),
        ):
            print(json.dumps({name: summary(samples)}))
        browser.close()


if __name__ == "__main__":
    main()
