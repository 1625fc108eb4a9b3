"""A sliding window under the pointer: every output of a convolution or a pooling, taken apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor, nn

from nnlab.lens.windows import Axis, Sliding, axes
from nnlab.ui.components.library import limit, pack, part
from nnlab.ui.text import _

Cell = tuple[int, int, int, int]


def window(
    layer: Sliding,
    x: Tensor,
    output: Tensor,
    *,
    key: str,
    selected: tuple[int, int, int] = (0, 0, 0),
    grey: bool = False,
    on_edit: Callable[[Cell, float], None] | None = None,
    names: Sequence[str] | None = None,
) -> tuple[int, int, int]:
    """Show `layer` sliding over `x`; all of it follows the pointer without asking Python again.

    Args:
        layer: a convolution or a pooling.
        x: its input (1, C, H, W) float32.
        output: ``layer(x)`` as PyTorch computed it (1, O, H', W').
        selected: channel, row and column of the output that is taken apart at first.
        grey: whether the input is an image of values in [0, 1], shown in grey; otherwise, as all else, on
            the scale centred on zero.
        on_edit: called with the place (out, in, row, column) in the weight and the number somebody typed
            there; without it the kernel cannot be edited.
        names: of the output channels, where they have any.

    Returns:
        Channel, row and column of the output that was selected last.
    """
    weight = layer.weight.detach() if isinstance(layer, nn.Conv2d) else None
    bias = layer.bias.detach() if isinstance(layer, nn.Conv2d) and layer.bias is not None else None
    rows, columns = axes(layer, (x.shape[1], x.shape[2], x.shape[3]))
    header: dict[str, Any] = {
        "op": _operation(layer),
        "input": list(x.shape[1:]),
        "output": list(output.shape[1:]),
        "kernel": None if weight is None else list(weight.shape),
        "groups": getattr(layer, "groups", 1),
        "rows": _axis(rows),
        "columns": _axis(columns),
        "divisor": getattr(layer, "divisor_override", None),
        "limits": {"x": limit(x), "w": 1.0 if weight is None else limit(weight), "y": limit(output)},
        "mapLimits": [limit(channel) for channel in output[0]],
        "grey": grey,
        "selected": list(selected),
        "editable": on_edit is not None,
        "names": None if names is None else list(names),
        "texts": _texts(),
    }
    blobs = [_bytes(tensor) for tensor in (x, output, weight, bias)]

    def edited() -> None:
        told = st.session_state[key].get("edited")
        if told is not None and on_edit is not None:
            out, into, row, column = told["at"]
            on_edit((out, into, row, column), float(told["value"]))

    state = part("window")(
        key=key,
        data=pack(header, *blobs),
        default={"selected": list(selected)},
        on_selected_change=_noted,
        on_edited_change=edited,
    )
    chosen = state.selected or list(selected)
    channel, row, column = (min(int(at), size - 1) for at, size in zip(chosen, output.shape[1:], strict=True))
    return channel, row, column


def _operation(layer: Sliding) -> str:
    if isinstance(layer, nn.Conv2d):
        return "conv"
    return "max" if isinstance(layer, nn.MaxPool2d | nn.AdaptiveMaxPool2d) else "mean"


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "extent": axis.extent, "before": axis.before, "after": axis.after, "windows": axis.windows,
        "counts": axis.counts, "mode": axis.mode,
    }  # fmt: skip


def _bytes(tensor: Tensor | None) -> bytes:
    if tensor is None:
        return b""
    return np.ascontiguousarray(tensor.detach().numpy(), dtype="<f4").tobytes()


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""


def _texts() -> dict[str, str]:
    """What the component says; {fields} in braces are filled in there."""
    return {
        "channel": _("channel"),
        "row": _("row"),
        "column": _("column"),
        "back": _("One place back"),
        "onward": _("One place on"),
        "play": _("Slide"),
        "pause": _("Pause"),
        "scope": _("Scale each output map to itself"),
        "input": _("Input, channel {channel}"),
        "output": _("Output, channel {channel}"),
        "terms": _("How output {place} comes about"),
        "inputMap": _(
            "The input of the channel that is taken apart, with its padding. Arrow keys move over its "
            "numbers and show what each feeds."
        ),
        "outputMap": _(
            "The output channel. Arrow keys move over its numbers, page up and page down change the channel."
        ),
        "inputMaps": _("All input channels"),
        "outputMaps": _("All output channels"),
        "kernels": _("All filters: for each output channel one kernel per input channel, side by side"),
        "patch": _("patch of channel {channel}"),
        "kernel": _("× kernel [{out}, {channel}]"),
        "products": _("= products"),
        "sum": _("sum over channel {channel}"),
        "rest": _("sum over {count} more channels"),
        "bias": _("+ bias"),
        "total": _("sum of the patch"),
        "divisor": _("divided by"),
        "winner": _("the largest stands at"),
        "result": _("= output"),
        "same": _("Added in this order: PyTorch's number to the last bit."),
        "apart": _(
            "Added in this order: {sum}, {count} units in the last place from PyTorch's number, "
            "which adds in another order."
        ),
        "inputName": _("input"),
        "outputName": _("output"),
        "feeds": _("feeds {count} places of each output map"),
        "padding": _("padding"),
        "range": _("{name} {value} is not there; it runs from 0 to {last}."),
        "number": _("{value} is not a number; the kernel is as it was."),
        "legend_x": _("Input"),
        "legend_w": _("Weights"),
        "legend_y": _("Output"),
    }
