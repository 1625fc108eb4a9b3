"""A recurrent layer over the steps of a sequence: its states in one picture, and one number taken apart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
from torch import Tensor, nn

from nnlab.lens import GATES, Dot, GateTerms, Step, UnitTerms, unit_terms, unrolled
from nnlab.lens.recurrent import Recurrent
from nnlab.ui.components import Strip, strips, tiles
from nnlab.ui.datasets.facts import facts
from nnlab.ui.layers.linked import choice, keep_within, whole
from nnlab.ui.text import _, mark
from nnlab.ui.url import query_number, set_query

_WORDS = {
    "r": mark("reset"), "z": mark("update"), "n": mark("new"), "i": mark("input"), "f": mark("forget"),
    "g": mark("cell"), "o": mark("output"), "c": mark("cell state"), "h": mark("state"),
}  # fmt: skip
_FORMULAS = {
    "h": r"h_t = {function}(W_{{ih}} x_t {bi} + W_{{hh}} h_{{t-1}} {bh})",
    "n": r"n_t = \tanh(W_{{in}} x_t {bi} + r_t \odot (W_{{hn}} h_{{t-1}} {bh}))",
    "g": r"g_t = \tanh(W_{{ig}} x_t {bi} + W_{{hg}} h_{{t-1}} {bh})",
    "": r"{name}_t = \sigma(W_{{i{name}}} x_t {bi} + W_{{h{name}}} h_{{t-1}} {bh})",
}
_ENDS = {
    nn.GRU: r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}",
    nn.LSTM: r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)",
}
_MOST_WEIGHTS = 250_000  # that are drawn
_MOST_COLUMNS = 64  # of each kind of value in the table


def over_the_steps(rnn: Recurrent, x: Tensor, name: str) -> None:
    """Follow `rnn` over x (T, F); `name` is what tells its pictures from others."""
    steps = unrolled(rnn, x)
    keep_within("step", len(steps) - 1)
    keep_within("unit", rnn.hidden_size - 1)
    at = query_number("step", min(2, len(steps) - 1), low=0, high=len(steps) - 1)
    unit = query_number("unit", 0, low=0, high=rnn.hidden_size - 1)
    tanh = not (isinstance(rnn, nn.RNN) and rnn.nonlinearity == "relu")
    shown = [Strip("x", x.T)]
    gates = GATES[type(rnn)] if steps[0].gates else ()
    for gate in gates:
        shown.append(Strip(_titled(gate), torch.stack([step.gates[gate] for step in steps], 1), 1.0, True))
    cells = [step.cell for step in steps if step.cell is not None]
    if cells:
        shown.append(Strip(_titled("c"), torch.stack(cells, 1), None, True))
    states = torch.stack([step.state for step in steps], 1)
    shown.append(Strip(_titled("h"), states, 1.0 if tanh else None, True))
    strips(
        shown, [str(t) for t in range(len(steps))], key=f"layers-steps-{name}",
        label=_("What the layer holds at each step; choose a step and a unit"), selected=(at, unit),
        on_select=_choose,
    )  # fmt: skip
    _apart(rnn, steps, name)
    _weights(rnn, name)
    with st.expander(_("All numbers as a table"), icon=":material/table:"):
        rows = {
            f"{strip.name} [{i}]": row.tolist()
            for strip in shown
            for i, row in enumerate(strip.values[:_MOST_COLUMNS])
        }
        st.dataframe({_("step"): list(range(len(steps))), **rows}, hide_index=True)
        longest = max(len(strip.values) for strip in shown)
        if longest > _MOST_COLUMNS:
            st.caption(_("The first {shown} of {count}.", shown=_MOST_COLUMNS, count=longest))


def _choose(step: int, unit: int) -> None:
    set_query("step", step)
    set_query("unit", unit)


def _titled(name: str) -> str:
    return f"{name} {_(_WORDS[name])}"


def _apart(rnn: Recurrent, steps: Sequence[Step], name: str) -> None:
    """One unit at one step: products, sums, and what comes of them."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="layers-unit-strip"):
        at = whole(_("Step"), "step", min(2, len(steps) - 1), 0, len(steps) - 1, width=130)
        unit = whole(_("Unit"), "unit", 0, 0, rnn.hidden_size - 1, width=130)
        names = GATES[type(rnn)]
        picked = names[0]
        if len(names) > 1:
            picked = choice(_("Gate"), "gate", names, names[0], shown=_titled, width=150)
    terms = unit_terms(rnn, steps, at, unit)
    gate = terms.gates[picked]
    st.markdown(f"${_formula(rnn, gate)}$")
    left, right = st.columns(2, gap="medium")
    hidden = rnn.hidden_size
    with left:
        _products(gate.read, f"x[{at}]", f"W_ih[{gate.row}]", len(gate.read.inputs), f"{name}-read")
    with right:
        _products(gate.kept, f"h[{at - 1}]" if at else "h₀", f"W_hh[{gate.row}]", hidden, f"{name}-kept")
    found = (_("PyTorch's h[{step}, {unit}]", step=at, unit=unit), _exact(terms.output))
    if len(names) == 1:
        facts([*_sums(gate), found])
    else:
        facts(_sums(gate))
        st.markdown(f"${_ENDS[type(rnn)]}$")
        facts([*_end(terms), found])
    if terms.ulps:
        st.caption(
            _(
                "Added in this order: {sum}, {count:,} units in the last place from PyTorch's number, which "
                "adds in another order.",
                sum=_exact(terms.state), count=terms.ulps,
            )
        )  # fmt: skip


