"""The numbers of the networks side by side, each with how many times the first one's it is; of a network that
does not fit the data, what is wrong, and how to mend it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from nnlab.errors import LabError
from nnlab.nets.repair import repairs
from nnlab.ui.build.compare.choice import Candidate, mend
from nnlab.ui.build.compare.facts import Facts
from nnlab.ui.build.data import Target
from nnlab.ui.text import _, plain, say

_NOTHING = "—"
_REPAIRS = 3  # that are offered
_STYLE = """<style>
.nnlab-compare { overflow-x: auto; }
.nnlab-compare table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.nnlab-compare th, .nnlab-compare td { padding: 0.3rem 0.75rem; text-align: right; vertical-align: baseline; }
.nnlab-compare thead th { font-weight: 650; white-space: nowrap; }
.nnlab-compare thead small, .nnlab-compare td small { font-weight: 400; opacity: 0.7; }
.nnlab-compare td { white-space: nowrap; }
.nnlab-compare td small { display: inline-block; min-width: 3.6em; }
.nnlab-compare tbody th { font-weight: 400; text-align: left; padding-left: 0; word-break: keep-all; }
@media (min-width: 900px) { .nnlab-compare tbody th { white-space: nowrap; } }
@media (max-width: 640px) {
  .nnlab-compare th, .nnlab-compare td { padding: 0.3rem 0.4rem; }
  .nnlab-compare td small { display: block; }
}
.nnlab-compare tbody tr { border-top: 1px solid var(--st-border-color, #8884); }
.nnlab-compare tbody tr.group { border-top-width: 3px; }
.nnlab-compare td.wrong { white-space: normal; text-align: left; vertical-align: top; min-width: 11em;
  border-left: 3px solid var(--st-red-color, #d33); }
</style>"""


@dataclass(frozen=True)
class _Line:
    """A number of each network: how it is called, found, and written."""

    name: str
    value: Callable[[Facts], float | None]
    write: Callable[[float], str]

    def cell(self, facts: Facts, first: Facts) -> str:
        value, other = self.value(facts), self.value(first)
        ratio = "" if facts is first or not value or not other else _ratio(value / other)
        return f"<td>{_NOTHING if value is None else self.write(value)} <small>{ratio}</small></td>"


def numbers(candidates: Sequence[Candidate], looked: Sequence[Facts | LabError], batch: int) -> None:
    """The table, a column for each network."""
    heads = "".join(
        f"<th scope='col'>{html.escape(candidate.title)}<br><small>{_layers(candidate)}</small></th>"
        for candidate in candidates
    )
    groups = _groups(batch)
    rows = sum(map(len, groups)) + 2
    body: list[str] = []
    first = next((facts for facts in looked if isinstance(facts, Facts)), None)
    for group in groups:
        for line in group:
            cells = [
                line.cell(facts, first or facts) if isinstance(facts, Facts) else _wrong(facts, rows, body)
                for facts in looked
            ]
            body.append(_row(line.name, cells, begins=line is group[0] and group is not groups[0]))
        if group is groups[0]:
            body.append(_text_row(_("Last conv sees"), looked, _sees))
    body.append(_text_row(_("Test accuracy"), looked, _accuracy))
    top = f"<thead><tr><td></td>{heads}</tr></thead>"
    st.html(f'{_STYLE}<div class="nnlab-compare"><table>{top}<tbody>{"".join(body)}</tbody></table></div>')


def ways_out(candidates: Sequence[Candidate], looked: Sequence[Facts | LabError], target: Target) -> None:
    """A button for each change that mends a network that does not fit."""
    for candidate, found in zip(candidates, looked, strict=True):
        if isinstance(found, Facts):
            continue
        offered = repairs(candidate.architecture, target.in_shape, target.classes)[:_REPAIRS]
        if not offered:
            continue
        with st.container(horizontal=True, vertical_alignment="center", key=f"compare-out-{candidate.name}"):
            st.markdown(f"**{plain(candidate.title)}**", width="content")
            for number, repair in enumerate(offered):
                st.button(
                    say(repair.about), icon=":material/build:", key=f"compare-mend-{candidate.name}-{number}",
                    on_click=mend, args=(candidate.name, number),
                )  # fmt: skip


def _groups(batch: int) -> list[list[_Line]]:
    """What a trace says, what is estimated, and what was measured."""
    return [
        [
            _Line(_("Parameters"), lambda facts: facts.params, _whole),
            _Line(_("Multiply-adds"), lambda facts: facts.macs, _whole),
            _Line(_("Kept for backward"), lambda facts: facts.cost.kept, size),
        ],
        [
            _Line(_("Training memory"), lambda facts: facts.memory, size),
            _Line(_("Largest batch"), _largest, _batch),
        ],
        [
            _Line(
                _("Forward pass"), lambda facts: facts.speed.forward.seconds if facts.speed else None, _time
            ),
            _Line(_("Training step"), lambda facts: facts.speed.step.seconds if facts.speed else None, _time),
            _Line(
                _("Images a second"),
                lambda facts: batch / facts.speed.step.seconds if facts.speed else None,
                _whole,
            ),
            _Line(_("Memory of a step"), _measured_memory, size),
        ],
    ]


def _row(name: str, cells: Sequence[str], begins: bool = False) -> str:
    kind = " class='group'" if begins else ""
    return f"<tr{kind}><th scope='row'>{html.escape(name)}</th>{''.join(cells)}</tr>"


def _wrong(problem: LabError, rows: int, above: Sequence[str]) -> str:
    """One cell from the first row to the last; where there is a row above, it is there already."""
    return "" if above else f"<td class='wrong' rowspan='{rows}'>{html.escape(say(problem))}</td>"


def _text_row(name: str, looked: Sequence[Facts | LabError], write: Callable[[Facts], str]) -> str:
    return _row(
        name, [f"<td>{write(facts)} <small></small></td>" for facts in looked if isinstance(facts, Facts)]
    )


def _layers(candidate: Candidate) -> str:
    return _("{count} layers", count=sum(layer.count() for layer in candidate.architecture.layers))


def _sees(facts: Facts) -> str:
    return " × ".join(map(str, facts.sees)) if facts.sees else _NOTHING


def _accuracy(facts: Facts) -> str:
    if facts.accuracy is None:
        return _NOTHING
    accuracy, runs = facts.accuracy
    return (
        f"{accuracy:.2%}"
        if runs < 2
        else _("{accuracy}, best of {runs}", accuracy=f"{accuracy:.2%}", runs=runs)
    )


def _largest(facts: Facts) -> float:
    """With two digits: the free memory changes all the time."""
    if facts.largest is None:
        return float("inf")
    rest = 10 ** max(0, len(str(facts.largest)) - 2)
    return facts.largest // rest * rest


def _batch(largest: float) -> str:
    if largest == float("inf"):
        return _("any")
    if not largest:
        return _("none fits")
    return _whole(largest)


def _measured_memory(facts: Facts) -> float | None:
    return facts.speed.memory.network if facts.speed and facts.speed.memory else None


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.2f} ms"


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.1f}×" if ratio >= 10 else f"{ratio:.2g}×"


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count:,.0f} B"
