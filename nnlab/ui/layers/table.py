"""A table of numbers that somebody types; what is typed stays for the session, also where it is no number."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from nnlab.errors import LabError
from nnlab.lens import pattern
from nnlab.ui.layers.linked import whole
from nnlab.ui.layers.typed import as_number, shown_word
from nnlab.ui.text import _

_TYPED = "layers-typed"
_FIRST = "by_hand"  # the pattern that the table begins with

Cell = tuple[int, int]


class CellError(LabError):
    """A cell of the table that holds no number: which one, and the number that it may go back to."""

    cell: Cell = (0, 0)
    number = "0"

    def offer(self) -> None:
        row, column = self.cell
        st.button(
            _("Use {number} in row {row}, column {column}", number=self.number, row=row, column=column),
            icon=":material/build:", key="layers-cell", on_click=_put, args=(self.cell, self.number),
        )  # fmt: skip


@dataclass
class _Table:
    """What somebody typed in this session, also into a larger table.

    Attributes:
        typed: cell by cell.
        shown: the cells that the editor began with, to which it adds what is typed.
        version: of the editor; another one begins anew.
    """

    typed: dict[Cell, str] = field(default_factory=dict)
    shown: dict[Cell, str] = field(default_factory=dict)
    version: int = 0


def _table() -> _Table:
    table: _Table = st.session_state.setdefault(_TYPED, _Table())
    return table


def _put(cell: Cell, number: str) -> None:
    _table().typed[cell] = number
    _table().version += 1


def typed_table() -> list[list[float]]:
    """Draw the table; its rows. Raises `CellError` where a cell is no number."""
    rows = whole(_("Rows"), "rows", 6, 1, 28, width=110)
    columns = whole(_("Columns"), "columns", 6, 1, 28, width=110)
    example = pattern(_FIRST).make(6)[0, 0].tolist()
    first = {(y, x): f"{value:g}" for y, line in enumerate(example) for x, value in enumerate(line)}
    table = _table()
    key = f"layers-numbers-{rows}-{columns}-{table.version}"
    if key not in st.session_state:  # an editor that is new to the page
        table.shown = first | table.typed
    # Cells are text, so that what somebody types stays there even where it is no number.
    with st.popover(_("Numbers"), icon=":material/edit:", width=150):
        edited = st.data_editor(
            {str(x): [table.shown.get((y, x), "0") for y in range(rows)] for x in range(columns)},
            hide_index=False, key=key, num_rows="fixed",
            width=min(60 + 60 * columns, 900),  # a popover alone would be as wide as one of them
            column_config={str(x): st.column_config.TextColumn(width=56) for x in range(columns)},
        )  # fmt: skip
    cells = {(y, x): edited[str(x)][y] or "" for y in range(rows) for x in range(columns)}
    table.typed |= cells
    return [[_number(cells[y, x], (y, x), first) for x in range(columns)] for y in range(rows)]


def _number(text: str, cell: Cell, first: dict[Cell, str]) -> float:
    value = as_number(text)
    if value is None:
        error = CellError(
            "Row {row}, column {column} of the table holds “{text}”, which is not a number.",
            row=cell[0], column=cell[1], text=shown_word(text),
        )  # fmt: skip
        error.cell, error.number = cell, first.get(cell, "0")
        raise error
    return value
