"""The join of branches in detail: what each gives, and what is made of it, place by place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from torch import Tensor

from nnlab.lens import join_terms
from nnlab.nets.branches import Concat, Residual
from nnlab.ui.components.joined import joined
from nnlab.ui.datasets.facts import facts
from nnlab.ui.layers.linked import PLACE
from nnlab.ui.text import _
from nnlab.ui.url import query_number, set_query


def show_join(
    join: Residual | Concat, given: Sequence[Tensor], names: Sequence[str], y: Tensor, *, name: str, key: str
) -> None:
    """The branches of `join` side by side, and one place of its output taken apart.

    Args:
        given: what each branch gives, with a batch of one; of one without layers, what all are given.
        names: of what gives it.
        y: the output, as PyTorch computed it.
        name: of the join.
    """
    start = tuple(
        query_number(place, size // 2 if place != "channel" else 0, low=0, high=size - 1)
        for place, size in zip(PLACE, y.shape[1:], strict=False)
    )
    form: Literal["sum", "cat"] = "cat" if isinstance(join, Concat) else "sum"
    place = joined(
        form, [tensor[0] for tensor in given], y[0], [*names, name], selected=start, key=key
    )  # fmt: skip
    if place != start:
        for axis, value in zip(PLACE, place, strict=False):
            set_query(axis, value)
    terms = join_terms(join, given, *place)
    if terms.branch is not None:
        told = [(f"{names[terms.branch]}[{_at(terms.channel, *place[1:])}]", f"{float(terms.values[0]):.9g}")]
    else:
        signs = ["", *["+ "] * (len(given) - 1)]
        told = [
            (f"{sign}{one}[{_at(*place)}]", f"{float(value):.9g}")
            for sign, one, value in zip(signs, names, terms.values, strict=True)
        ]
    facts([*told, (f"= {name}[{_at(*place)}]", f"{float(terms.output):.9g}")])
    if len(given) > 2 and terms.branch is None:
        st.caption(
            _(
                "PyTorch adds them in this order: {sums}.",
                sums=", ".join(f"{float(s):.9g}" for s in terms.sums),
            )
        )


def _at(*place: int) -> str:
    return ", ".join(map(str, place))
