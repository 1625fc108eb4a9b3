"""What a pickle of a whole network holds, and what may happen when one is loaded.

``python -m nnlab.lessons.saving.pickled`` makes three files and loads them, in a process of its own: nothing
is unpickled in the process that asks, and no file but these is.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import pickletools
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

import nnlab
from nnlab.lessons.saving.network import Net, build

_BOLD = re.compile(r"\x1b\[\d*m")  # for a terminal
ROOT = Path(nnlab.__file__).parents[1]
MESSAGE = "This line was printed by the file. It could have done anything else."


class Trap:
    """An object whose pickle calls a function when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return builtins.print, (MESSAGE,)


def written(thing: Any) -> bytes:
    """The file that `torch.save` makes of it."""
    file = io.BytesIO()
    torch.save(thing, file)
    return file.getvalue()


def imported(file: bytes) -> list[str]:
    """Every name that loading the file imports and could call, in order; read from its opcodes, not run."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        pickled = archive.read(name)
    found: list[str] = []
    strings: list[str] = []  # in the order in which they come onto the stack
    memo: dict[Any, str | None] = {}  # None for what is no string
    top: str | None = None
    for opcode, argument, _position in pickletools.genops(pickled):
        if opcode.name == "MEMOIZE" or opcode.name.endswith("PUT"):
            memo[len(memo) if argument is None else argument] = top
            continue
        top = None
        if opcode.name == "GLOBAL":
            found.append(str(argument).replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":  # takes its two names from the stack
            found.append(".".join(strings[-2:]))
        elif opcode.name.endswith("GET"):
            top = memo[argument]
        elif isinstance(argument, str):
            top = argument
        if top is not None:
            strings.append(top)
    return list(dict.fromkeys(found))


def loaded(file: bytes, weights_only: bool) -> str:
    """What happens when it is loaded: what was printed, the type of what came, or PyTorch's error.

    With `weights_only=False` this runs whatever the file says; only for files made here.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            thing = torch.load(io.BytesIO(file), weights_only=weights_only)
    except Exception as error:  # whatever a file makes of it is what is shown
        told = _BOLD.sub("", str(error)).replace(f"{ROOT}/", "")
        return f"{type(error).__name__}: {told}"
    return printed.getvalue().strip() or f"{type(thing).__module__}.{type(thing).__qualname__}"


def experiments() -> dict[str, Any]:
    """The three files: the names that each imports, and what becomes of it; JSON."""
    net: nn.Module = build(0)
    files: dict[str, tuple[bytes, Callable[[], Any]]] = {
        "state": (written(net.state_dict()), lambda: None),
        "whole": (written(net), _rename),
        "trap": (written(Trap()), lambda: None),
    }
    found: dict[str, Any] = {}
    for name, (file, change) in files.items():
        one: dict[str, Any] = {"bytes": len(file), "imports": imported(file)}
        one["safe"] = loaded(file, weights_only=True)
        one["unsafe"] = loaded(file, weights_only=False)
        change()
        one["later"] = loaded(file, weights_only=False)
        found[name] = one
    return found


def _rename() -> None:
    """As if somebody had given the class another name since the file was written."""
    names = vars(sys.modules[Net.__module__])
    names["Network"] = names.pop("Net")


if __name__ == "__main__":
    print(json.dumps(experiments()))
