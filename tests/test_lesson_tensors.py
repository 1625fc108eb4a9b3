"""The Tensors lesson is PyTorch's own: random indices, views, joins, products, broadcasts and reductions give
what the same Python gives, to the last stride and the last word of an error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensors_kit import CHAINS, FULL_SHAPES, INDICES, OF_TWELVE, SHAPES, counted, in_python

from nnlab.errors import LabError
from nnlab.lessons.tensors import bridge, inplace, moving, promoting
from nnlab.lessons.tensors.broadcasting import OPERATIONS, align, combine, stretched, written
from nnlab.lessons.tensors.chains import run
from nnlab.lessons.tensors.grammar import read_chain
from nnlab.lessons.tensors.joining import JOINS, join, origins
from nnlab.lessons.tensors.literals import read_list, read_shape
from nnlab.lessons.tensors.making import DTYPES, MAKERS, Asked, make
from nnlab.lessons.tensors.memory import index_text, numbers, places, share, storage_tensor
from nnlab.lessons.tensors.multiplying import PRODUCTS, multiply
from nnlab.lessons.tensors.operands import FILLINGS, code_of, operands
from nnlab.lessons.tensors.reducing import REDUCTIONS, reduce
from nnlab.lessons.tensors.refusal import Refused
from nnlab.lessons.tensors.writes import Write, apply, read_writes, text_of


def same_view(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal in values, dtype, shape, strides and offset."""
    return (
        one.dtype == other.dtype and one.stride() == other.stride()
        and one.storage_offset() == other.storage_offset() and torch.equal(one, other)
    )  # fmt: skip


@given(SHAPES, INDICES)
@settings(max_examples=200)
def test_an_index_gives_what_python_gives(shape: tuple[int, ...], text: str) -> None:
    t = counted(shape)
    expected, refusal = in_python(text, t=t)
    try:
        stages = run(read_chain(text), t)
    except Refused as refused:
        assert refused.said == refusal
        assert text[refused.start : refused.stop].strip()
        return
    except LabError:
        assert expected is not None and expected.ndim > 6
        return
    result = stages[-1].tensor
    assert not refusal and same_view(result, expected)
    assert stages[-1].shared == share(expected, t)
    # The places that are lit are those of the elements.
    lit = run(read_chain(text), torch.arange(t.numel()).reshape(shape), root=t)[-1].tensor
    assert torch.equal(t.reshape(-1)[lit.reshape(-1)], result.reshape(-1))


@given(st.one_of(OF_TWELVE, OF_TWELVE, FULL_SHAPES), CHAINS)
@settings(max_examples=200)
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_methods_give_what_python_gives(shape: tuple[int, ...], text: str) -> None:
    t = counted(shape)
    expected, refusal = in_python(text, t=t)
    try:
        stages = run(read_chain(text, methods=True), t)
    except Refused as refused:
        assert refused.said == refusal
        return
    except LabError:
        return  # too many dims to show, or arguments that no such method takes
    assert same_view(stages[-1].tensor, expected)
    assert stages[-1].shared == share(expected, t)
    # Each element is where its strides say.
    found = places(stages[-1].tensor)
    assert torch.equal(storage_tensor(stages[-1].tensor)[found], stages[-1].tensor)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (5,), ()])
def test_reshape_is_a_view_where_it_can_be(shape: tuple[int, ...]) -> None:
    t = counted(shape)
    count = t.numel()
    assert run(read_chain(f"t.reshape({count})", methods=True), t)[-1].shared
    if t.ndim == 2:
        assert not run(read_chain(f"t.T.reshape({count})", methods=True), t)[-1].shared
        assert run(read_chain("t.T.reshape(4, 3)", methods=True), t)[-1].shared


