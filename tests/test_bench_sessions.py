"""The benchmark's sessions do on the lab's server what a browser would do; its figures are what they say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest

from benchmarks.sessions import PAGES, Load, lab, p95, table
from benchmarks.tab import PageError, Tab


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lab(tmp_path_factory.mktemp("sessions") / "runs", defaults=False) as found:
        yield found


def test_a_session_changes_a_widget_and_the_page_answers(address: str) -> None:
    async def visit() -> Tab:
        tab = Tab(address, "datasets", "dataset=strokes&grid=4")
        await tab.open()
        await tab.change("datasets-seed", double_value=7)
        await tab.change("datasets-class", string_value="3")
        await tab.change_state("datasets-grid-4-0", selected=5)
        await tab.click("datasets-shuffle")
        await tab.close()
        return tab

    tab = asyncio.run(visit())
    assert parse_qs(tab.query) == {"dataset": ["strokes"], "grid": ["4"], "seed": ["8"], "class": ["3"]}
    assert len(tab.reruns) == 5
    assert all(rerun.seconds is not None and rerun.seconds > 0 for rerun in tab.reruns)
    fragments = [bool(rerun.fragment) for rerun in tab.reruns]
    assert fragments == [False, True, True, True, True]


def test_a_fragment_with_a_timer_runs_again_by_itself(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "import streamlit as st\n"
        "@st.fragment(run_every=0.05)\n"
        "def clock():\n"
        "    st.session_state.ticks = st.session_state.get('ticks', 0) + 1\n"
        "    st.query_params.ticks = st.session_state.ticks\n"
        "clock()\n"
    )

    async def visit(address: str) -> Tab:
        tab = Tab(address, "")
        await tab.open()
        while int(parse_qs(tab.query)["ticks"][0]) < 4:
            await tab.stay(0.05)
        await tab.close()
        return tab

    with lab(tmp_path / "runs", defaults=False, script=str(app)) as address:
        tab = asyncio.run(visit(address))
    assert len(tab.reruns) >= 4
    assert len({rerun.fragment for rerun in tab.reruns[1:]}) == 1


def test_an_unknown_page_is_an_error(address: str) -> None:
    with pytest.raises(PageError, match="no page nowhere"):
        asyncio.run(Tab(address, "nowhere").open())


def test_the_percentile_is_numpys() -> None:
    chance = random.Random(0)
    for count in (1, 2, 19, 20, 21, 100, 1234):
        times = [chance.random() for _ in range(count)]
        assert p95(times) == np.percentile(times, 95, method="inverted_cdf")


def test_the_table_compares_each_page_and_all_together() -> None:
    def load(factor: float) -> Load:
        answers = {page: [factor * (place + 1) / 100] * 3 for place, page in enumerate(PAGES)}
        return Load(answers, [0.1], 0, (2, 5000.0), 0.1)

    lines = table([("a", load(1)), ("b", load(2.5))]).splitlines()
    assert lines[2] == "| datasets | 3 | 10 | 10 | 10 | 3 | 25 | 25 | 25 | 2.5 |"
    assert lines[-1] == "| all | 9 | 20 | 30 | 30 | 9 | 50 | 75 | 75 | 2.5 |"
