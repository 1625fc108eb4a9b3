"""Random settings of layers, drawn from the fields of the registry, so that a new entry is tested as well."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nnlab.errors import ShapeError
from nnlab.nets.layers import Field, checked_options, layer_kind

# The same settings in every run, so that a failure can be seen again.
settings.register_profile(
    "layers", deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("layers")

SHAPES = {
    "any": st.one_of(
        st.tuples(st.integers(1, 12)), st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
    ),
    "image": st.tuples(st.integers(1, 6), st.integers(1, 10), st.integers(1, 10)),
    "vector": st.tuples(st.integers(1, 12)),
    "sequence": st.tuples(st.integers(1, 5), st.integers(1, 6)),
    "tokens": st.tuples(st.integers(1, 6)),
}


def values(field: Field) -> st.SearchStrategy[Any]:
    """Allowed values of a field, small enough for small images."""
    low, high = int(field.low), int(min(field.high, field.low + 5))
    match field.kind:
        case "whole":
            plain: st.SearchStrategy[Any] = st.integers(low, high)
        case "pair":
            one = st.integers(low, high)
            plain = st.one_of(one, st.tuples(one, one))
        case "number":
            plain = st.floats(field.low, min(field.high, 10.0))
        case "toggle":
            plain = st.booleans()
        case _:
            plain = st.sampled_from(field.choices)
    if not field.words:
        return plain
    # Wherever a word may stand, it does so in one of four settings.
    return st.integers(0, 3).flatmap(lambda n: plain if n else st.sampled_from(field.words))


@st.composite
def fitting(draw: st.DrawFn, name: str, in_shape: tuple[int, ...]) -> dict[str, Any]:
    """Complete options with which the kind takes `in_shape`; where those drawn do not, the fix must."""
    options = {field.name: draw(values(field)) for field in layer_kind(name).fields}
    try:
        return checked_options(name, in_shape, options)
    except ShapeError as error:
        if error.fix is None:
            raise
        assert set(error.fix) <= set(options)
        return checked_options(name, in_shape, {**options, **error.fix})


@st.composite
def layers(draw: st.DrawFn, name: str) -> tuple[tuple[int, ...], dict[str, Any]]:
    """The shape of a sample, and options that fit it."""
    in_shape = draw(SHAPES["vector" if name == "linear" else layer_kind(name).takes])
    return in_shape, draw(fitting(name, in_shape))


def random_input(name: str, in_shape: tuple[int, ...], options: dict[str, Any], batch: int = 3) -> Tensor:
    if layer_kind(name).takes == "tokens":
        return torch.randint(options["num_embeddings"], (batch, *in_shape))
    return torch.randn(batch, *in_shape)


def output(name: str, layer: nn.Module, x: Tensor) -> Tensor:
    """What the functional form of the kind gives too."""
    found = layer(x)
    return found[0] if isinstance(found, tuple) else found
