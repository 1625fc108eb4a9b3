"""How quickly the Build page follows, in Chromium: `python -m benchmarks.builder_page`.

From the key that changes an option of a layer to the frame in which the list has its new numbers, in networks
of so many layers, with the picture of the network above the list.
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
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.link import to_link

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Milliseconds from the last key to the frame after the list is another.
_WATCH = """() => {
  const find = (root, what) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(what)) return one;
      const inner = one.shadowRoot && find(one.shadowRoot, what);
      if (inner) return inner;
    }
  };
  globalThis.samples = [];
  let asked = null;
  document.addEventListener("keydown", (event) => (asked = event.timeStamp), { capture: true });
  new MutationObserver(() => {
    if (asked === null) return;
    const since = asked;
    asked = null;
    requestAnimationFrame(() => samples.push(performance.now() - since));
  }).observe(find(document, ".table[data-version]"), { attributes: true, attributeFilter: ["data-version"] });
}"""


def layers(count: int) -> Architecture:
    """A network of `count` layers for images of any size: convolutions and what is usual between them."""
    blocks: list[LayerSpec] = []
    while len(blocks) < count - 3:
        blocks += [LayerSpec("conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
                   LayerSpec("batch_norm2d"), LayerSpec("relu")]  # fmt: skip
    return sequence(
        f"of {count} layers", *blocks[: count - 3], ("adaptive_avg_pool2d", {"output_size": 4}), "flatten",
        "linear",
    )  # fmt: skip


def edits(browser: Any, address: str, times: int, at: int) -> list[float]:
    """Milliseconds from the key to the numbers, for layer `at`, whose number of filters goes up and down."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    row = page.locator(".row.layer").nth(at)
    row.wait_for(timeout=60_000)
    row.press("Enter")
    field = page.get_by_label("out_channels", exact=True)
    field.wait_for()
    page.wait_for_function("document.readyState === 'complete'")
    page.evaluate(_WATCH)
    for done in range(times):
        field.press("ArrowUp" if done % 2 == 0 else "ArrowDown")
        page.wait_for_function("n => samples.length >= n", arg=done + 1, timeout=60_000)
    found: list[float] = page.evaluate("samples")
    page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    forty = to_link(layers(40))
    assert forty is not None
    with (
        tempfile.TemporaryDirectory() as folder,
        lab(Path(folder) / "runs", defaults=False) as host,
        sync_playwright() as playwright,
    ):
        address = f"http://{host}/build"
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        for name, query, at in (
            ("40 layers, 1x28x28, the first", f"net={forty}", 0),
            ("40 layers, 1x28x28, the 19th", f"net={forty}", 18),
            ("40 layers, 3x224x224, the first", f"net={forty}&data=imagenet", 0),
            ("resnet18 (69 layers), 3x224x224, the first", "model=resnet18&data=imagenet", 0),
        ):
            print(json.dumps({name: summary(edits(browser, f"{address}?{query}", options.times, at))}))
        browser.close()


if __name__ == "__main__":
    main()
