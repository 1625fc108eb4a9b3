"""What a script is made of: parts, each with definitions and with the steps that are carried out."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from nnlab.nets.source import import_block
from nnlab.nets.source.layout import laid_out

# What a script may use, and where that comes from; only what occurs in it is imported.
_IMPORTS = {
    "hashlib": "import hashlib",
    "math": "import math",
    "sys": "import sys",
    "islice": "from itertools import islice",
    "Path": "from pathlib import Path",
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "datasets": "from torchvision import datasets",
    "v2": "from torchvision.transforms import v2",
}


@dataclass(frozen=True)
class Part:
    """A stretch of a script.

    Attributes:
        title: what it is about, for people.
        definitions: functions and classes, without the empty lines between them.
        steps: blocks of statements, which an empty line divides.
    """

    title: str
    definitions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def statement(target: str, expression: str, indent: int = 0, comment: str = "") -> str:
    """``target = expression`` as `ruff format` would lay it out, `indent` levels in; a comment stands behind
    what fits one line, and above what does not."""
    lines = laid_out(f"{target} = ", ast.parse(expression, mode="eval").body, indent)
    if not comment:
        return "\n".join(lines)
    return with_comment(lines[0], comment) if len(lines) == 1 else "\n".join([f"# {comment}", *lines])


def with_comment(line: str, comment: str) -> str:
    """The line with `comment` behind it, where that fits, else above it."""
    joined = f"{line}  # {comment}"
    return joined if len(joined) <= 88 else f"# {comment}\n{line}"


def imports(texts: Iterable[str]) -> str:
    """The import statements for what `texts` use, sorted."""
    used = {
        node.id
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return import_block(line for name, line in _IMPORTS.items() if name in used)
