"""A graph of operations, walked forward and back: values in the boxes, gradients on the edges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.lessons.autograd.backward import Step, Walk
from nnlab.lessons.autograd.graph import Graph, Node
from nnlab.ui.components.graph_layout import Link, place
from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _

_TITLE, _SMALL, _VALUE = 7.9, 6.1, 7.0  # CSS pixels a letter is wide: of a title, of grad_fn, of values
_LINE, _HEAD = 15.0, 36.0  # a line of values; title and grad_fn
_LONGEST = 20  # letters of a title
_ROWS, _COLUMNS, _VECTOR = 3, 4, 5  # numbers that are written in a box
_ON_EDGE = 13  # letters
_MOST = 64  # numbers of a tensor that are taken apart below the picture
_NAMED = 2  # autograd nodes of one operation that are named in its box


def graph(
    ran: Graph, walk: Walk | None, *, key: str, at: int | None = None,
    on_step: Callable[[int | None], None] | None = None,
) -> None:  # fmt: skip
    """Show an expression that `ran`; with `walk`, also the way back.

    Args:
        at: the step that is shown at first; None is the last.
        on_step: called with the step that is shown now, None for the last one.
    """
    header = _header(ran, walk)
    text = repr((header["nodes"], header["steps"])).encode()
    header |= {"at": at, "id": hashlib.blake2b(text, digest_size=8).hexdigest(), "texts": _texts()}

    def noted() -> None:
        told = (st.session_state.get(key) or {}).get("at")
        if on_step is not None:
            on_step(None if told is None or told < 0 else int(told))

    part("graph")(key=key, data=pack(header), default={"at": at}, on_at_change=noted)


def _header(ran: Graph, walk: Walk | None) -> dict[str, Any]:
    nodes = [_box(ran, at, walk) for at in range(len(ran.nodes))]
    links = [
        Link(start, to, slot, len(node.inputs))
        for to, node in enumerate(ran.nodes)
        for slot, start in enumerate(node.inputs)
    ]
    sizes = [(box.pop("w"), box.pop("h")) for box in nodes]
    placed = place(sizes, links)
    for box, corner, size in zip(nodes, placed.corners, sizes, strict=True):
        box["box"] = [*_rounded(corner), *_rounded(size)]
    edges = [
        {"from": link.start, "to": link.to, "path": [_rounded(point) for point in path],
         "label": _rounded(label), "cut": not _carries(ran, link)}
        for link, path, label in zip(links, placed.paths, placed.labels, strict=True)
    ]  # fmt: skip
    numbered = {(link.to, link.slot): number for number, link in enumerate(links)}
    steps = [_forward(ran, at) for at, node in enumerate(ran.nodes) if node.run is not None]
    if walk is not None:
        steps.append({"kind": "seed", "node": ran.output, "label": _label(ran, ran.nodes[ran.output]),
                      "after": _matrix(walk.seed), "grad": _lines(walk.seed), "last": True})  # fmt: skip
        steps += [_back(ran, step, numbered[step.node, step.slot]) for step in walk.steps]
    return {
        "nodes": nodes, "edges": edges, "steps": steps,
        "width": round(placed.width, 1), "height": round(placed.height, 1),
    }  # fmt: skip


def _carries(ran: Graph, link: Link) -> bool:
    """Whether a gradient can go back over the edge."""
    return ran.nodes[link.to].value.grad_fn is not None and ran.nodes[link.start].value.requires_grad


def _box(ran: Graph, at: int, walk: Walk | None) -> dict[str, Any]:
    node = ran.nodes[at]
    value = _lines(node.value)
    grad = _lines(walk.torchs[at]) if walk is not None and at in walk.torchs else []
    title, made = _title(ran, node), _made(node)
    widest = max(len(line) for line in (*value, *grad))
    width = max(_TITLE * len(title), _SMALL * len(made), _VALUE * (widest + 5)) + 18
    return {
        "title": title,
        "made": made,
        "leaf": node.run is None,
        "needs": node.value.requires_grad,
        "value": value,
        "full": _matrix(node.value),
        "gradLines": len(grad),
        "w": width,
        "h": _HEAD + _LINE * (len(value) + len(grad)) + 8,
    }


def _title(ran: Graph, node: Node) -> str:
    """Its name, and how it is made."""
    if node.run is None or not node.name:
        return _label(ran, node)
    return f"{node.name} = {_written(ran, node, _LONGEST - len(node.name) - 3)}"


def _label(ran: Graph, node: Node) -> str:
    return node.name or _written(ran, node, _LONGEST)


def _written(ran: Graph, node: Node, most: int) -> str:
    """As it was typed where there is room, otherwise with "·" for inputs without a name."""
    typed = " ".join(ran.text[node.start : node.stop].split())
    text = typed if len(typed) <= most else node.title
    return text if len(text) <= most else text[: most - 1] + "…"


def _made(node: Node) -> str:
    """What autograd notes down about it, in PyTorch's words."""
    if node.run is None:
        return "requires_grad" if node.value.requires_grad else "requires_grad=False"
    if not node.backward:
        return "grad_fn=None"
    rest = "…" if len(node.backward) > _NAMED else ""
    return " ← ".join(node.backward[:_NAMED]) + rest


