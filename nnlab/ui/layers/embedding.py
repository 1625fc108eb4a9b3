"""An embedding at work: words become numbers, and each number picks a row of the table."""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor, nn

from nnlab.errors import LabError, ShapeError, check
from nnlab.ui.components import Strip, strips
from nnlab.ui.layers.linked import held, keep_within, write
from nnlab.ui.layers.typed import shown_word
from nnlab.ui.text import _
from nnlab.ui.url import query_number, set_query

_SENTENCE = "the cat sat on the mat"
_MOST_WORDS = 64
_MOST_ROWS = 65_536  # of the registry's field
_DRAWN = 128  # rows of the table that are drawn besides those looked up
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, eq=False)
class Words:
    """A sentence.

    Attributes:
        x: (T,) int64, the number of each word.
        words: as typed.
        code: lines of Python that make the numbers with a batch of one, (1, T), under the name ``x``.
    """

    x: Tensor
    words: tuple[str, ...]
    code: str

    def check_rows(self, count: int) -> None:
        """Raise `ShapeError` unless a table of `count` rows has one for each word."""
        at = int(self.x.argmax())
        number = int(self.x[at])
        if number < count:
            return
        error = ShapeError(
            "“{word}” is number {number}, but the table has {count} rows, 0 to {last}.",
            word=shown_word(self.words[at]), number=number, count=count, last=count - 1,
        )  # fmt: skip
        error.fix = {"num_embeddings": number + 1} if number < _MOST_ROWS else None
        raise error


def words_input() -> Words:
    """Draw the box for words or whole numbers. Raises `LabError` where there is none, or too many."""
    text = st.query_params.get("words", _SENTENCE)
    st.text_input(
        _("Words, or whole numbers"), **held("words", text), on_change=write,
        args=("words", _SENTENCE), width=360,
    )  # fmt: skip
    words = tuple(text.replace(",", " ").split())
    check(bool(words), "There is no word yet: type some, for example {example}.", example=_SENTENCE)
    if len(words) > _MOST_WORDS:
        raise LabError("{count} words are too many to follow; at most {most}.",
                       count=len(words), most=_MOST_WORDS)  # fmt: skip
    if all(map(_NUMBER.fullmatch, words)):
        numbers = [int(word) for word in words]
        return Words(torch.tensor(numbers), words, f"x = torch.tensor([{numbers}])")
    known = {word: number for number, word in enumerate(dict.fromkeys(words))}
    code = (
        f"words = {list(words)}\n"
        "numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}\n"
        "x = torch.tensor([[numbers[word] for word in words]])"
    )
    return Words(torch.tensor([known[word] for word in words]), words, code)


def looked_up(embedding: nn.Embedding, read: Words) -> None:
    """The words with their vectors, and the table with the rows that were looked up."""
    weight = embedding.weight.detach()
    with torch.no_grad():
        y = embedding(read.x[None])[0]
    limit = float(weight.abs().max())
    keep_within("step", len(read.words) - 1)
    at = query_number("step", 0, low=0, high=len(read.words) - 1)
    names = {int(number): word for number, word in zip(read.x, read.words, strict=True)}
    st.markdown(f"**{_('What comes out: a column for each word')}**")
    strips(
        [Strip("y", y.T, limit)], [_with_number(int(n), w) for n, w in zip(read.x, read.words, strict=True)],
        key="layers-embedded", label=_("The vector of each word, its column"), selected=(at, 0),
        on_select=lambda column, row: set_query("step", column), max_cell=72, legend=False,
    )  # fmt: skip
    shown = sorted({*names, *range(min(_DRAWN, len(weight)))})
    st.markdown(f"**`weight`** · {len(weight):,} × {weight.shape[1]} · {_('each row stands upright')}")
    chosen = int(read.x[at])
    strips(
        [Strip("weight", weight[shown].T, limit)], [_with_number(n, names.get(n, "")) for n in shown],
        key="layers-table", label=_("The table, each row upright; those looked up are marked"),
        selected=(shown.index(chosen), 0), marked=[shown.index(number) for number in names], max_cell=72,
    )  # fmt: skip
    if len(shown) < len(weight):
        st.caption(_("{shown} of {count:,} rows are drawn.", shown=len(shown), count=len(weight)))
    st.markdown(f"“{shown_word(read.words[at])}” → **{chosen}** → `weight[{chosen}]` = `y[0, {at}]`")
    with st.expander(_("All numbers as a table"), icon=":material/table:"):
        columns = {f"y[…, {i}]": y[:, i].tolist() for i in range(y.shape[1])}
        st.dataframe({_("word"): list(read.words), "x": read.x.tolist(), **columns}, hide_index=True)


def _with_number(number: int, word: str) -> str:
    return word if word == str(number) else f"{number} {word}".strip()
