"""Architectures from JSON that anyone may have written: what is wrong is told with the path to it.

`read_json` turns text into values, `read_architecture` those into layers. Whatever either is given, it
returns or raises `LabError` soon: sizes, depths and counts are limited, and looked at before what they hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nnlab.errors import LabError, Sentence
from nnlab.nets.branches import JOINS
from nnlab.nets.layers import LAYERS, layer_kind
from nnlab.nets.layers.fields import shown
from nnlab.nets.spec import MAX_BRANCHES, MAX_DEPTH, MAX_LAYERS, MAX_NAME, Chain, LayerSpec, name_is_good

MAX_TEXT = 300_000  # characters; a thousand convolutions with all their options take 160,000

_DIGITS = 30  # of a whole number; longer ones are read as fractions, which no option takes
_WORD = re.compile(r"[A-Za-z_]\w{0,40}")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\],]', re.DOTALL)
_LAST_WORD = re.compile(r"[\w.+-]*\s*")

_ROOT = Sentence("The architecture")
_OBJECT = Sentence('an object with "name" and "layers"')
_LAYER = Sentence('an object with "kind" and the options of that layer')
_LAYERS = Sentence("a list of layers")
_BRANCHES = Sentence("a list of branches, each a list of layers")
_NAME = Sentence("a text of 1 to {most} visible characters", most=MAX_NAME)


def read_json(text: str | bytes) -> Any:
    """What JSON `text` (of bytes, UTF-8) says; objects that hold a key twice are `_Twice`.

    Raises:
        LabError: cut off, too long, or no JSON; with the path and the line at which it went wrong.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise LabError(
                "{path} is not text: byte {at} is not UTF-8.", path=_ROOT, at=error.start
            ) from None
    if len(text) > MAX_TEXT:
        raise LabError(
            "{path} is {count} characters long; it should be at most {most}.",
            path=_ROOT, count=len(text), most=MAX_TEXT,
        )  # fmt: skip
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise _unreadable(text, error) from None
    except RecursionError:
        raise _too_deep(_path_at(text, len(text))) from None


def read_architecture(value: Any) -> tuple[str, Chain]:
    """The name and the layers in parsed JSON (see `Architecture.to_json`); raises `LabError`."""
    fields = _fields(value, "", _OBJECT, {"name": _NAME, "layers": _LAYERS})
    for key in fields:
        if key not in ("name", "layers"):
            raise LabError(
                "{path} is not known here; an architecture has: {known}.",
                path=_within("", key), known="name, layers",
            )  # fmt: skip
    name = fields["name"]
    if not isinstance(name, str) or not name_is_good(name):
        raise _wrong("name", name, _NAME)
    layers = _Reader().chain(fields["layers"], "layers", 0)
    if not layers:
        raise LabError("{path} is empty; it should be {right}.", path="layers", right=_LAYERS)
    return name, layers


def read_layer(value: Any) -> LayerSpec:
    """The layer in parsed JSON (see `LayerSpec.to_json`); raises `LabError`."""
    return _Reader().chain([value], "layers", 0)[0]


class _Reader:
    """Reads layers and counts them."""

    def __init__(self) -> None:
        self._count = 0

    def chain(self, value: Any, path: str, depth: int) -> Chain:
        layers = _list(value, path, _LAYERS)
        self._count += len(layers)
        if self._count > MAX_LAYERS:
            raise LabError(
                "With {path} there are {count} layers; at most {most} are possible.",
                path=path, count=self._count, most=MAX_LAYERS,
            )  # fmt: skip
        return tuple(self._layer(layer, f"{path}[{place}]", depth) for place, layer in enumerate(layers))

    def _layer(self, value: Any, path: str, depth: int) -> LayerSpec:
        fields = _fields(value, path, _LAYER, {"kind": _kinds()})
        kind = fields.pop("kind")
        if not isinstance(kind, str) or kind not in (*LAYERS, *JOINS):
            raise _wrong(f"{path}.kind", kind, _kinds())
        if kind in JOINS:
            return self._join(kind, fields, path, depth)
        try:
            LayerSpec(kind).validate()
        except LabError as problem:
            raise LabError("{path}: {problem}", path=f"{path}.kind", problem=problem) from None
        known = {field.name: field for field in layer_kind(kind).fields}
        options: dict[str, Any] = {}
        for name, given in fields.items():
            if name not in known:
                raise _unknown(_within(path, name), kind, list(known))
            try:
                options[name] = known[name].clean(kind, given)
            except LabError as problem:
                raise LabError("{path}: {problem}", path=f"{path}.{name}", problem=problem) from None
        return LayerSpec(kind, options)

    def _join(self, kind: str, fields: dict[str, Any], path: str, depth: int) -> LayerSpec:
        for name in fields:
            if name != "branches":
                raise _unknown(_within(path, name), kind, ["branches"])
        if depth >= MAX_DEPTH:
            raise _too_deep(path)
        inside = f"{path}.branches"
        if "branches" not in fields:
            raise LabError("{path} is missing; it should be {right}.", path=inside, right=_BRANCHES)
        branches = _list(fields["branches"], inside, _BRANCHES)
        if not 2 <= len(branches) <= MAX_BRANCHES:
            raise LabError(
                "{path} has {count} branches; it should have {least} to {most}.",
                path=inside, count=len(branches), least=2, most=MAX_BRANCHES,
            )  # fmt: skip
        return LayerSpec(
            kind,
            branches=tuple(
                self.chain(branch, f"{inside}[{number}]", depth + 1) for number, branch in enumerate(branches)
            ),
        )