def _forward(ran: Graph, at: int) -> dict[str, Any]:
    node = ran.nodes[at]
    return {"kind": "forward", "node": at, "label": _label(ran, node), "made": " ← ".join(node.backward),
            "after": _matrix(node.value)}  # fmt: skip


def _back(ran: Graph, step: Step, edge: int) -> dict[str, Any]:
    node = ran.nodes[step.node]
    form = "each" if step.local is not None else "matrix" if step.jacobian is not None else "large"
    local = step.local if step.local is not None else step.jacobian
    incoming = step.incoming.reshape(1, -1) if form == "matrix" else step.incoming
    outgoing = step.outgoing.reshape(1, -1) if form == "matrix" else step.outgoing
    return {
        "kind": "back", "form": form, "node": step.to, "edge": edge,
        "of": _label(ran, node), "by": _label(ran, ran.nodes[step.to]),
        "rule": node.rules[step.slot] if node.rules else "",
        "local": None if local is None else _matrix(local),
        "incoming": _matrix(incoming), "outgoing": _matrix(outgoing),
        "onEdge": _on_edge(step.outgoing),
        "summed": form == "each" and step.incoming.shape != step.outgoing.shape,
        "before": None if step.before is None else _matrix(step.before),
        "added": _matrix(step.outgoing), "after": _matrix(step.after),
        "grad": _lines(step.after), "last": step.last,
    }  # fmt: skip


def _lines(tensor: Tensor) -> list[str]:
    """`tensor` in a few short lines, as Python writes lists."""
    values = tensor.detach()
    if values.ndim > 2 or (values.ndim == 2 and (len(values) > _ROWS or values.shape[1] > _COLUMNS)):
        return [_shape(tensor)]
    if values.ndim < 2:
        return [_listed(values.reshape(-1), values.ndim == 1)]
    rows = [_listed(row, True) for row in values]
    ends = ["," if number < len(rows) - 1 else "]" for number in range(len(rows))]
    return [("[" if not number else " ") + row + end
            for number, (row, end) in enumerate(zip(rows, ends, strict=True))]  # fmt: skip


def _on_edge(tensor: Tensor) -> str:
    """`tensor` in a few letters: a row of numbers, with fewer digits where it is long, or its shape."""
    values = tensor.detach()
    if values.ndim < 2:
        for digits in (4, 3, 2):
            row = _listed(values.reshape(-1), values.ndim == 1, digits)
            if len(row) <= _ON_EDGE:
                return row
    return str(tuple(values.shape))


def _listed(values: Tensor, brackets: bool, digits: int = 4) -> str:
    shown = [_short(value, digits) for value in values[:_VECTOR].tolist()]
    text = ", ".join(shown) + (", …" if len(values) > _VECTOR else "")
    return f"[{text}]" if brackets else text


def _short(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e-0", "e-").replace("-", "−")


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape))


def _matrix(tensor: Tensor) -> dict[str, Any]:
    """All numbers in rows, each as the shortest decimal that is this number; none where they are too many."""
    values = tensor.detach()
    shape = list(values.shape)
    if values.numel() > _MOST:
        return {"shape": shape, "rows": None}
    rows = values.reshape(-1, shape[-1] if shape else 1).numpy()
    return {"shape": shape, "rows": [[exact(value) for value in row] for row in rows]}


def exact(value: np.floating[Any]) -> str:
    """The shortest decimal that is this float32 or float64 and no other."""
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else "−inf" if value < 0 else "inf"
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        text = np.format_float_positional(value, unique=True, trim="-")
    else:
        text = (
            np.format_float_scientific(value, unique=True, trim="-").replace("e+0", "e").replace("e-0", "e-")
        )
    return text.replace("-", "−")


def _rounded(point: Sequence[float]) -> list[float]:
    return [round(value, 1) for value in point]


def _texts() -> dict[str, str]:
    """What the component says; {fields} in braces are filled in there."""
    return {
        "label": _(
            "The graph of the expression, from the given tensors on the left to the result on the right. "
            "Left and right arrow keys walk through the steps, up and down look at the boxes."
        ),
        "first": _("To the beginning"),
        "back": _("One step back"),
        "onward": _("One step on"),
        "last": _("To the end"),
        "play": _("Play"),
        "pause": _("Pause"),
        "slider": _("Step"),
        "start": _("Given"),
        "forward": _("Forward {at} of {count}"),
        "backward": _("Backward {at} of {count}"),
        "smaller": _("Smaller"),
        "larger": _("Larger"),
        "given": _("The given tensors. Step on, and PyTorch runs the expression, one operation at a time."),
        "ran": _("{name} is computed."),
        "seed": _("Going back begins with the gradient that {name} is given."),
        "local": _("local derivative ∂{of} / ∂{by}"),
        "incoming": _("incoming gradient of {of}"),
        "outgoing": _("goes back to {by}"),
        "large": _("The matrix of local derivatives is too large to be shown."),
        "summed": _("summed where {by} was broadcast"),
        "adds": _("Added up in {by}.grad:"),
        "more": _("more will come"),
        "complete": _("complete"),
        "value": _("value"),
        "gradient": _("gradient"),
        "none": _("no gradient reaches it"),
        "table": _("Every step as a table"),
        "columns": _("Step|From|To|Local derivative|Incoming|Goes back|Sum so far"),
        "tooMany": _("{shape}, too many numbers to list"),
    }
