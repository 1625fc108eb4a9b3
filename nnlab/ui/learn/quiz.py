"""A quiz in rounds: something is hidden, what it does is shown, and the reader says what it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from nnlab.errors import Sentence
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, say

_T = TypeVar("_T")


def hidden_in(round_: int, entries: Sequence[_T]) -> _T:
    """The entry of that round: in each row of as many rounds as there are entries, every one once."""
    row, place = divmod(round_ - 1, len(entries))
    order = list(entries)
    random.Random(row).shuffle(order)
    return order[place]


def ask(
    question: str,
    titles: Mapping[str, Sentence],
    hidden: str,
    shows: Mapping[str, Sentence],
    lines: Callable[[], str],
    *,
    linked: Linked,
    round_: int,
    last: int,
) -> None:
    """The question, what is said to a guess, and the button for the next round.

    Args:
        titles: by name, what can be guessed.
        shows: by name, how each entry shows.
        lines: what the hidden one changes, as a diff; asked once it has been named.
        last: the round after which the first one comes again.
    """
    said = {name: say(title) for name, title in titles.items()}
    guess = st.radio(
        question, list(said), index=None, key=f"{linked.page}-guess-{round_}", format_func=said.__getitem__
    )
    if guess == hidden:
        st.success(say(shows[hidden]), icon=":material/check_circle:")
        st.code(lines(), language="diff")
    elif guess is not None:
        told = _("Not this one. It would show so: {shows}", shows=say(shows[guess]))
        st.warning(told, icon=":material/help:")
    st.button(
        _("Another one"), icon=":material/shuffle:", key=f"{linked.page}-another",
        on_click=linked.choose, args=("round", round_ % last + 1, 1),
    )  # fmt: skip
