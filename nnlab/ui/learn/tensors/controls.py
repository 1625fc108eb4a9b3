"""The controls of the Tensors page, each bound to the URL, and how what is refused is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from nnlab.errors import LabError
from nnlab.lessons.tensors.operands import FILLINGS, Operand, code_of, operands
from nnlab.lessons.tensors.refusal import Refused
from nnlab.lessons.typed import TypedError
from nnlab.ui.components.tensor import Panel, tensors
from nnlab.ui.learn.parts import code, told
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark

LINKED = Linked("tensors")
LAST_SEED = 9999
_LIVE = "0ms"  # the picture follows every letter
_FILLED = {
    "count": mark("0, 1, 2, …"),
    "whole": mark("random whole numbers"),
    "randn": mark("random, normal"),
}


def text(
    label: str,
    name: str,
    default: str,
    *,
    width: int = 160,
    clears: Sequence[str] = (),
    placeholder: str = "",
    live: bool = False,
) -> str:
    """A text box for ``?name=``; typing something else takes `clears` out of the URL. A `live` one answers at
    every letter, others on Enter."""
    value = LINKED.text(name, default)
    st.text_input(
        label, **LINKED.held(name, value), on_change=_noted, args=(name, default, clears), width=width,
        placeholder=placeholder, live=_LIVE if live else False,
    )  # fmt: skip
    return value


def choice(
    label: str,
    name: str,
    titles: Mapping[str, str],
    default: str,
    *,
    width: int = 170,
    clears: Sequence[str] = (),
) -> str:
    """A select box for ``?name=``, whose choices are called by their titles."""
    value = LINKED.choice(name, list(titles), default)
    st.selectbox(
        label, list(titles), **LINKED.held(name, value, {"index": list(titles).index(value)}),
        format_func=dict(titles).__getitem__, on_change=_noted, args=(name, default, clears), width=width,
    )  # fmt: skip
    return value


def whole(label: str, name: str, default: int, low: int, high: int, *, width: int = 130) -> int:
    """A number box for ``?name=``."""
    value = LINKED.number(name, default, low=low, high=high)
    st.number_input(
        label,
        low,
        high,
        **LINKED.held(name, value),
        on_change=_noted,
        args=(name, default, ()),
        width=width,
    )
    return value


def toggle(label: str, name: str, default: bool) -> bool:
    """A switch for ``?name=``."""
    value = LINKED.toggle(name, default)
    st.toggle(label, **LINKED.held(name, value), on_change=_noted, args=(name, default, ()))
    return value


def examples(label: str, name: str, found: Sequence[str], default: str, clears: Sequence[str] = ()) -> None:
    """Texts for ``?name=`` that a click puts there."""
    key = f"tensors-{name}-examples"
    now = LINKED.text(name, default)
    st.session_state[key] = now if now in found else None

    def chosen() -> None:
        LINKED.choose(name, st.session_state[key] or default, default)
        _clear(clears)

    # A markdown label would read brackets as a link.
    shown = {each: f"`{each}`" for each in found}
    st.pills(label, found, key=key, on_change=chosen, format_func=shown.__getitem__)


def filling(seeded: Sequence[str]) -> tuple[str, int]:
    """What fills the shapes that are typed, and the seed, which has a box where one of `seeded` needs it."""
    kind = choice(_("Values"), "fill", {name: _(_FILLED[name]) for name in FILLINGS}, "count", width=215)
    random = kind != "count" and any(not each.lstrip().startswith("[") for each in seeded)
    return kind, whole(_("Seed"), "seed", 0, 0, LAST_SEED) if random else LINKED.number(
        "seed", 0, low=0, high=LAST_SEED
    )


def made(typed: Mapping[str, str], kind: str, seed: int, **limits: int) -> tuple[list[Operand], list[str]]:
    """The tensors of `typed` and the lines that make them."""
    found = operands(typed, kind, seed, **limits)
    return found, code_of(found, kind, seed)


def picked(count: int) -> int:
    """Which of `count` elements of a result is taken apart, by ``?cell=``."""
    cell = LINKED.number("cell", 0, low=0, high=99_999)
    return cell if cell < count else 0


def pick(cell: int) -> None:
    """Take that one apart."""
    LINKED.choose("cell", cell, 0)


def complain(error: LabError) -> None:
    """Our sentence; below it what PyTorch says, and what was typed with a caret under the fault."""
    st.error(told(error), icon=":material/error:")
    lines = [error.said, ""] if isinstance(error, Refused) else []
    if isinstance(error, TypedError) and error.text:
        lines.append(error.shown)
    if lines:
        st.code("\n".join(lines).rstrip(), language=None, wrap_lines=isinstance(error, Refused))


def code_of_refusal(lines: Sequence[str], statement: str, error: LabError) -> None:
    """Where it is PyTorch that refuses `statement`: the program that ends there, with its message printed."""
    if isinstance(error, Refused):
        kind = error.said.partition(":")[0]
        code(
            "\n".join(
                [*lines, "", "try:", f"    {statement}", f"except {kind} as error:", "    print(error)"]
            )
        )


def refused(error: LabError, panels: Sequence[Panel], key: str, lines: Sequence[str], statement: str) -> None:
    """What stands in the place of a result: why there is none, the `panels` that there are, in the component
    `key` that would show it, and the program that ends at `statement`."""
    complain(error)
    if panels:
        tensors(panels, key=key)
        code_of_refusal(lines, statement, error)


def written(typed: str) -> str:
    """`typed` in one line, as the program has it: a link may hold line breaks."""
    return " ".join(typed.split())


def _noted(name: str, default: str | int | bool, clears: Sequence[str]) -> None:
    LINKED.note(name, default)
    _clear(clears)


def _clear(names: Sequence[str]) -> None:
    for each in names:
        LINKED.choose(each, "", "")