@given(SHAPES, SHAPES, st.sampled_from(JOINS), st.integers(-3, 4))
@settings(max_examples=150)
def test_joins(a: tuple[int, ...], b: tuple[int, ...], how: str, dim: int) -> None:
    one, other = counted(a), counted(b) + 100
    for right in (other, counted(a) + 100):
        expected, refusal = in_python(f"torch.{how}([a, b], dim={dim})", a=one, b=right)
        try:
            found = join(how, one, right, dim)
        except Refused as refused:
            assert refused.said == refusal
            continue
        assert torch.equal(found.result, expected)
        both = torch.cat([one.reshape(-1), right.reshape(-1)])
        assert torch.equal(both[found.sources], expected)
        for name, value in zip(origins(found, one, right), expected.reshape(-1), strict=True):
            assert in_python(name, a=one, b=right)[0] == value


@given(SHAPES, SHAPES, st.sampled_from(sorted(PRODUCTS)))
@settings(max_examples=200)
def test_products(a: tuple[int, ...], b: tuple[int, ...], name: str) -> None:
    one, other = counted(a), counted(b) - 3
    expected, refusal = in_python(PRODUCTS[name][0], a=one, b=other)
    try:
        found = multiply(name, one, other)
    except Refused as refused:
        assert refused.said == refusal
        return
    assert torch.equal(found.result, expected)
    # Whole numbers: the sum is the same in any order.
    assert torch.equal(found.totals, expected.reshape(-1))
    assert torch.equal(found.products.sum(-1), expected.reshape(-1))


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [("mm", (2, 3), (3, 4)), ("bmm", (2, 2, 3), (2, 3, 4)), ("mv", (2, 3), (3,)), ("dot", (3,), (3,)),
     ("at", (3,), (2, 3, 4)), ("matmul", (5, 1, 2, 3), (4, 3, 2)), ("at", (2, 3), (3,))],
)  # fmt: skip
def test_every_product_works_on_the_shapes_it_is_for(
    name: str, a: tuple[int, ...], b: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(3)
    one, other = torch.randn(a, generator=generator), torch.randn(b, generator=generator)
    found = multiply(name, one, other)
    torch.testing.assert_close(found.totals, found.result.reshape(-1))
    assert found.left.shape == (found.result.numel(), a[-1])


@given(SHAPES, SHAPES, st.sampled_from(sorted(OPERATIONS)))
@settings(max_examples=200)
def test_broadcasting(a: tuple[int, ...], b: tuple[int, ...], name: str) -> None:
    one, other = counted(a) + 1, counted(b) + 2
    expected, refusal = in_python(OPERATIONS[name][0], a=one, b=other)
    axes = align(a, b)
    assert all(axis.fits for axis in axes) == (not refusal)
    try:
        found = combine(name, one, other)
    except Refused as refused:
        assert refused.said == refusal
        return
    assert torch.equal(found, expected) and tuple(axis.size for axis in axes) == tuple(found.shape)
    for side in (one, other):
        expanded, repeated = stretched(side, tuple(found.shape))
        assert share(expanded, side) and int((~repeated).sum()) == (side.numel() if found.numel() else 0)
    for line, value in zip(written(name, one, other, found), found.reshape(-1), strict=True):
        elements, numbers_, result = line.split(" = ")
        assert in_python(elements, a=one, b=other)[0] == value
        assert result == numbers(value)[0] and float(eval(numbers_)) == pytest.approx(float(value))


@given(
    SHAPES, st.sampled_from(REDUCTIONS), st.booleans(),
    st.one_of(st.none(), st.integers(-4, 3), st.lists(st.integers(-3, 2), min_size=1, max_size=3).map(tuple)),
)  # fmt: skip
@settings(max_examples=200)
@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
def test_reductions(
    shape: tuple[int, ...], name: str, keepdim: bool, dims: int | tuple[int, ...] | None
) -> None:
    t = counted(shape)
    try:
        found = reduce(name, t, dims, keepdim)
    except Refused as refused:
        options = (
            "" if dims is None and not keepdim else f"dim={dims}" + (", keepdim=True" if keepdim else "")
        )
        assert in_python(f"t.{name}({options})", t=t)[1] == refused.said
        return
    expected, _refusal = in_python(found.code, t=t)
    values = expected if isinstance(expected, torch.Tensor) else expected.values
    torch.testing.assert_close(found.result, values, rtol=0, atol=0, equal_nan=True)
    # Each result, from the elements of its group alone.
    assert found.groups.shape[0] == found.result.numel() == len(found.written)
    for group, value in zip(found.groups, found.result.reshape(-1), strict=True):
        alone = getattr(t.reshape(-1)[group], name)()
        torch.testing.assert_close(alone, value, equal_nan=True)


def test_where_winners_stand() -> None:
    found = reduce("max", torch.tensor([[1.0, 5.0], [7.0, 2.0]]), 1)
    assert found.indices is not None and found.indices.tolist() == [1, 0]
    assert found.written == ["max(1.0, 5.0) = 5.0", "max(7.0, 2.0) = 7.0"]


@pytest.mark.parametrize("dtype", ["", *DTYPES])
@pytest.mark.parametrize("name", MAKERS)
def test_makers_and_their_code(name: str, dtype: str) -> None:
    asked = Asked(bounds="0, 6, 3" if name == "linspace" else "0, 6", dtype=dtype, seed=4)
    try:
        made = make(name, asked)
    except Refused as refused:
        assert refused.said and str(refused) != "PyTorch refuses this."
        return
    names: dict[str, torch.Tensor] = {}
    exec(made.code, names)
    assert torch.equal(names["t"], made.tensor) and names["t"].dtype == made.tensor.dtype
    assert dtype in ("", str(made.tensor.dtype).removeprefix("torch."))


@given(st.one_of(st.integers(-9, 9), st.booleans(), st.sampled_from([0.5, -1.25, 1e-7])), FULL_SHAPES)
@settings(max_examples=60)
def test_lists_are_read_as_python_reads_them(value: object, shape: tuple[int, ...]) -> None:
    shape = shape[:2]
    nested = np.full(shape, value, dtype=object).tolist()
    assert read_list(str(nested)).value == nested
    assert read_shape(str(shape)) == shape


@pytest.mark.parametrize("filling", FILLINGS)
def test_operands_and_their_code(filling: str) -> None:
    made = operands({"a": "2, 3", "b": "()", "c": "[[1, 2.5]]", "d": "4"}, filling, seed=7)
    names: dict[str, torch.Tensor] = {}
    exec("\n".join(code_of(made, filling, 7)), names)
    assert all(torch.equal(names[each.name], each.tensor) for each in made)


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_numbers_are_the_shortest_that_are_themselves(dtype: torch.dtype) -> None:
    values = torch.tensor([0.1, 1 / 3, 3.0, 1e-4, 250.7]).to(dtype)
    for text, value in zip(numbers(values), values, strict=True):
        read = complex(text) if dtype.is_complex else text == "True" if dtype == torch.bool else float(text)
        assert torch.tensor(read, dtype=dtype) == value


def test_the_index_of_a_place() -> None:
    t = counted((2, 3, 4))
    assert all(in_python(f"t{index_text(t, place)}", t=t)[0] == place for place in range(24))
    assert index_text(torch.tensor(1.0), 0) == ""


@given(st.lists(st.tuples(st.sampled_from("ty"), st.integers(0, 20), st.integers(-9, 9)), max_size=6))
@settings(max_examples=60)
def test_writes_go_through_a_view_and_not_through_a_copy(steps: list[tuple[str, int, int]]) -> None:
    writes = [Write(*step) for step in steps]
    assert read_writes(text_of(writes), "ty") == writes
    for code in ("t.T", "t.T.reshape(12)"):
        names = {"t": counted((3, 4))}
        t = counted((3, 4))
        y = run(read_chain(code, methods=True), t)[-1].tensor
        done = apply(writes, {"t": t, "y": y})
        names["y"] = in_python(code, t=names["t"])[0]
        for write in done:
            exec(write.code(names[write.name].shape), names)
        assert torch.equal(names["t"], t) and torch.equal(names["y"], y)
        assert len(done) == sum(place < 12 for _name, place, _value in steps)


@pytest.mark.parametrize("name", bridge.WAYS)
def test_ways_between_numpy_and_torch(name: str) -> None:
    way = bridge.WAYS[name]
    names: dict[str, object] = {"np": np, "torch": torch}
    try:
        found = bridge.cross(name)
    except Refused as refused:
        with pytest.raises((RuntimeError, TypeError, ValueError)) as theirs:
            exec("\n".join(way.lines), names)
        assert str(theirs.value).partition("\n")[0].strip() in refused.said
        return
    exec("\n".join(way.lines), names)
    assert np.array_equal(names["a"], found.array)
    found.array[0] = 99  # what shares memory shows it
    assert found.shared == (float(found.tensor.detach()[0]) == 99)


@pytest.mark.parametrize("change", inplace.CHANGES)
@pytest.mark.parametrize("use", inplace.USES)
@pytest.mark.parametrize("target", inplace.TARGETS)
def test_programs_in_place_are_their_code(target: str, change: str, use: str) -> None:
    lines = inplace.program(target, change, use)
    done = inplace.run(lines)
    names: dict[str, object] = {}
    said: list[str] = []
    exec(inplace.script(lines, done), {"print": lambda *told: said.append(str(told[0]))}, names)
    last = done[-1]
    if last.refused is not None:
        assert said[0].partition("\n")[0][:60] in last.refused.said
        assert str(last.refused) != "PyTorch refuses this."
    else:
        assert len(done) == len(lines) and said
    for line in done[:-1]:
        if line.looks == "y" and target == "middle" and line.code.startswith("y."):
            assert line.values == names["y"].tolist() and line.version == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", promoting.KINDS)
@pytest.mark.filterwarnings("ignore:.*experimental")
def test_the_table_of_dtypes_is_what_adding_gives(kind: str) -> None:
    words = {"bool": True, "int64": 1, "float32": 1.0, "complex64": 1j}
    missing = set()
    for (left, right), result in promoting.table(kind).items():
        b: object = words.get(right)
        if kind != "number":
            b = torch.ones((1,) if kind == "tensor" else (), dtype=DTYPES[right])
        try:
            added = torch.ones(1, dtype=DTYPES[left]) + b  # type: ignore[operator]
        except NotImplementedError:  # a dtype that PyTorch names, but does not yet add
            missing.add(result)
            continue
        assert added.dtype == getattr(torch, result)
    assert missing <= {"bcomplex32"}


@pytest.mark.parametrize("operation", promoting.OPERATIONS)
@pytest.mark.parametrize("kind", promoting.KINDS)
@pytest.mark.parametrize(
    ("left", "right"), [("uint8", "uint8"), ("int8", "int64"), ("int64", "float16"), ("bool", "int32")]
)
def test_promotions_and_their_code(operation: str, kind: str, left: str, right: str) -> None:
    try:
        found = promoting.promote(operation, "[100, 20]", left, "[3]", right, kind)
    except Refused as refused:
        assert operation in ("add_", "floor", "div") and refused.said
        return
    names: dict[str, torch.Tensor] = {}
    exec("\n".join(found.lines), names)
    assert torch.equal(names["result"], found.result) and names["result"].dtype == found.result.dtype


def test_moves_are_their_code() -> None:
    t = torch.arange(4.0)
    for each in moving.moves("cuda"):
        found = moving.move(each, t)
        expected, refusal = in_python(each.code, t=t)
        if found.refused is not None:
            assert refusal == found.refused.said or "CUDA" in refusal or "NVIDIA" in refusal
        else:
            assert found.same == (expected is t) and found.shared == share(expected, t)
            assert (found.device, f"torch.{found.dtype}") == (str(expected.device), str(expected.dtype))
    same = {found.code for found in (moving.move(each, t) for each in moving.moves("cuda")) if found.same}
    assert same == {'t.to("cpu")', "t.cpu()", "t.to(torch.float32)"}
