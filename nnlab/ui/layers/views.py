"""What a layer does to one input: a view for each kind of module, used wherever a layer is looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
import torch
from torch import Tensor, nn

from nnlab.lens import activation_curve, linear_terms, norm_terms
from nnlab.lens.norms import Norm
from nnlab.lens.windows import Sliding
from nnlab.nets.layers import LAYERS
from nnlab.ui.components import tiles, window
from nnlab.ui.datasets.facts import facts
from nnlab.ui.layers.linked import PLACE, keep_within
from nnlab.ui.text import _
from nnlab.ui.theme import palette
from nnlab.ui.url import query_number, set_query

_SIZE = "layers-output-size"  # of the output that was shown last in this session
_MOST_MAPS = 64
_MOST_MARKS = 300  # values on a curve
_MOST_WEIGHTS = 250_000  # of a matrix that is drawn whole


@dataclass(frozen=True, eq=False)
class Seen:
    """One layer at work.

    Attributes:
        module: the layer.
        x, y: its input and its output as PyTorch computed it, with a batch of one.
        key: what tells this view's controls from others.
        grey: whether the input is an image of values in [0, 1].
        on_edit: called when somebody types into a convolution's kernel.
        image_shape: (C, H, W) that a vector was flattened from, where it was.
        names: of the output's channels or units.
        kind, options: of the registry, for layers that are made from it.
    """

    module: nn.Module
    x: Tensor
    y: Tensor
    key: str
    grey: bool = False
    on_edit: Callable[[tuple[int, int, int, int], float], None] | None = None
    image_shape: tuple[int, ...] | None = None
    names: tuple[str, ...] | None = None
    kind: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def show_layer(seen: Seen) -> None:
    """The view that suits the layer."""
    module = seen.module
    if isinstance(module, Sliding):
        _window(module, seen)
    elif isinstance(module, nn.Linear):
        _linear(module, seen)
    elif isinstance(module, nn.Flatten):
        _flatten(seen)
    elif isinstance(module, Norm):
        _norm(module, seen)
    else:
        if seen.kind and LAYERS[seen.kind].family == "activation":
            _curve(seen)
        before_and_after(seen)


def _window(module: Sliding, seen: Seen) -> None:
    """All of it under the pointer; the middle is taken apart at first, where usually something is."""
    channels, height, width = seen.y.shape[1:]
    _follow_size((channels, height, width))
    # All three are read before any is written: the URL is what was selected last.
    start = (
        query_number("channel", 0, low=0, high=channels - 1),
        query_number("row", height // 2, low=0, high=height - 1),
        query_number("column", width // 2, low=0, high=width - 1),
    )
    chosen = window(
        module, seen.x, seen.y, key=seen.key, selected=start, grey=seen.grey, on_edit=seen.on_edit,
        names=seen.names,
    )  # fmt: skip
    if chosen != start:
        for name, value in zip(PLACE, chosen, strict=True):
            set_query(name, value)


def _follow_size(size: tuple[int, ...]) -> None:
    """Where the output became smaller, what was selected beyond its end is its last place now; what the URL
    alone asks for is left as it is, and told where it is not possible."""
    before = st.session_state.get(_SIZE, size)
    st.session_state[_SIZE] = size
    if size != before:
        for name, places in zip(PLACE, size, strict=True):
            keep_within(name, places - 1)


def before_and_after(seen: Seen) -> None:
    """Input and output side by side on the zero-centred scale, with the numbers of both."""
    left, right = st.columns(2, gap="medium")
    for place, tensor, title in ((left, seen.x, _("Before")), (right, seen.y, _("After"))):
        with place:
            st.markdown(f"**{title}** · {' × '.join(map(str, tensor.shape[1:]))}")
            maps(tensor[0], key=f"{seen.key}-{title}", label=title)
            numbers(tensor)


def maps(tensor: Tensor, *, key: str, label: str) -> None:
    """(C, H, W) as maps, (F,) as one column of squares."""
    if tensor.ndim == 3:
        shown = tensor[:_MOST_MAPS]
        side = 320 if len(shown) == 1 else max(48, 560 // min(8, len(shown)))
        tiles(shown.detach(), columns=min(8, len(shown)), key=key, label=label, kind="signed", max_tile=side)
        if len(tensor) > _MOST_MAPS:
            st.caption(_("The first {shown} of {count}.", shown=_MOST_MAPS, count=len(tensor)))
        return
    across = min(32, len(tensor))
    padded = torch.full((-(-len(tensor) // across) * across,), torch.nan)
    padded[: len(tensor)] = tensor.detach()
    tiles(padded.view(1, -1, across), columns=1, key=key, label=label, kind="signed", max_tile=520)


def numbers(tensor: Tensor) -> None:
    """Smallest, largest, mean, standard deviation, and how many are zero."""
    values = tensor.detach().double()
    facts(
        [
            ("min", f"{float(values.min()):.4g}"),
            ("max", f"{float(values.max()):.4g}"),
            ("mean", f"{float(values.mean()):.4g}"),
            ("std", f"{float(values.std(correction=0)):.4g}"),
            (_("zeros"), f"{float((values == 0).double().mean()):.1%}"),
        ]
    )


def _linear(linear: nn.Linear, seen: Seen) -> None:
    """The matrix, and one output of it as a product of a row with the input."""
    x, y, weight = seen.x[0].detach(), seen.y[0].detach(), linear.weight.detach()
    units = len(y)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        st.markdown(f"**{_('Outputs')}** · {units}")
        names = list(seen.names) if seen.names else [str(i) for i in range(units)]
        picked = tiles(
            y.view(units, 1, 1), names if units <= 40 else None, columns=min(10, units),
            key=f"{seen.key}-outputs-{units}", label=_("Outputs: choose one to take it apart"), kind="signed",
            selectable=True, selected=0, max_tile=36,
        )  # fmt: skip
        unit = min(picked or 0, units - 1)
    terms = linear_terms(linear, seen.x[:1], unit)
    with left:
        st.markdown(f"**{_('Output {unit} taken apart', unit=names[unit])}**")
        shape = seen.image_shape or (1, -(-len(x) // min(32, len(x))), min(32, len(x)))
        trio = [
            (terms.inputs, _("input")),
            (terms.weights, _("× weights")),
            (terms.products, _("= products")),
        ]
        for place, (vector, title) in zip(st.columns(3), trio, strict=True):
            with place:
                st.caption(title)
                tiles(_as_image(vector, shape), columns=1, key=f"{seen.key}-{title}", label=title,
                      kind="signed", max_tile=240)  # fmt: skip
        products = terms.total - terms.bias if linear.bias is not None else terms.total
        facts(
            [
                (_("sum of {count:,} products", count=len(x)), f"{float(products):.9g}"),
                *([(_("+ bias"), f"{float(terms.bias):.9g}")] if linear.bias is not None else []),
                (_("= output"), f"{float(terms.output):.9g}"),
            ]
        )
        if terms.ulps:
            st.caption(
                _(
                    "Added in this order: {sum}, {count} units in the last place from PyTorch's number, "
                    "which adds in another order.",
                    sum=f"{float(terms.total):.9g}", count=terms.ulps,
                )
            )  # fmt: skip
    st.markdown(f"**{_('The whole matrix')}** · {units} × {weight.shape[1]:,}")
    if weight.numel() <= _MOST_WEIGHTS:
        tiles(weight[None], columns=1, key=f"{seen.key}-matrix", label=_("The whole matrix"), kind="signed",
              max_tile=1100)  # fmt: skip
    else:
        st.caption(_("{count:,} weights: too many to draw.", count=weight.numel()))


def _as_image(vector: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A vector in the shape it was flattened from, (1, C, H, W); blank where it does not fill its rows."""
    count = shape[0] * shape[1] * shape[2]
    padded = torch.full((count,), torch.nan)
    padded[: len(vector)] = vector
    return padded.view(1, *shape)


