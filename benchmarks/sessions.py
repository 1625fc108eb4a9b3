"""How long a class of thirty waits: many browser sessions at once while two networks train.

    NNLAB_DATA=... python -m benchmarks.sessions --seconds 30
    NNLAB_DATA=... python -m benchmarks.sessions --compare        # against Streamlit's default settings

Starts the lab with a runs folder of its own, presses Start on its Train page twice, and opens the sessions: a
third each look at samples on Datasets, watch one of the two runs on Train, and draw on Draw. A session speaks
Streamlit's protocol as a browser does (`benchmarks.tab`); what people do and when is random, by a seed. The
time is that from sending a request to the message that its run has finished. Server, trainings and the
sessions share the processor, so the figures are those of a machine that has all of them to carry.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from benchmarks.people import PEOPLE, draw_live
from benchmarks.tab import PageError, Rerun, Tab
from nnlab.data import is_present
from nnlab.runs import Run, RunStore

ROOT = Path(__file__).parents[1]
PAGES = tuple(PEOPLE)
TRAININGS = 2
_MODEL, _EPOCHS = "convnet", 500  # long enough not to end meanwhile
_ARRIVAL, _SETTLING = 3.0, 3.0  # seconds in which the sessions open, and before the measuring begins
_GRACE = 10.0  # seconds to wait for the last answers

# Streamlit as it comes: collects garbage after each run, looks for changes in every module's file.
_DEFAULTS = ("--runner.postScriptGC", "true", "--server.fileWatcherType", "auto")
_UNFROZEN = "import gc; gc.freeze = lambda: None; from streamlit.web.cli import main; main()"


@dataclass(frozen=True)
class Load:
    """What was measured: the answer times of each page in seconds, and what went on besides.

    Attributes:
        answers: by page; times of the requests that were sent while measuring, or how long one without an
            answer had waited at the end.
        openings: times of the first run of each session.
        unanswered: requests that had no answer some seconds after the end.
        training: trainings going on at the end, and their samples per second while measuring, all together.
        client: the share of one core that the sessions themselves took.
    """

    answers: dict[str, list[float]]
    openings: list[float]
    unanswered: int
    training: tuple[int, float]
    client: float


@contextmanager
def lab(runs: Path, defaults: bool, script: str = "app.py") -> Iterator[str]:
    """`script` on a free port of this machine, as ``host:port``, with `runs` as its runs folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = ("-c", _UNFROZEN) if defaults else ("-m", "streamlit")
    command = [sys.executable, *start, "run", script, "--server.port", str(port), "--server.address",
               "127.0.0.1", "--server.headless", "true", *(_DEFAULTS if defaults else ())]  # fmt: skip
    log = runs.parent / "server.log"
    with log.open("wb") as output:
        environment = {**os.environ, "NNLAB_RUNS": str(runs)}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"127.0.0.1:{port}"
    except Exception:
        print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        server.terminate()
        server.wait(15)


async def start_trainings(address: str, store: RunStore) -> list[Run]:
    """Press Start on the Train page, as often as there are to be trainings, and wait until all have begun."""
    dataset = "mnist" if is_present("mnist") else "strokes"
    tab = Tab(address, "train", f"dataset={dataset}&model={_MODEL}")
    await tab.open()
    await tab.change("train-epochs", double_value=_EPOCHS)
    runs = []
    for _ in range(TRAININGS):
        await tab.click("train-start")
        [run_id] = parse_qs(tab.query)["run"]
        runs.append(store.open(run_id))
    until = time.perf_counter() + 60
    while any(_step(run) == 0 for run in runs):
        if time.perf_counter() > until:
            raise PageError(f"the trainings do not begin: {[run.state for run in runs]}")
        await tab.stay(0.2)
    await tab.close()
    return runs


