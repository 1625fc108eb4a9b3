"""What the list of layers asks for: changes to the draft, each with a number, applied once and in order.

The list sends all changes that have not been answered yet, so one that is sent while the page is busy is not
lost, and one that comes twice is not done twice. What it sends is checked like anything from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from nnlab.errors import LabError, check
from nnlab.nets.architecture import Architecture, Path
from nnlab.nets.branches import JOINS
from nnlab.nets.editing import (
    add_branch,
    change,
    duplicate,
    insert,
    layer_at,
    move,
    remove,
    remove_branch,
)
from nnlab.nets.layers import LAYERS, Shape, layer_kind
from nnlab.nets.repair import repairs
from nnlab.nets.spec import MAX_NAME, LayerSpec, name_is_good
from nnlab.nets.templates import TEMPLATES
from nnlab.ui.build.data import Target, target
from nnlab.ui.build.draft import draft, edit, redo, undo
from nnlab.ui.build.opening import file_name
from nnlab.ui.components.builder import asked
from nnlab.ui.layers.form import parsed
from nnlab.ui.text import say

LIST = "build-layers"
TO_TRAIN: Path = ()
_KEY = "build:desk"
_MOST_ANSWERS = 50
_MOST_OPS = 10_000  # that can wait for an answer; more are not from the list

Op = Mapping[str, Any]


@dataclass
class Desk:
    """Who sends changes, and how far they are done.

    Attributes:
        client: the list on the page; another one starts to count anew.
        done: the number of the last change that was dealt with.
        said: why changes were not made, by their numbers.
        chosen: the layer that is worked on.
        picked: how often one was chosen elsewhere than in the list.
        leaving: the layer that is to be opened on the Layers page, or `TO_TRAIN`.
        file: what was asked for last, to be saved: by which change, its name and its text.
    """

    client: str = ""
    done: int = 0
    said: dict[int, str] = field(default_factory=dict)
    chosen: Path | None = None
    picked: int = 0
    leaving: Path | None = None
    file: dict[str, Any] | None = None


def desk() -> Desk:
    """That of this session."""
    found: Desk = st.session_state.setdefault(_KEY, Desk())
    return found


def catch_up() -> None:
    """Do what the list has asked for; in each run, before anything looks at the draft."""
    take(asked(LIST))


def take(told: Any) -> None:
    """Do what ``{"client": ..., "ops": [{"n": 1, "op": "remove", "path": "3"}, ...]}`` asks for."""
    if not isinstance(told, Mapping) or not isinstance(told.get("ops"), list):
        return
    at = desk()
    if told.get("client") != at.client:
        at.client, at.done = str(told.get("client"))[:64], 0
        at.said.clear()
    for op in told["ops"][:_MOST_OPS]:
        number = op.get("n") if isinstance(op, Mapping) else None
        if not isinstance(number, int) or number <= at.done:
            continue
        at.done, at.file = number, None
        try:
            _do(op)
            if "then" in op:
                at.chosen = None if op["then"] is None else _path(op, "then")
        except LabError as error:
            at.said[number] = say(error)
    at.said = dict(list(at.said.items())[-_MOST_ANSWERS:])


def _do(op: Op) -> None:
    name = op.get("op")
    if name in _STEPS:
        _STEPS[str(name)](op)
        return
    check(isinstance(name, str) and name in _CHANGES, "{op} is no change to a network.", op=str(name)[:40])
    run = op.get("run")
    edit(_CHANGES[str(name)](draft(), op), run if isinstance(run, str) else None)


def _set(architecture: Architecture, op: Op) -> Architecture:
    """An option, as somebody has typed it."""
    path = _path(op)
    layer = layer_at(architecture, path)
    check(not layer.joins, "{layer} has no options.", layer=layer.kind)
    fields = {field.name: field for field in layer_kind(layer.kind).fields}
    name = op.get("field")
    check(
        name in fields, "{kind} has no option {name}; it has: {known}.",
        kind=layer.kind, name=str(name)[:40], known=", ".join(fields) or "none",
    )  # fmt: skip
    known = fields[str(name)]
    value = known.clean(layer_kind(layer.kind).torch, parsed(known, str(op.get("text"))[:200]))
    return change(architecture, path, replace(layer, options={**layer.options, known.name: value}))


def _kind(architecture: Architecture, op: Op) -> Architecture:
    """Another kind of layer in the same place, with the options that both have."""
    path, kind = _path(op), _known_kind(op)
    kept = {field.name: field for field in LAYERS[kind].fields}
    options = {}
    for name, value in layer_at(architecture, path).options.items():
        if name in kept:
            try:
                options[name] = kept[name].clean(kind, value)
            except LabError:
                continue  # it may be less there
    return change(architecture, path, LayerSpec(kind, options))


def _add(architecture: Architecture, op: Op) -> Architecture:
    """A layer or a group of layers at a path, before what stands there."""
    path, name = _path(op), op.get("kind")
    if isinstance(name, str) and name in TEMPLATES:
        return insert(architecture, path, *TEMPLATES[name].layers(_reaching(architecture, path)))
    return insert(architecture, path, LayerSpec(_known_kind(op)))


def _repair(architecture: Architecture, op: Op) -> Architecture:
    at = target()
    for repair in repairs(architecture, at.in_shape, at.classes):
        if repair.about == op.get("about"):
            return repair.architecture
    raise LabError("The network is another one by now, in which there is nothing of that kind to mend.")


def _rename(architecture: Architecture, op: Op) -> Architecture:
    name = str(op.get("name"))
    check(
        name_is_good(name), "A name should have 1 to {most} visible characters.", most=MAX_NAME
    )  # fmt: skip
    return replace(architecture, name=name)


def _to_layers(op: Op) -> None:
    path = _path(op)
    layer_at(draft(), path)
    desk().leaving = path


def _to_train(op: Op) -> None:
    desk().leaving = TO_TRAIN


def _save(op: Op) -> None:
    network = draft().validate()
    desk().file = {"n": op["n"], "name": file_name(network), "text": network.to_text()}


_CHANGES: dict[str, Callable[[Architecture, Op], Architecture]] = {
    "set": _set,
    "kind": _kind,
    "add": _add,
    "remove": lambda architecture, op: remove(architecture, _path(op)),
    "duplicate": lambda architecture, op: duplicate(architecture, _path(op)),
    "move": lambda architecture, op: move(architecture, _path(op), _path(op, "to")),
    "branch": lambda architecture, op: add_branch(architecture, _path(op)),
    "unbranch": lambda architecture, op: remove_branch(architecture, _path(op)),
    "repair": _repair,
    "rename": _rename,
}
_STEPS: dict[str, Callable[[Op], None]] = {
    "undo": lambda op: undo(),
    "redo": lambda op: redo(),
    "choose": lambda op: None,  # see `then`
    "layers": _to_layers,
    "train": _to_train,
    "save": _save,
}


def _path(op: Op, name: str = "path") -> Path:
    """``"3.0.2"``."""
    steps = str(op.get(name))[:200].split(".")
    good = all(step.isdecimal() and len(step) < 6 for step in steps)
    check(good, "There is no layer at {path}.", path=".".join(steps)[:40])
    return tuple(map(int, steps))


def _known_kind(op: Op) -> str:
    kind = op.get("kind")
    spec = LayerSpec(layer_kind(str(kind)[:40]).name)
    check(kind not in JOINS, "{layer} needs at least two branches.", layer=spec.kind)
    return spec.validate().kind


def _reaching(architecture: Architecture, path: Path) -> Shape | None:
    """What would reach a layer that is put in at `path`, as far as a sample comes."""
    at: Target = target()
    rows, _ = architecture.look(at.in_shape, at.classes)
    known = {row.path: row for row in rows}
    if path[-1]:
        before = known.get((*path[:-1], path[-1] - 1))
        return before.out_shape if before else None
    if len(path) == 1:
        return at.in_shape
    return _reaching(architecture, path[:-2])
