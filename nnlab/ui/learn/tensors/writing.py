"""Numbers that are typed over cells: the URL keeps them, in order, each part its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lessons.tensors.literals import read_value
from nnlab.lessons.tensors.writes import Write, apply, read_writes, text_of
from nnlab.ui.learn.tensors.controls import LINKED, complain
from nnlab.ui.text import _

_MISTAKE = "tensors:mistake"  # what was typed over a cell and is no number


@dataclass(frozen=True)
class Writes:
    """Those of one part; ``?name=`` holds them."""

    name: str

    def edit(self, name: str, place: int, typed: str) -> None:
        """Write what was `typed` to that place of the thing of that name, from the next run on."""
        try:
            write = Write(name, place, read_value(typed))
            writes = [*self._kept(), write]
        except LabError as error:
            st.session_state[_MISTAKE] = error
            return
        LINKED.choose(self.name, text_of(writes), "")

    def write_all(self, into: Mapping[str, Tensor | np.ndarray[Any, Any]]) -> list[Write]:
        """Do all writes that the URL holds; those that were done. What cannot be written is told."""
        mistake = st.session_state.pop(_MISTAKE, None)
        try:
            if mistake is not None:
                complain(mistake)
            return apply(self._kept(), into)
        except LabError as error:
            complain(error)
            return []

    def undo_button(self) -> None:
        """A button that takes all writes back."""
        st.button(
            _("Take the writes back"), icon=":material/undo:", disabled=not LINKED.text(self.name),
            on_click=LINKED.choose, args=(self.name, "", ""), key="tensors-undo",
        )  # fmt: skip

    def _kept(self) -> list[Write]:
        return read_writes(LINKED.text(self.name), "aty")
