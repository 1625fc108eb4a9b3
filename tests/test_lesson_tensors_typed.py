"""Whatever is typed on the Tensors page is read, or refused in a sentence with its place; nothing of it is
run, and no more is computed or allocated than a page can show."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from nnlab.errors import LabError
from nnlab.lessons.tensors.chains import run
from nnlab.lessons.tensors.grammar import ATTRIBUTES, METHODS, read_chain
from nnlab.lessons.tensors.literals import read_dims, read_list, read_numbers, read_shape, read_value
from nnlab.lessons.tensors.making import MAKERS, Asked, make
from nnlab.lessons.tensors.operands import operands
from nnlab.lessons.tensors.promoting import promote
from nnlab.lessons.tensors.writes import read_writes
from nnlab.lessons.typed import TypedError

T = torch.arange(24.0).reshape(2, 3, 4)

# Each with the part of it that is at fault.
REFUSED = [
    ("x[0]", "x"), ("t[x]", "x"), ("t.sum()", ".sum"), ("t[0].data", ".data"), ("t.__class__", ".__class__"),
    ("__import__('os')", "'"), ("t[__builtins__]", "__builtins__"), ("t(0)", "("), ("t[f(0)]", "f"),
    ("t[9**9**9]", "**"), ("t[2+2]", "+"), ("t[1.5]", "1.5"), ("t['a']", "'"), ("t[", "["), ("t[0]]", "]"),
    ("t[(0]", "]"), ("t[]", "]"), ("t[,]", ","), ("t[0 1]", "1"), ("t[0,,1]", ","), ("t[..., ...]", "..."),
    ("t[99999999999999999999]", "99999999999999999999"), ("t[1e999:]", "1e999"), ("t[[0, [1]]]", "["),
    ("t[[0, True]]", "[0, True"), ("t[0 < t < 9]", "<"), ("t[t > 1 & t < 9]", "&"),
    ("t[t > 1 and t < 9]", "and"),
    ("t[t = 1]", "="), ("t[lambda: 0]", "lambda"), ("t[{0}]", "{"), ("t[0; 1]", ";"), ("t[`0`]", "`"),
    ("t[5]", "5"), ("t[0, 0, 0, 0]", "0"), ("t[::-1]", "::-1"), ("t[0, [0, 1], [0, 1, 2]]", "[0, 1, 2]"),
    ("t[t[0] > 2]", "t[0] > 2"), ("t" + "[0]" * 9, "["), ("t[None, None, None, None]",
    "[None, None, None, None]"),
    ("", ""), ("t[0][t > 3]", "t > 3"), ("t[0x10]", "x10"), ("t[1__0]", "1__0"), ("t[01]", "01"),
    ("t[١]", "١"), ("t[１]", "１"), ("t[−1]", "−"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), REFUSED)
def test_what_is_no_index_is_refused_where_it_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(TypedError) as told:
        run(read_chain(text), T)
    error = told.value
    assert error.text == text and text[error.start : error.stop] == fault
    line, carets = error.shown.split("\n")
    assert line == text and carets.index("^") == error.start


@pytest.mark.parametrize(
    ("text", "fault"),
    [("t.backward()", "backward"), ("t.view", "view"), ("t.T()", "("), ("t.view(x)", "x"), ("t.view(2,", "("),
     ("t.squeeze(0, 1)", "squeeze(0, 1)"), ("t.view(2.5)", "2.5"), ("t.expand(1000000000000, 2, 3, 4)",
     ".expand(1000000000000, 2, 3, 4)"), ("t.repeat(100000, 1, 1)", ".repeat(100000, 1, 1)"),
     ("t.view(5)", ".view(5)"), ("t.transpose(0, 9)", ".transpose(0, 9)"), ("t.__reduce__()", "__reduce__")],
)  # fmt: skip
def test_what_is_no_method_is_refused_where_it_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(TypedError) as told:
        run(read_chain(text, methods=True), T)
    assert text[told.value.start : told.value.stop] == fault


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [(read_list, "[1, 2", "["), (read_list, "[[1, 2], [3]]", "[3]"), (read_list, "[1, [2]]", "[2]"),
     (read_list, "[1, a]", "a"), (read_list, "[1; 2]", ";"), (read_list, "1, 2", ","),
     (read_list, "(1, 2)", "("),
     (read_list, "[1 2]", "2"), (read_list, "[[[[[[[1]]]]]]]", "["), (read_list, "[1e999]", "1e999"),
     (read_list, "[[]]", "[]"), (read_list, "[f(1)]", "f"), (read_list, "", ""),
     (read_shape, "100000, 100000", "100000, 100000"), (read_shape, "2, -1", "-1"), (read_shape, "2, n", "n"),
     (read_shape, "0, 99999999", "0, 99999999"), (read_shape, "1,1,1,1,1,1,1", "1"), (read_shape, "2.5",
     "2.5"),
     (read_shape, "(2, 3", "("), (read_dims, "0, x", "x"), (read_dims, "1.0", "1.0"),
     (read_value, "seven", "seven"),
     (read_value, "1, 2", ",")],
)  # fmt: skip
def test_other_texts_are_refused_where_they_are_wrong(
    read: Callable[[str], Any], text: str, fault: str
) -> None:
    with pytest.raises(TypedError) as told:
        read(text)
    assert text[told.value.start : told.value.stop] == fault


def test_a_value_that_its_dtype_cannot_hold_is_pointed_at() -> None:
    with pytest.raises(TypedError) as told:
        make("tensor", Asked(values="[1, 300, 2]", dtype="uint8"))
    assert told.value.text[told.value.start : told.value.stop] == "300"


@pytest.mark.parametrize(
    ("name", "asked"),
    [("arange", Asked(bounds="0, 10000000000")), ("arange", Asked(bounds="0, 1, 1e-9")),
     ("linspace", Asked(bounds="0, 1, 1000000000")), ("eye", Asked(shape="5000")),
     ("zeros", Asked(shape="10000000000")),
     ("randint", Asked(bounds="0, 1.5")), ("arange", Asked(bounds="0, 1, 0")),
     ("eye", Asked(shape="2, 2, 2")),
     ("arange", Asked(bounds="-1e300, 1e300, 1e-300"))],
)  # fmt: skip
def test_too_much_is_refused_before_it_is_made(name: str, asked: Asked) -> None:
    with pytest.raises(LabError), _Counting() as counted:
        make(name, asked)
    assert counted.largest <= 10_000


class _Counting(TorchDispatchMode):
    """Counts the operations that PyTorch does, and the elements of the largest result that is no view."""

    def __init__(self) -> None:
        super().__init__()
        self.operations, self.largest = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.operations += 1
        for each in found if isinstance(found, tuple | list) else [found]:
            if isinstance(each, torch.Tensor):
                self.largest = max(self.largest, each.untyped_storage().nbytes() // each.element_size())
        return found


_LARGE = torch.arange(2000.0)
HOSTILE = [
    f"t[{'[' + ', '.join(['0'] * 120) + ']'}]",
    f"t[{'[' + ', '.join(['0'] * 120) + ']'}][[0, 0, 0, 0, 0, 0]]",
    "t[t[:, None] > t]", "t[(t[:, None, None] > t[None, :, None]) & (t[None, None] > t[None, None])]",
    "t[:, None, None][t[:, None, None] > 5]", "t[0:1000000000000:1000000000000]",
    "t[None, None, None, None, None]",
    "t" + "[None]" * 8, "t[" + "~" * 100 + "t]", "t[" + "(" * 11 + "t > 1" + ")" * 11 + "]", "t[" + "[" * 200,
    "t[" * 50 + "t" + "]" * 50, "t[" + "9" * 380 + "]", "t[1e308:]", "t[t % 0 == 1]",
    "t[t * 1e308 > 0]", "t[" * 5000,
    "[" * 100_000, "t[" + ", ".join(["..."] * 60) + "]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_little_is_computed_for_whatever_is_typed(text: str) -> None:
    with _Counting() as counted:
        try:
            run(read_chain(text), _LARGE)
        except LabError as error:
            assert len(str(error)) < 400
    assert counted.operations <= 200 and counted.largest <= 250_000


@given(st.text(max_size=40), st.sampled_from(range(9)))
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str, which: int) -> None:
    readers: list[Callable[[], object]] = [
        lambda: run(read_chain(text), T), lambda: run(read_chain(f"t[{text}]"), T),
        lambda: run(read_chain(f"t.{text}", True), T), lambda: read_list(text), lambda: read_shape(text),
        lambda: read_dims(text), lambda: read_numbers(text, 1, 3), lambda: read_writes(text, "ty"),
        lambda: promote("add", text, "int64", "1", "int64", "number"),
    ]  # fmt: skip
    try:
        readers[which]()
    except TypedError as error:
        assert 0 <= error.start <= error.stop <= len(error.text) and "^" in error.shown
    except LabError:
        pass


_WORDS = ["t", "[", "]", "(", ")", ":", ",", "...", "0", "1", "-", "9" * 25, "1.5", "1e5", "None",
          "True", ">", "<=",
          "==", "=", "&", "|", "~", "%", "and", "os", "__class__", ".", "T", "view", "reshape",
          "expand", "repeat",
          "flatten", "squeeze", "lambda", "*", "**", " "]  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=20).map("".join), st.booleans())
@settings(max_examples=500)
def test_any_words_are_read_or_refused(text: str, methods: bool) -> None:
    for whole in (text, f"t{text}", f"t[{text}]"):
        try:
            run(read_chain(whole, methods), T)
        except TypedError as error:
            assert error.text == whole and "^" in error.shown


def test_only_what_looks_may_be_called() -> None:
    """Each method is one of `Tensor`, and none of them writes."""
    for name in (*METHODS, *ATTRIBUTES):
        assert hasattr(torch.Tensor, name) and not name.endswith("_")


@pytest.mark.parametrize("name", MAKERS)
def test_no_maker_knows_text_that_is_no_number(name: str) -> None:
    bad = "__import__('os')"
    with pytest.raises(TypedError):
        make(name, Asked(values=bad, shape=bad, value=bad, bounds=bad))


def test_operands_refuse_what_is_neither_shape_nor_values() -> None:
    for text in ("x", "[1, 2", "3 3", "600", "t[0]"):
        with pytest.raises(TypedError):
            operands({"a": text})


_PEAK = """
import re, sys
sys.path.insert(0, "tests")
import torch
torch.set_num_threads(1)
from test_lesson_tensors_typed import HOSTILE, T, _LARGE
from nnlab.errors import LabError
from nnlab.lessons.tensors.chains import run
from nnlab.lessons.tensors.grammar import read_chain
from nnlab.lessons.tensors.making import Asked, make
from nnlab.lessons.tensors.literals import read_list

def attempt(call):
    try:
        call()
    except LabError:
        pass

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

attempt(lambda: run(read_chain("t[t > 5][0]"), T))
open("/proc/self/clear_refs", "w").write("5")  # the peak counts from here
before = megabytes("VmRSS")
for text in HOSTILE:
    attempt(lambda: run(read_chain(text), _LARGE))
    attempt(lambda: read_list(text))
for shape in ("100000, 100000", "10000000000", "0, 99999999999"):
    attempt(lambda: make("zeros", Asked(shape=shape)))
attempt(lambda: make("arange", Asked(bounds="0, 1e18")))
attempt(lambda: run(read_chain("t.repeat(9999, 1, 1)", True), T))
attempt(lambda: run(read_chain("t.expand(1000000000000, 2, 3, 4).contiguous()", True), T))
print(megabytes("VmHWM") - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of the memory in use"
)
def test_no_text_takes_fifty_megabytes() -> None:
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", _PEAK]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert float(told.stdout.split()[-1]) < 50
