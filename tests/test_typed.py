"""A mistake in what somebody typed: the caret stands under it, and the error survives a process."""

from __future__ import annotations

import pickle

import pytest

from nnlab.lessons.typed import TypedError, check_length


@pytest.mark.parametrize(
    ("text", "start", "stop", "shown"),
    [
        ("t[:, 9]", 5, 6, "t[:, 9]\n     ^"),
        ("a = [1\nb = 2 +", 14, 14, "b = 2 +\n       ^"),
        ("abc + d", 0, 3, "abc + d\n^^^"),
        ("", 0, None, "\n^"),
        ("x" * 200, 100, 101, "…" + "x" * 121 + "…\n" + " " * 61 + "^"),
    ],
)
def test_the_caret_stands_under_the_fault(text: str, start: int, stop: int | None, shown: str) -> None:
    error = TypedError("No.", text=text, start=start, stop=stop)
    assert error.shown == shown
    assert pickle.loads(pickle.dumps(error)).shown == shown


def test_a_long_text_is_refused() -> None:
    check_length("x" * 400)
    with pytest.raises(TypedError, match="401 characters") as caught:
        check_length("x" * 401)
    assert caught.value.start == 400
