"""How quickly the Learn pages follow, in Chromium: `python -m benchmarks.learn_pages [--page tensors]`.

For each action: milliseconds from the key that asks for something else to the frame after the picture has
changed. An action is added to `ACTIONS`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sessions import lab
from benchmarks.timing import summary

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Milliseconds from the last key to the frame after something inside the watched element is another.
_WATCH = """(what) => {
  const find = (root) => {
    for (const one of root.querySelectorAll("*")) {
      if (one.matches(what)) return one;
      const inner = one.shadowRoot && find(one.shadowRoot);
      if (inner) return inner;
    }
  };
  if (!globalThis.samples) {
    globalThis.samples = [];
    const ask = (event) => (globalThis.asked = event.timeStamp);
    for (const kind of ["keydown", "input"]) document.addEventListener(kind, ask, { capture: true });
  }
  globalThis.asked = null;
  const observer = new MutationObserver(() => {
    if (asked === null) return;
    const since = asked;
    observer.disconnect();
    requestAnimationFrame(() => samples.push(performance.now() - since));
  });
  const version = { attributes: true, attributeFilter: ["data-version"] };
  const anything = { attributes: true, childList: true, characterData: true, subtree: true };
  observer.observe(find(document), what.includes("data-version") ? version : anything);
}"""


@dataclass(frozen=True)
class Action:
    """Something that is asked for again and again.

    Attributes:
        page, part: where; `query` is the rest of the address.
        name: what is done.
        act: does it, given the page and how often it was done before; the last key counts.
        watch: a selector of the element in which the answer appears, inside components too.
    """

    page: str
    part: str
    name: str
    act: Callable[[Any, int], None]
    watch: str = ".host[data-version]"
    query: str = ""


def typing(label: str, *texts: str) -> Callable[[Any, int], None]:
    """Typing one text after the other into the box of that label; the time is that from Enter."""

    def act(page: Any, done: int) -> None:
        field = page.get_by_role("textbox", name=label, exact=True)
        field.fill(texts[done % len(texts)])
        field.press("Enter")

    return act


def stepping(label: str) -> Callable[[Any, int], None]:
    """One up and one down in the number box or on the slider of that label."""

    def act(page: Any, done: int) -> None:
        box = page.get_by_role("spinbutton", name=label, exact=True)
        box.or_(page.get_by_role("slider", name=label)).press("ArrowUp" if done % 2 == 0 else "ArrowDown")

    return act


def choosing(label: str) -> Callable[[Any, int], None]:
    """The next choice and back in the select box of that label; the time is that from Enter."""

    def act(page: Any, done: int) -> None:
        box = page.get_by_role("combobox", name=label)
        box.click()
        page.get_by_role("option").first.wait_for()
        box.press("ArrowDown" if done % 2 == 0 else "ArrowUp")
        box.press("Enter")

    return act


def taking(role: str, *names: str) -> Callable[[Any, int], None]:
    """One after the other of these buttons, or the switch of that name on and off, by the space bar."""

    def act(page: Any, done: int) -> None:
        page.get_by_role(role, name=names[done % len(names)]).press(" ")

    return act


def _write(page: Any, done: int) -> None:
    """A number over the first cell of the second tensor."""
    cells = page.locator(".panel canvas").nth(1)
    cells.focus()
    cells.press("ArrowRight")
    cells.press("Enter")
    field = page.locator(".panel input")
    field.fill(str(done % 7 - 20))
    field.press("Enter")


VERSION, CURVES = "canvas[data-version]", "canvas[data-points]"
ACTS, LINES, UPDATE = (f".stHtml:has(.nnlab-{name})" for name in ("acts", "lines", "update"))
STAGES = ".stMarkdown:has(.stMarkdownBadge)"
ACTIONS = (
    Action("tensors", "make", "shape typed", typing("Shape", "4, 5", "3, 4, 5"), query="how=randn"),
    Action("tensors", "index", "index typed", typing("Index", "t[1:, ::2]", "t[t > 5]", "t[:, 0]")),
    Action("tensors", "join", "shape typed", typing("a: shape or values", "4, 3", "2, 3")),
    Action("tensors", "multiply", "shape typed", typing("b: shape or values", "3, 5", "3, 4")),
    Action("tensors", "broadcast", "shape typed", typing("a: shape or values", "3, 1, 1", "3, 1")),
    Action("tensors", "reduce", "dim typed", typing("dim", "0", "1")),
    Action("tensors", "views", "expression typed", typing("y =", "t.T.reshape(12)", "t.view(6, 2)", "t.T")),
    Action("tensors", "views", "number written over a cell", _write),
    Action("tensors", "inplace", "operation chosen", choosing("How"), watch=LINES),
    Action("tensors", "numpy", "number written over a cell", _write),
    Action("tensors", "dtypes", "values typed", typing("a", "[1, 2]", "[100, 120]")),
    Action("tensors", "devices", "call chosen", choosing("The call")),
    Action("autograd", "graph", "expression typed", typing("Expression", "(a * b).sum()", "a ** 2 - b")),
    Action("autograd", "graph", "external gradient typed", typing("External gradient", "[1, 2]", "[1, 1]")),
    Action("autograd", "graph", "no_grad() switched", taking("switch", "torch.no_grad()")),
    Action("autograd", "jacobian", "expression typed", typing("Expression", "a * b", "a ** 2 - b"), CURVES),
    Action("autograd", "jacobian", "h on its slider", stepping("h = 10 to the power of minus"), CURVES),
    Action("autograd", "again", "button pressed", taking("button", "backward()", "From the beginning"), ACTS),
    Action("descent", "line", "start by its arrows", stepping("Start, x"), VERSION),
    Action("descent", "line", "learning rate on its slider", stepping("Learning rate η"), VERSION),
    Action("descent", "race", "start by its arrows", stepping("Start, x"), VERSION),
    Action("descent", "race", "surface chosen", choosing("Surface"), VERSION),
    Action("descent", "update", "step on its slider", stepping("Step t"), UPDATE),
    Action("descent", "update", "learning rate on its slider", stepping("Learning rate η"), VERSION),
    Action("descent", "rate", "learning rate on its slider", stepping("Your learning rate η"), VERSION),
    Action("descent", "schedules", "learning rate on its slider", stepping("Learning rate η"), VERSION),
    Action("weight", "sum", "seed by its arrows", stepping("Seed")),
    Action("weight", "sum", "images by their arrows", stepping("Images")),
    Action("weight", "slope", "learning rate on its slider", stepping("Learning rate"), CURVES),
    Action(
        "weight", "grad", "button pressed", taking("button", "loss.backward()", "From the beginning"), LINES
    ),
    Action("saving", "modes", "image by its arrows", stepping("Image"), "table"),
    Action("saving", "modes", "dropout switched", taking("switch", "Dropout follows"), "table"),
    Action("loop", "iteration", "next stage", taking("button", "Next stage"), STAGES),
    Action("clinic", "ward", "step on its slider", stepping("Look at step"), VERSION, "case=labels&step=50"),
)


def measure(browser: Any, address: str, action: Action, times: int) -> list[float]:
    """Milliseconds, once for each time."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/{action.page}?part={action.part}&{action.query}")
    page.locator(action.watch).first.wait_for(timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).wait_for(state="detached")  # a training in the way
    page.wait_for_load_state("networkidle")
    for done in range(times):
        page.locator("[data-test-script-state=notRunning]").wait_for()
        page.evaluate("() => new Promise(requestIdleCallback)")  # nobody types into a picture half drawn
        page.evaluate(_WATCH, action.watch)
        action.act(page, done)
        page.wait_for_function("n => samples.length >= n", arg=done + 1, timeout=60_000)
    found: list[float] = page.evaluate("samples")
    page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--page", help="only the actions of this page")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        lab(Path(folder) / "runs", defaults=False) as host,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        for action in ACTIONS:
            if options.page in (None, action.page):
                figures = summary(measure(browser, f"http://{host}", action, options.times))
                print(json.dumps({f"{action.page}, {action.part}: {action.name}": figures}), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