def _flatten(seen: Seen) -> None:
    """Where each value goes."""
    before_and_after(seen)
    if seen.x.ndim != 4:
        return
    channels, height, width = seen.x.shape[1:]
    st.markdown(
        _(
            "`x[0, c, h, w]` becomes `y[0, c * {area} + h * {width} + w]`: row after row, then the next "
            "channel. No number changes.",
            area=height * width, width=width,
        )
    )  # fmt: skip
    last = channels * height * width - 1
    st.caption(
        f"x[0, {channels - 1}, {height - 1}, {width - 1}] = y[0, {last}] = {float(seen.y[0, last]):.6g}"
    )


def _norm(norm: Norm, seen: Seen) -> None:
    """Each group of values that shares a mean and a variance, before and after; and one sample as maps."""
    terms = norm_terms(norm, seen.x)
    count = terms.mean.numel()
    per = 0 if isinstance(norm, nn.LayerNorm) else 1
    axes = tuple(axis for axis in range(seen.x.ndim) if axis != per)
    after = seen.y.double()
    kind = _("sample") if per == 0 else _("channel")
    st.markdown(
        _("Running mean and variance, kept while training") if terms.running
        else _("Values that share a mean and a variance: {size:,}", size=seen.x.numel() // count)
    )  # fmt: skip
    st.dataframe(
        {
            kind: list(range(count)),
            "mean": terms.mean.flatten().tolist(),
            "var": terms.var.flatten().tolist(),
            _("mean after"): after.mean(axes).tolist(),
            _("var after"): after.var(axes, correction=0).tolist(),
        },
        hide_index=True,
        height=min(248, 38 + 35 * count),
        column_config={
            name: st.column_config.NumberColumn(format="%.5g")
            for name in ("mean", "var", _("mean after"), _("var after"))
        },
    )
    before_and_after(dataclasses.replace(seen, x=seen.x[:1], y=seen.y[:1]))


def _curve(seen: Seen) -> None:
    """The activation with its derivative, and the layer's own values marked on it."""
    # Here, so that the layers that have no curve do not wait for Plotly to be imported.
    import plotly.graph_objects as go

    values = seen.x.flatten()
    reach = max(3.0, float(values.abs().max()))
    curve = activation_curve(seen.kind, seen.options, -reach, reach)
    shown = values[:: max(1, len(values) // _MOST_MARKS)]
    marked = seen.y.flatten()[:: max(1, len(values) // _MOST_MARKS)]
    figure = go.Figure()
    figure.add_scatter(x=curve.x.tolist(), y=curve.y.tolist(), name="f(x)", mode="lines")
    figure.add_scatter(x=curve.x.tolist(), y=curve.dy.tolist(), name="f′(x)", mode="lines", line_dash="dash")
    figure.add_scatter(
        x=shown.tolist(), y=marked.tolist(), name=_("this layer's values"), mode="markers", marker_size=5
    )
    figure.update_layout(
        colorway=palette() or None, height=260, margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "x", "fixedrange": True}, yaxis={"fixedrange": True},
    )  # fmt: skip
    st.plotly_chart(
        figure, config={"displayModeBar": False}, key=f"{seen.key}-curve",
        alt=_("The activation, its derivative, and the values of this layer on it"),
    )  # fmt: skip
