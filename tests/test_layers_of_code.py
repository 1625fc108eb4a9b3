"""The package's layers: imports point down only, and the engine is a library of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the bottom up; a module imports from its own layer and from those before it.
LAYERS = [
    "errors",
    "paths",
    "files",
    "program",
    "containers",
    "devices",
    "randomness",
    "pictures",
    "data",
    "nets",
    "transforms",
    "training",
    "drawing",
    "lens",
    "runs",
    "lessons",
    "export",
    "ui",
]
ENGINE = sorted(p for p in (ROOT / "nnlab").rglob("*.py") if "ui" not in p.relative_to(ROOT / "nnlab").parts)


def imported(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_ui_imports_streamlit_and_plotly(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & {"streamlit", "plotly"}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str) -> None:
    home = ROOT / "nnlab" / layer
    files = sorted(home.rglob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    for path in files:
        used = {name.split(".")[1] for name in imported(path) if name.startswith("nnlab.")}
        assert used <= allowed, f"{path.relative_to(ROOT)} imports {sorted(used - allowed)}"


def test_importing_the_engine_does_not_import_the_pages() -> None:
    code = (
        "import sys, nnlab\n"
        "for name in nnlab.__all__: getattr(nnlab, name)\n"
        "print({m.split('.')[0] for m in sys.modules} & {'streamlit', 'plotly', 'ray'})"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_package_is_there_by_its_own_name() -> None:
    code = "import nnlab; print(nnlab.lens.conv_terms.__name__, nnlab.drawing.digit_score.__name__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "conv_terms digit_score\n"


def test_every_public_name_is_there() -> None:
    import nnlab

    assert set(nnlab.__all__) == set(nnlab._HOME_OF)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        nnlab.trian  # noqa: B018
