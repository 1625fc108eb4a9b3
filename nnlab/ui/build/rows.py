"""What the list of layers shows: one item a layer and one a branch, with numbers as far as a sample comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnlab.errors import LabError, ShapeError
from nnlab.lens.extent import extents
from nnlab.nets.architecture import Architecture, Path, Row, layer_names
from nnlab.nets.layers import LAYERS
from nnlab.nets.spec import Chain, LayerSpec
from nnlab.ui.build.data import Target
from nnlab.ui.layers.form import as_text

_SIZES = ("kernel_size", "output_size", "size")  # told first, as in papers: 3×3, 64
_WIDTHS = ("out_channels", "out_features")

Sizes = Mapping[Path, tuple[int, int]]


@dataclass(frozen=True)
class Look:
    """A network on the data that it is built for.

    Attributes:
        rows, problem: see `Architecture.look`.
        sees: the height and width of the image that a unit of a layer sees at most, as far as there are rows.
    """

    architecture: Architecture
    target: Target
    rows: list[Row]
    problem: LabError | None
    sees: Sizes

    @classmethod
    def at(cls, architecture: Architecture, target: Target) -> Look:
        rows, problem = architecture.look(target.in_shape, target.classes)
        return cls(architecture, target, rows, problem, extents(architecture, rows, target.in_shape))

    @property
    def wrong(self) -> Path | None:
        """Where the layer stands that does not fit."""
        return self.problem.path if isinstance(self.problem, ShapeError) else None

    def items(self) -> list[dict[str, Any]]:
        """The list from top to bottom: a join, then each of its branches, then what is behind it."""
        known = {row.path: row for row in self.rows}
        return list(self._chain(self.architecture.layers, (), known, ""))

    def _chain(
        self, layers: Chain, owner: Path, known: Mapping[Path, Row], name: str
    ) -> Iterator[dict[str, Any]]:
        for place, (layer, called) in enumerate(zip(layers, layer_names(layers, name), strict=True)):
            path = (*owner, place)
            row = known.get(path)
            yield self._layer(layer, called, path, row)
            for number, branch in enumerate(layer.branches):
                yield {"branch": number, "path": path_text((*path, number)), "layers": len(branch)}
                yield from self._chain(branch, (*path, number), known, f"{called}.{number}")

    def _layer(self, layer: LayerSpec, name: str, path: Path, row: Row | None) -> dict[str, Any]:
        item: dict[str, Any] = {"path": path_text(path), "name": name, "kind": layer.kind}
        if layer.joins:
            item["branches"] = len(layer.branches)
        else:
            kind = LAYERS[layer.kind]
            item["text"] = _options_text(layer)
            item["options"] = {name: as_text(value) for name, value in kind.options(layer.options).items()}
        if row is not None:
            item |= {
                "shape": " × ".join(map(str, row.out_shape)), "params": row.params, "macs": row.macs,
                "bytes": row.activation_bytes,
            }  # fmt: skip
            if path in self.sees:
                item["sees"] = " × ".join(map(str, self.sees[path]))
        if path == self.wrong:
            item["wrong"] = True
        return item


def _options_text(layer: LayerSpec) -> str:
    """``3×3, 64, stride 2``: sizes and widths, and what is not as usual."""
    kind = LAYERS[layer.kind]
    options = kind.options(layer.options)
    told = [_size(options[name]) for name in _SIZES if name in options]
    told += [str(options[name]) for name in _WIDTHS if name in options]
    usual = {field.name: field.default for field in kind.fields}
    if kind.family == "pooling" and "stride" in options:
        usual["stride"] = options["kernel_size"]  # as torch has it: windows side by side
    for name, value in options.items():
        if name in (*_SIZES, *_WIDTHS) or (value == usual[name] and name != "p"):
            continue
        if isinstance(value, bool):
            told.append(name if value else f"no {name}")
        else:
            told.append(f"{name} {as_text(value)}")
    return ", ".join(told)


def _size(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else f"{value}×{value}"


def path_text(path: Path) -> str:
    """``3.0.2``."""
    return ".".join(map(str, path))