def _formula(rnn: Recurrent, gate: GateTerms) -> str:
    pattern = _FORMULAS.get(gate.name, _FORMULAS[""])
    bi, bh = (f"+ b_{{i{gate.name}}}", f"+ b_{{h{gate.name}}}") if rnn.bias else ("", "")
    function = r"\tanh" if gate.function == "tanh" else r"\mathrm{ReLU}"
    return pattern.format(name=gate.name, function=function, bi=bi, bh=bh)


def _products(dot: Dot, inputs: str, weights: str, count: int, key: str) -> None:
    """Inputs, weights and products below one another, place by place."""
    strips(
        [Strip(inputs, dot.inputs[None]), Strip(f"× {weights}", dot.weights[None]),
         Strip("=", dot.products[None])],
        [str(i) for i in range(count)], key=f"layers-{key}", label=f"{inputs} × {weights}", legend=False,
    )  # fmt: skip


def _sums(gate: GateTerms) -> list[tuple[str, str]]:
    """From the products to the gate."""
    pairs = [("Σ x · W_ih", _exact(gate.read.sum))]
    if gate.read.bias is not None:
        pairs.append((f"+ b_ih[{gate.row}]", _exact(gate.read.bias)))
    kept = [("Σ h · W_hh", _exact(gate.kept.sum))]
    if gate.kept.bias is not None:
        kept.append((f"+ b_hh[{gate.row}]", _exact(gate.kept.bias)))
    if gate.factor is not None:
        pairs += [("+ r", _exact(gate.factor)), (f"× ({kept[0][0]}", kept[0][1])]
        pairs += [(f"{name})", value) for name, value in kept[1:]]
    else:
        pairs += [(f"+ {kept[0][0]}", kept[0][1]), *kept[1:]]
    pairs.append(("= a", _exact(gate.total)))
    sign = {"tanh": "tanh(a)", "sigmoid": "σ(a)", "relu": "ReLU(a)"}[gate.function]
    return [*pairs, (f"{gate.name} = {sign}", _exact(gate.value))]


def _end(terms: UnitTerms) -> list[tuple[str, str]]:
    """From the gates to the state."""
    value = {name: gate.value for name, gate in terms.gates.items()}
    if terms.cell is None or terms.cell_before is None:
        z, n, h = value["z"], value["n"], terms.before
        return [("1 − z", _exact(1 - z)), ("× n", _exact(n)), ("+ z", _exact(z)), ("× h₋₁", _exact(h)),
                ("= h", _exact(terms.state))]  # fmt: skip
    return [
        ("f", _exact(value["f"])), ("× c₋₁", _exact(terms.cell_before)), ("+ i", _exact(value["i"])),
        ("× g", _exact(value["g"])), ("= c", _exact(terms.cell)), ("o", _exact(value["o"])),
        ("× tanh(c)", _exact(torch.tanh(terms.cell))), ("= h", _exact(terms.state)),
    ]  # fmt: skip


def _exact(value: Tensor) -> str:
    return f"{float(value):.9g}"


def _weights(rnn: Recurrent, name: str) -> None:
    """Both matrices and both biases, a tile for each gate."""
    count = sum(parameter.numel() for parameter in rnn.parameters())
    with st.expander(_("The {count:,} weights", count=count), icon=":material/grid_on:"):
        if count > _MOST_WEIGHTS:
            st.caption(_("{count:,} weights: too many to draw.", count=count))
            return
        names = GATES[type(rnn)]
        for key, weight in rnn.named_parameters():
            short = key.removesuffix("_l0")
            st.markdown(f"**`{key}`** · {' × '.join(map(str, weight.shape))}")
            shown = weight.detach().reshape(len(names), rnn.hidden_size, -1)
            captions = [_titled(gate) for gate in names] if len(names) > 1 else None
            tiles(
                shown, captions, columns=len(names), key=f"layers-{name}-{short}", label=key, kind="signed",
                max_tile=min(220, 24 * shown.shape[2] + 40),
            )  # fmt: skip
