"""Softmax and losses on numbers that one moves: the value taken apart, and the gradient of each logit."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from nnlab.lens import (
    LOGIT_PATHS,
    LOSS_KINDS,
    LogitTerms,
    LossTerms,
    logit_terms,
    loss_curve,
    softmax_terms,
)
from nnlab.lens.numbers import in_order
from nnlab.ui.datasets.facts import facts
from nnlab.ui.layers.bars import Bars, bar_table
from nnlab.ui.layers.linked import keep_within, whole
from nnlab.ui.layers.logit_controls import Chosen, choose
from nnlab.ui.text import _, say
from nnlab.ui.theme import palette

_POINTS = 241  # of the curve
_SHOWN_BEFORE = ("softmax(values)", "sigmoid(values)")  # by `_before`


@st.fragment
def losses() -> None:
    """The part of the page for losses."""
    chosen = choose()
    if chosen is None:
        return
    terms = logit_terms(chosen.loss, chosen.logits, chosen.target, chosen.temperature)
    st.markdown(f"`nn.{LOGIT_PATHS[chosen.loss].module}` · {say(LOSS_KINDS[chosen.loss].about)}")
    left, right = st.columns(2, gap="large")
    with left:
        _before(chosen)
        _value(chosen, terms.terms)
    with right:
        _gradient(chosen, terms)
        _curve(chosen, terms)
    with st.expander(_("The same in PyTorch, as a module and as a function"), icon=":material/code:"):
        st.code(_code(chosen), language="python")


def _right(chosen: Chosen) -> list[int]:
    """The rows that stand out: the right class, or those that should be 1."""
    if chosen.loss == "mse":
        return []
    if LOSS_KINDS[chosen.loss].takes_labels:
        return [int(chosen.target)]
    return [at for at, value in enumerate(chosen.target[0].tolist()) if value == 1]


def _classes(chosen: Chosen) -> list[str]:
    """What the rows of all tables are called."""
    names = [str(at) for at in range(chosen.logits.shape[1])]
    if LOSS_KINDS[chosen.loss].takes_labels:
        names[int(chosen.target)] = _("{index}, target", index=int(chosen.target))
    return names


def _before(chosen: Chosen) -> None:
    """What the numbers say before they are compared: softmax, sigmoid, or the numbers themselves."""
    logits = chosen.logits[0]
    names = _classes(chosen)
    written = [f"{value:.4g}" for value in logits.tolist()]
    if LOSS_KINDS[chosen.loss].takes_labels:
        terms = softmax_terms(logits, chosen.temperature)
        bar_table(
            _("Softmax: exp, then divided by the sum"),
            [
                (_("class"), names),
                (_("logit"), written),
                ("exp", [f"{value:.4g}" for value in terms.exps.tolist()]),
                ("", Bars(terms.probabilities.tolist(), 1.0)),
                (_("probability"), [f"{value:.4g}" for value in terms.probabilities.tolist()]),
            ],
            _right(chosen),
        )
        divided = "" if chosen.temperature == 1 else f" / {chosen.temperature:g}"
        st.caption(
            _(
                "exp(logit{divided} − {largest:.4g}): the largest is subtracted so that nothing overflows. "
                "Sum {sum:.9g}.",
                divided=divided, largest=float(terms.scaled.max()), sum=float(terms.sum),
            )
        )  # fmt: skip
        return
    targets = chosen.target[0].tolist()
    shown = [f"{value:.4g}" for value in targets]
    if chosen.loss == "mse":
        limit = max(1e-9, *map(abs, [*logits.tolist(), *targets]))
        bar_table(
            _("The numbers and their targets"),
            [
                (_("class"), names),
                ("", Bars(logits.tolist(), limit)),
                (_("number"), written),
                (_("target"), shown),
            ],
            _right(chosen),
        )
        return
    found = torch.sigmoid(logits / chosen.temperature).tolist()
    bar_table(
        _("Sigmoid: each class by itself"),
        [
            (_("class"), names),
            (_("logit"), written),
            ("", Bars(found, 1.0)),
            (_("probability"), [f"{value:.4g}" for value in found]),
            (_("target"), shown),
        ],
        _right(chosen),
    )


def _value(chosen: Chosen, terms: LossTerms) -> None:
    """Each step of the way to the loss, class by class; then the mean, and PyTorch's number."""
    columns: list[tuple[str, list[str] | Bars]] = [(_("class"), _classes(chosen))]
    for stage in terms.stages:
        if stage.formula in _SHOWN_BEFORE:
            continue
        columns.append((say(stage.name), _column(stage.values, chosen)))
    bar_table(_("The loss, step by step"), columns, _right(chosen))
    parts = terms.terms.flatten()
    pairs = []
    if len(parts) > 1:
        pairs = [(_("sum of {count} terms", count=len(parts)), f"{float(in_order(parts)):.9g}")]
        pairs.append((_("÷ {count} = mean", count=len(parts)), f"{float(terms.total):.9g}"))
    facts([*pairs, (f"nn.{LOGIT_PATHS[chosen.loss].module}", f"{float(terms.value):.9g}")])
    if terms.ulps:
        st.caption(
            _(
                "Added in this order: {sum}, {count:,} units in the last place from PyTorch's number, which "
                "adds in another order.",
                sum=f"{float(terms.total):.9g}", count=terms.ulps,
            )
        )  # fmt: skip


