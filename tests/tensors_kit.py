"""Random tensors, and random expressions on them, for the tests of the Tensors lesson."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st

OF_TWELVE = st.sampled_from([(3, 4), (2, 3, 2), (12,), (1, 4, 3), (2, 1, 6)])
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
FULL_SHAPES = st.lists(st.integers(1, 4), max_size=4).map(tuple)


def counted(shape: tuple[int, ...]) -> torch.Tensor:
    """0., 1., 2. and so on, in that shape."""
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


_BOUND = st.one_of(st.just(""), st.integers(-5, 5).map(str), st.just("1000000000000"))
_SLICE = st.builds(
    lambda first, last, step: f"{first}:{last}" + (f":{step}" if step else ""),
    _BOUND, _BOUND, st.sampled_from(["", "1", "2", "3", "-1", "0"]),
)  # fmt: skip
_SIGN = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_COMPARISON = st.builds(lambda sign, value: f"t {sign} {value}", _SIGN, st.integers(-2, 20))
_MASK = st.one_of(
    _COMPARISON,
    st.builds(lambda value, sign: f"{value} {sign} t", st.integers(-2, 20), _SIGN),
    st.builds(lambda n, value: f"t % {n} == {value}", st.integers(1, 3), st.integers(0, 2)),
    st.builds(lambda n, value: f"t / {n} > {value}", st.integers(-2, 3), st.integers(0, 4)),
    st.builds("({}) {} ({})".format, _COMPARISON, st.sampled_from("&|^"), _COMPARISON),
    st.builds("({}) | ~({}) & ({})".format, _COMPARISON, _COMPARISON, _COMPARISON),
    st.just("t[0] > 2"),
)
_ITEM = st.one_of(
    st.integers(-5, 5).map(str), _SLICE, _SLICE, st.sampled_from(["...", "None", "True", "False"]),
    st.lists(st.integers(-4, 4), min_size=1, max_size=3).map(str),
    st.lists(st.booleans(), min_size=1, max_size=4).map(str),
    _MASK,
)  # fmt: skip
_BRACKETS = st.builds(
    lambda items, comma: f"[{', '.join(items)}{comma}]",
    st.lists(_ITEM, min_size=1, max_size=4).filter(lambda items: items.count("...") < 2),
    st.sampled_from(["", "", ","]),
)  # fmt: skip
INDICES = st.lists(_BRACKETS, min_size=1, max_size=3).map(lambda steps: "t" + "".join(steps))

_DIM = st.integers(-4, 3)
_SIZES = st.lists(st.integers(-1, 6), min_size=1, max_size=4)
_TWELVE = [(12,), (3, 4), (2, 6), (6, 2), (1, 12), (2, 3, 2), (-1, 2), (4, -1), (2, 2, 3, 1)]
_CALL = st.one_of(
    st.sampled_from([".T", ".mT", ".contiguous()", ".clone()", ".squeeze()", ".flatten()", ".t()"]),
    st.builds(".{}{}".format, st.sampled_from(["view", "reshape"]), st.sampled_from(_TWELVE)),
    st.sampled_from([".permute(1, 0)", ".permute(2, 0, 1)", ".expand(2, 3, 4)", ".expand(2, -1, 4)"]),
    st.builds(lambda name, sizes: f".{name}({', '.join(map(str, sizes))})",
              st.sampled_from(["view", "reshape", "expand", "permute"]), _SIZES),
    st.builds(lambda sizes: f".reshape({tuple(sizes)})", _SIZES),
    st.builds(lambda one, other: f".transpose({one}, {other})", _DIM, _DIM),
    st.builds(".{}({})".format, st.sampled_from(["squeeze", "unsqueeze", "flatten", "flip"]), _DIM),
    st.builds(".narrow({}, {}, {})".format, _DIM, st.integers(0, 3), st.integers(0, 3)),
    st.sampled_from(["[0]", "[:, ::2]", "[1:]", "[..., 0]"]),
)  # fmt: skip
CHAINS = st.lists(_CALL, min_size=1, max_size=4).map(lambda steps: "t" + "".join(steps))

FAILURES = (IndexError, RuntimeError, TypeError, ValueError)


def in_python(text: str, **names: Any) -> tuple[Any, str]:
    """What Python makes of such an expression: its value, or its error as the lesson has it."""
    try:
        return eval(text, {"torch": torch}, names), ""
    except FAILURES as error:
        message = str(error).partition("\n")[0].strip()
        return None, f"{type(error).__name__}: {message}"