class _Twice(dict[str, Any]):
    """An object in which `key` stands twice."""

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = _Twice(found)
    seen: set[str] = set()
    twice.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return twice


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _fields(value: Any, path: str, right: Sentence, needed: Mapping[str, Sentence]) -> dict[str, Any]:
    """The values of an object by their names, with all that are needed."""
    if not isinstance(value, Mapping):
        raise _wrong(path, value, right)
    if isinstance(value, _Twice):
        raise LabError("{path} stands there twice; it should be there once.", path=_within(path, value.key))
    for key, about in needed.items():
        if key not in value:
            raise LabError("{path} is missing; it should be {right}.", path=_within(path, key), right=about)
    return dict(value)


def _list(value: Any, path: str, right: Sentence) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(path, value, right)
    return value


def _kinds() -> Sentence:
    known = [name for name, kind in LAYERS.items() if kind.takes not in ("sequence", "tokens")]
    return Sentence("one of: {known}", known=", ".join([*known, *JOINS]))


def _wrong(path: str, value: Any, right: Sentence) -> LabError:
    return LabError(
        "{path} is {value}; it should be {right}.", path=path or _ROOT, value=shown(value), right=right
    )


def _unknown(path: str, kind: str, known: Sequence[str]) -> LabError:
    if not known:
        return LabError("{path} is not known here; {kind} has no options.", path=path, kind=kind)
    return LabError(
        "{path} is not known here; {kind} has: {known}.", path=path, kind=kind, known=", ".join(known)
    )


def _too_deep(path: str) -> LabError:
    return LabError(
        "{path}: branches are nested too deep; at most {most} in each other are possible.",
        path=path or _ROOT, most=MAX_DEPTH,
    )  # fmt: skip


def _within(path: str, key: object) -> str:
    """The path to what `key` names in the object at `path`."""
    if isinstance(key, str) and _WORD.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{shown(key)}]"


def _unreadable(text: str, error: json.JSONDecodeError) -> LabError:
    path = _path_at(text, error.pos)
    where = {"path": path or _ROOT, "line": error.lineno, "column": error.colno}
    found = text[error.pos : error.pos + 20]
    if error.msg.startswith("Extra"):
        return LabError(
            "{path} ends at line {line}, column {column}, but {found} follows.", **where, found=shown(found)
        )
    if _LAST_WORD.fullmatch(text, error.pos) or error.msg.startswith("Unterminated"):
        return LabError("{path} is cut off at line {line}, column {column}.", **where)
    return LabError(
        "{path} is no JSON at line {line}, column {column}, where {found} stands ({reason}).",
        **where, found=shown(found), reason=error.msg,
    )  # fmt: skip


def _path_at(text: str, end: int) -> str:
    """The path to the value that JSON `text` is in the midst of at `end`, as far as it can be followed."""
    steps: list[str | int | None] = []  # in each open list the place, in each open object the key once known
    for match in _TOKEN.finditer(text, 0, end):
        token = match.group()
        if token in "{[":
            if len(steps) > 3 * MAX_DEPTH:
                break
            steps.append(0 if token == "[" else None)
        elif token in "}]":
            del steps[-1:]
        elif token == "," and steps:
            last = steps[-1]
            steps[-1] = last + 1 if isinstance(last, int) else None
        elif token.startswith('"') and steps and steps[-1] is None:
            steps[-1] = token.strip('"')
    path = ""
    for step in steps:
        if step is not None:
            path = f"{path}[{step}]" if isinstance(step, int) else _within(path, step)
    return path
