"""Every parameter of a network in numbers, and one of them in full."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from torch import nn

from nnlab.lens import Parameter, parameters_of
from nnlab.ui.build.weights.asking import asked_for, patience, turn
from nnlab.ui.build.weights.chosen import Chosen
from nnlab.ui.build.weights.picture import picture
from nnlab.ui.components.histogram import Axis, histogram
from nnlab.ui.datasets.facts import facts
from nnlab.ui.text import _
from nnlab.ui.url import query_choice, set_query

_SHOWN = "build:weights-names"
_TABLE = "weights-table"


def parameters(chosen: Chosen) -> None:
    """The table of parameters, and the one that is selected."""
    if not asked_for(_("Look at its parameters"), chosen.key, chosen.count):
        return
    with patience(chosen.count):
        found = _parameters(chosen.key, chosen.count, chosen.model)
    if not found:
        st.info(_("This network has no parameters."), icon=":material/info:")
        return
    names = list(found)
    if st.session_state.get(_SHOWN, names) != names and st.query_params.get("tensor") not in names:
        set_query("tensor", None)  # the network has changed since; a link that asks for nonsense is told
    st.session_state[_SHOWN] = names
    name = query_choice("tensor", names, names[0])
    _table(found, name)
    left, right = st.columns(2, gap="medium")
    with left:
        _figures(found[name])
    with right, st.container(key="weights-picture"):
        picture(found[name], chosen.architecture.trace(chosen.in_shape, chosen.classes))
    st.markdown(f"`{_expression(found[name])}`")
    st.code(found[name].printed, language=None, height=min(240, 50 + 22 * found[name].printed.count("\n")))
    with st.expander(_("The same in PyTorch"), icon=":material/code:", key="weights-code"):
        st.code(_code(chosen, found[name]), language="python")


@st.cache_resource(max_entries=8, show_spinner=False)
def _parameters(key: str, count: int, _model: Callable[[], nn.Module]) -> dict[str, Parameter]:
    with turn(count):
        return parameters_of(_model().state_dict())


def _table(found: dict[str, Parameter], name: str) -> None:
    """All of them; a click on a row selects it."""
    names = list(found)
    st.session_state[_TABLE] = {"selection": {"rows": [names.index(name)], "columns": [], "cells": []}}
    spreads = [parameter.spread for parameter in found.values()]
    number = st.column_config.NumberColumn(format="%.4g", width=90)
    st.dataframe(
        {
            _("name"): names,
            _("shape"): [" × ".join(map(str, parameter.shape)) or "1" for parameter in found.values()],
            _("count"): [parameter.count for parameter in found.values()],
            "mean": [spread.mean for spread in spreads],
            "std": [spread.std for spread in spreads],
            "min": [spread.low for spread in spreads],
            "max": [spread.high for spread in spreads],
            _("zeros"): [spread.zeros * 100 for spread in spreads],
        },
        key=_TABLE, hide_index=True, height=min(248, 38 + 35 * len(names)),
        selection_mode=("single-row-required", "single-cell"),
        on_select=lambda: _selected(names),
        alt=_("Every parameter with its shape and how its numbers are spread"),
        column_config={
            _("shape"): st.column_config.TextColumn(width=130),
            _("count"): st.column_config.NumberColumn(format="localized"),
            **dict.fromkeys(("mean", "std", "min", "max"), number),
            _("zeros"): st.column_config.NumberColumn(format="%.1f %%", width=80),
        },
    )  # fmt: skip


def _selected(names: list[str]) -> None:
    selection = st.session_state[_TABLE]["selection"]
    rows = [row for row, _column in selection["cells"]] or selection["rows"]
    if rows:
        set_query("tensor", names[rows[0]])


def _figures(parameter: Parameter) -> None:
    """How its numbers are spread."""
    st.markdown(f"**`{parameter.name}`** · {' × '.join(map(str, parameter.shape))} = {parameter.count:,}")
    spread, edges = parameter.spread, parameter.edges.tolist()
    bins = len(parameter.counts)
    places = [0, bins // 4, bins // 2, bins - 1 - bins // 4, bins - 1]
    centres = (parameter.edges[:-1] + parameter.edges[1:]) / 2
    texts = [edges[0], *centres[places[1:-1]].tolist(), edges[-1]]
    histogram(
        parameter.counts[None].numpy().astype(np.int64), [Axis(_("value"), centres.numpy())],
        names=[parameter.name], key="weights-histogram", height=170,
        label=_("Histogram of {name}", name=parameter.name), ticks=places,
        tick_texts=[_short(value, edges[-1] - edges[0]) for value in texts], counted=_("numbers"),
    )  # fmt: skip
    facts(
        [
            ("mean", f"{spread.mean:.5g}"),
            ("std", f"{spread.std:.5g}"),
            ("min", f"{spread.low:.5g}"),
            ("max", f"{spread.high:.5g}"),
            (_("zeros"), f"{spread.zeros:.1%}"),
        ],
        tight=True,
    )


def _short(value: float, span: float) -> str:
    """Three digits; what is next to nothing in the whole span is zero."""
    return "0" if abs(value) < span * 1e-6 else f"{value:.3g}".replace("-", "−")


def _expression(parameter: Parameter) -> str:
    return f'model.state_dict()["{parameter.name}"]{parameter.index}'


def _code(chosen: Chosen, parameter: Parameter) -> str:
    """A script that prints the figures of the tensor and its first rows."""
    return (
        f'{chosen.code}\n\nweight = model.state_dict()["{parameter.name}"]\n'
        "print(tuple(weight.shape), weight.numel())\n"
        "print(weight.mean(), weight.std(correction=0), weight.min(), weight.max())\n"
        'print(f"{(weight == 0).float().mean():.1%} zeros")\n'
        f"print(weight{parameter.index})\n"
    )
