"""What there is to see of a training: its curves, its layers one beside the other, one layer's histograms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from nnlab.lessons.clinic import Layer, Record
from nnlab.lessons.clinic.cases import STEPS
from nnlab.lessons.clinic.records import BINS, EVERY
from nnlab.ui.components import Series, curves
from nnlab.ui.components.histogram import Axis, histogram
from nnlab.ui.learn.clinic.running import LINKED
from nnlab.ui.text import _

_HEIGHT = 200
_TICKS = [0, BINS // 2, BINS - 1]
_SMALLEST = 1e-12  # on a logarithmic scale, where there is no zero
_WIDE = 1e3  # losses that differ by more, as a factor, need a logarithmic scale
_STEPS = [*range(0, STEPS, EVERY), STEPS - 1]  # all that are recorded, so that the slider stays as it is


def pictures(records: Sequence[Record], key: str) -> None:
    """All of them, at the step that the reader looks at."""
    left, right = st.columns(2)
    with left:
        _losses(records, key)
    with right:
        _accuracies(records, key)
    if not records:
        return
    asked = LINKED.number("step", _STEPS[-1], low=0, high=_STEPS[-1])
    record = min(records, key=lambda record: abs(record.step - asked))
    # The slider stays where the reader wants it while steps come: one that moved by itself would be told
    # again by the browser, late, as if the reader had chosen that.
    wanted = min(_STEPS, key=lambda step: abs(step - asked))
    st.select_slider(
        _("Look at step"), _STEPS, **LINKED.held("step", wanted),
        on_change=LINKED.note, args=("step", _STEPS[-1]),
    )  # fmt: skip
    st.caption(_("Below is step {step}.", step=record.step))
    left, right = st.columns(2)
    with left:
        _by_layer(record, _("Gradient norm"), lambda layer: layer.grad, f"{key}-grad", log=True)
    with right:
        _by_layer(record, _("Activation std"), lambda layer: layer.std, f"{key}-std")
    _histograms(record, key)


def _losses(records: Sequence[Record], key: str) -> None:
    named = ((_("batch"), "loss"), (_("test"), "test_loss"))
    _curves(records, named, _("Loss"), f"{key}-loss")


def _accuracies(records: Sequence[Record], key: str) -> None:
    named = ((_("batch"), "accuracy"), (_("test"), "test_accuracy"))
    _curves(records, named, _("Accuracy"), f"{key}-accuracy")


def _curves(records: Sequence[Record], named: Sequence[tuple[str, str]], label: str, key: str) -> None:
    lines, wrong, most = [], set(), 0.0
    for place, (name, attribute) in enumerate(named):
        points = [(one.step, getattr(one, attribute)) for one in records]
        finite = [(x, y) for x, y in points if np.isfinite(y)]
        wrong |= {x for x, y in points if not np.isfinite(y)}
        x, y = zip(*finite, strict=True) if finite else ((), ())
        most = max(most, *y) if y else most
        lines.append(Series(name, x, y, dash=("solid", "dash")[place]))
    curves(
        lines, x_label=_("Step"), y_label=label, key=f"clinic-{key}", height=_HEIGHT, log_y=most > _WIDE
    )  # fmt: skip
    if wrong:
        st.caption(_("From step {step} on, nan or inf: there is nothing to draw.", step=min(wrong)))


def _by_layer(
    record: Record, label: str, value: Callable[[Layer], float], key: str, log: bool = False
) -> None:
    names = [layer.name for layer in record.layers]
    values = [value(layer) for layer in record.layers]
    shown = [(i, max(v, _SMALLEST) if log else v) for i, v in enumerate(values) if np.isfinite(v)]
    x, y = zip(*shown, strict=True) if shown else ((), ())
    lost = [name for name, v in zip(names, values, strict=True) if not np.isfinite(v)]
    if not shown:  # the place stays as high as the chart
        with st.container(height=_HEIGHT + 75, border=False, key=f"clinic-{key}-none"):
            st.markdown(f"**{label}**  \n{_('nan or inf in all layers.')}")
        return
    line = Series(label, x, y, marker="circle", smooth=False)
    curves(
        [line], x_label=_("Layer"), y_label=label, key=f"clinic-{key}", height=_HEIGHT, log_y=log,
        x_names=names,
    )  # fmt: skip
    if lost:
        st.caption(_("nan or inf: {names}", names=", ".join(lost)))
    if log and 0 in values:
        st.caption(_("0 is drawn at {smallest:g}, as a logarithmic scale has no zero.", smallest=_SMALLEST))


def _histograms(record: Record, key: str) -> None:
    names = [layer.name for layer in record.layers]
    chosen = LINKED.text("layer", names[0])
    chosen = chosen if chosen in names else names[0]
    st.segmented_control(
        _("Layer"), names, **LINKED.held("layer", chosen, {"default": chosen}), required=True,
        on_change=LINKED.note, args=("layer", names[0]), label_visibility="collapsed",
    )  # fmt: skip
    layer = record.layers[names.index(chosen)]
    left, right = st.columns(2)
    with left:
        label = _("Activations of {name}", name=chosen)
        _histogram(layer.activations, layer.activation_ends, layer.activations_lost, label, f"{key}-a")
    with right:
        label = _("Gradients of {name}", name=chosen)
        _histogram(layer.gradients, layer.gradient_ends, layer.gradients_lost, label, f"{key}-g")


def _histogram(counts: Sequence[int], ends: tuple[float, float], lost: int, label: str, key: str) -> None:
    edges = np.linspace(*ends, BINS + 1)
    axis = Axis(label, (edges[:-1] + edges[1:]) / 2)
    texts = [f"{v:.3g}" for v in (ends[0], (ends[0] + ends[1]) / 2, ends[1])]
    ticks = _TICKS
    if ends[0] == ends[1]:  # one value, in the middle
        ticks, texts = _TICKS[1:2], texts[1:2]
    histogram(
        np.array([counts]), [axis], names=[label], key=f"clinic-{key}", label=label, height=140,
        ticks=ticks, tick_texts=texts, counted=_("values"),
    )  # fmt: skip
    if lost:
        st.caption(_("{lost:,} of {all:,} values are nan or inf.", lost=lost, all=lost + sum(counts)))