def _column(values: Tensor, chosen: Chosen) -> list[str]:
    """A number in each row, or that of the sample in the row of its class."""
    if values.ndim == 2:
        return [f"{value:.4g}" for value in values[0].tolist()]
    rows = [""] * chosen.logits.shape[1]
    rows[int(chosen.target)] = f"{float(values[0]):.4g}"
    return rows


def _gradient(chosen: Chosen, terms: LogitTerms) -> None:
    """The derivative by each logit as bars, autograd's and the formula's numbers beside them."""
    limit = float(terms.gradient.abs().max()) or 1.0
    bar_table(
        _("Gradient: how the loss changes with each logit"),
        [
            (_("class"), _classes(chosen)),
            ("∂loss / ∂logit", Bars(terms.gradient.tolist(), limit)),
            ("autograd", [f"{value:.6g}" for value in terms.gradient.tolist()]),
            (_("formula"), [f"{value:.6g}" for value in terms.closed.tolist()]),
        ],
        _right(chosen),
    )
    st.caption(f"`{_formula(chosen)}`")
    if chosen.loss == "bce" and not torch.allclose(terms.gradient, terms.closed, atol=1e-4):
        st.warning(
            _(
                "A probability is so close to 0 or 1 that float32 loses its gradient on the way through the "
                "sigmoid; BCEWithLogitsLoss keeps it."
            ),
            icon=":material/warning:",
        )


def _formula(chosen: Chosen) -> str:
    return LOGIT_PATHS[chosen.loss].formula.format(count=chosen.logits.shape[1])


def _curve(chosen: Chosen, terms: LogitTerms) -> None:
    """The loss while one logit moves; the present point with its slope on it."""
    usual = int(chosen.target) if LOSS_KINDS[chosen.loss].takes_labels else 0
    keep_within("move", chosen.logits.shape[1] - 1)
    move = whole(_("Curve of logit"), "move", usual, 0, chosen.logits.shape[1] - 1, width=130)
    title = _("logit {index}", index=move)
    figure = _figure(
        chosen.loss, tuple(chosen.logits[0].tolist()), tuple(chosen.target.flatten().tolist()),
        chosen.temperature, move, palette(), (title, _("loss"), _("slope"), _("now")),
    )  # fmt: skip
    st.plotly_chart(
        figure, config={"displayModeBar": False}, key="layers-loss-curve",
        alt=_("The loss while logit {index} moves, with the present point and its slope", index=move),
    )  # fmt: skip
    now = float(chosen.logits[0, move])
    facts([(title, f"{now:.4g}"), (_("loss"), f"{float(terms.terms.value):.6g}"),
           (_("slope"), f"{float(terms.gradient[move]):.6g}")])  # fmt: skip


@lru_cache(64)
def _figure(
    loss: str, logits: tuple[float, ...], target: tuple[float, ...], temperature: float, which: int,
    palette: tuple[str, ...], words: tuple[str, str, str, str],
) -> Any:  # fmt: skip
    """A `plotly.graph_objects.Figure`."""
    import plotly.graph_objects as go

    z = torch.tensor([logits])
    wanted = torch.tensor([int(target[0])]) if LOSS_KINDS[loss].takes_labels else torch.tensor([target])
    found = logit_terms(loss, z, wanted, temperature)
    now, value, slope = logits[which], float(found.terms.value), float(found.gradient[which])
    reach = max(10.0, 1.2 * abs(now))
    places = torch.linspace(-reach, reach, _POINTS)
    losses = loss_curve(loss, z, wanted, which, places, temperature)
    half = reach / 5
    figure = go.Figure()
    figure.add_scatter(x=places.tolist(), y=losses.tolist(), name=words[1], mode="lines")
    figure.add_scatter(
        x=[now - half, now + half], y=[value - slope * half, value + slope * half], name=words[2],
        mode="lines", line_dash="dash",
    )  # fmt: skip
    figure.add_scatter(x=[now], y=[value], name=words[3], mode="markers", marker_size=11)
    figure.update_layout(
        colorway=list(palette) or None, height=280, margin={"l": 0, "r": 14, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": words[0], "fixedrange": True}, yaxis={"title": words[1], "fixedrange": True},
    )  # fmt: skip
    return figure


def _code(chosen: Chosen) -> str:
    """A script with module and function, autograd's gradient and the formula's."""
    path, loss = LOGIT_PATHS[chosen.loss], LOSS_KINDS[chosen.loss]
    tempered = f"temperature = {chosen.temperature!r}\n" if path.tempered else ""
    return (
        "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n"
        f"logits = torch.tensor({_written(chosen.logits)}, requires_grad=True)\n"
        f"target = torch.tensor({_written(chosen.target)})\n"
        f"{tempered}\n"
        f"values = {path.code}\n"
        f"loss = nn.{path.module}()(values, target)\n"
        f"same = F.{loss.function}(values, target)\n"
        "print(loss.item(), torch.equal(loss, same))\n\n"
        "loss.backward()\n"
        "print(logits.grad)  # by autograd\n"
        f"print({_formula(chosen)})  # by the formula\n"
    )


def _written(values: Tensor) -> str:
    """A tensor as it would be typed: floats no longer than their float32 needs."""
    if values.dtype == torch.int64:
        return str(values.tolist())
    return "[[" + ", ".join(str(value) for value in values[0].numpy()) + "]]"