async def measure(address: str, runs: Path, sessions: int, seconds: float, live: bool, seed: int = 0) -> Load:
    """Open the sessions on the lab at `address`, whose runs folder is `runs`, and time their requests.

    `live`: strokes are told while they are drawn, not only at their end.
    """
    trainings = await start_trainings(address, RunStore(runs))
    begin = time.perf_counter() + _ARRIVAL + _SETTLING
    until = begin + seconds
    tabs: list[Tab] = []
    people = PEOPLE | ({"draw": draw_live} if live else {})

    async def person(number: int) -> None:
        page = PAGES[number % len(PAGES)]
        chance = random.Random(1000 * seed + number)
        query = f"run={trainings[number // len(PAGES) % len(trainings)].id}" if page == "train" else ""
        tab = Tab(address, page, query)
        tabs.append(tab)
        await asyncio.sleep(_ARRIVAL * number / sessions)
        with suppress(TimeoutError):  # what had no answer by then is counted below
            async with asyncio.timeout(until + _GRACE - time.perf_counter()):
                await tab.open()
                await people[page](tab, chance, until)
        tab.rest()

    async def trainer() -> tuple[float, float]:
        await asyncio.sleep(begin - time.perf_counter())
        busy, steps, since = time.process_time(), sum(map(_step, trainings)), time.perf_counter()
        await asyncio.sleep(until - time.perf_counter())
        passed = time.perf_counter() - since
        batch = trainings[0].spec.recipe.batch_size
        return (sum(map(_step, trainings)) - steps) * batch / passed, (time.process_time() - busy) / passed

    async with asyncio.TaskGroup() as group:
        counted = group.create_task(trainer())
        for number in range(sessions):
            group.create_task(person(number))
    waiting = [rerun.finished for tab in tabs for rerun in tab.reruns if not rerun.finished.done()]
    if waiting:
        await asyncio.wait(waiting, timeout=max(0, until + _GRACE - time.perf_counter()))
    training = sum(run.state == "training" for run in trainings)
    end = time.perf_counter()
    asked: dict[str, list[Rerun]] = {page: [] for page in PAGES}
    for tab in tabs:
        asked[tab.page] += [rerun for rerun in tab.reruns if begin <= rerun.sent < until]
        await tab.close()
    answers = {page: [rerun.seconds or end - rerun.sent for rerun in some] for page, some in asked.items()}
    unanswered = sum(rerun.seconds is None for some in asked.values() for rerun in some)
    openings = [tab.reruns[0].seconds or end - tab.reruns[0].sent for tab in tabs]
    speed, client = counted.result()
    return Load(answers, openings, unanswered, (training, speed), client)


def p95(times: Sequence[float]) -> float:
    """The smallest of `times` that at least 95 % of them do not exceed."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def table(loads: Sequence[tuple[str, Load]]) -> str:
    """Markdown, in milliseconds: a row for each page and one for all; last, p95 against the first p95."""
    columns = ["page"]
    for name, _ in loads:
        columns += [f"{name}: reruns", "median", "p95", "max"]
    columns += ["p95 / p95"] if len(loads) > 1 else []
    rows = [columns, ["---"] * len(columns)]
    for page in (*PAGES, "all"):
        row, ends = [page], []
        for _, load in loads:
            times = load.answers.get(page) or [t for some in load.answers.values() for t in some]
            ends.append(p95(times))
            milliseconds = [statistics.median(times), ends[-1], max(times)]
            row += [f"{len(times):,}", *(f"{1000 * value:,.0f}" for value in milliseconds)]
        rows.append(row + ([f"{ends[-1] / ends[0]:.1f}"] if len(loads) > 1 else []))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _step(run: Run) -> int:
    return max((event.step for event in run.events() if event.kind == "tick"), default=0)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + 60
    while time.perf_counter() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise PageError("the server does not start")


def _one(sessions: int, seconds: float, defaults: bool, live: bool) -> Load:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        runs = Path(folder) / "runs"
        with lab(runs, defaults) as address:
            return asyncio.run(measure(address, runs, sessions, seconds, live))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--compare", action="store_true", help="with Streamlit's default settings too")
    parser.add_argument(
        "--live", action="store_true", help="strokes are told while they are drawn, as by the pad"
    )
    arguments = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{arguments.sessions} sessions, {arguments.seconds:g} s, {os.cpu_count()} cores; load average {load}"
    )
    kinds = [("the lab", False)] + ([("Streamlit's defaults", True)] if arguments.compare else [])
    loads = []
    for name, defaults in kinds:
        measured = _one(arguments.sessions, arguments.seconds, defaults, arguments.live)
        loads.append((name, measured))
        count, speed = measured.training
        print(
            f"- {name}: {count} trainings at {speed:,.0f} samples/s together; a session's first run "
            f"{1000 * statistics.median(measured.openings):,.0f} ms (median), "
            f"{1000 * max(measured.openings):,.0f} ms (max); {measured.unanswered} unanswered; "
            f"the sessions took {measured.client:.0%} of a core",
            flush=True,
        )
    print("\n" + table(loads))


if __name__ == "__main__":
    main()
