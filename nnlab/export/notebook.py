"""A script as a Jupyter notebook (nbformat 4.5): a cell for each part, which do the same in order."""

from __future__ import annotations

import json
from typing import Any

from nnlab.export.parts import Part, imports
from nnlab.export.script import Script

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(script: Script) -> str:
    """The notebook's file."""
    setup = "\n\n".join((script.places[1], *script.setup))
    codes = [_cell_code(part) for part in script.parts]
    cells = [
        _cell("about", "\n\n".join(script.about), markdown=True),
        _cell("setup", f"{imports([setup, *codes])}\n\n{setup}"),
    ]
    for part, code in zip(script.parts, codes, strict=True):
        name = part.title.lower()
        cells += [_cell(f"{name}-title", f"## {part.title}", markdown=True), _cell(name, code)]
    value = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _cell_code(part: Part) -> str:
    return "\n\n\n".join([*part.definitions, "\n\n".join(part.steps)])


def _cell(name: str, text: str, markdown: bool = False) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "markdown" if markdown else "code",
        "id": name,
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell if markdown else {**cell, "execution_count": None, "outputs": []}
