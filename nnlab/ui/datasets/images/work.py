"""Work that may take a while, in a thread of its own, beside a page that does not wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

from nnlab.errors import LabError
from nnlab.ui.text import _

_LOOK_EVERY = 0.3  # seconds
_PATIENCE = 0.25  # seconds that a page waits before it says that something is going on

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


Tell = Callable[[int, int], None]


class Work(Generic[Result]):
    """`act` called in a thread: in the end its result, or the error that a person can mend.

    `act` is handed what it may tell its progress by: pictures done, and pictures in all.
    """

    def __init__(self, act: Callable[[Tell], Result]) -> None:
        self.result: Result | None = None
        self.error: LabError | None = None
        self.done, self.of = 0, 0
        # The thread alone holds `act`: whoever it holds in turn is let go of when it has ended.
        self._thread = threading.Thread(target=self._run, args=(act,), name="own images", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or for so long."""
        self._thread.join(seconds)

    def _tell(self, done: int, of: int) -> None:
        self.done, self.of = done, of

    def _run(self, act: Callable[[Tell], Result]) -> None:
        try:
            self.result = act(self._tell)
        except LabError as error:
            self.error = error
        except Exception as error:  # nobody else would hear of it
            _log.exception("work on own images failed")
            self.error = LabError("The program failed at this: {reason}", reason=error)


def has_ended(work: Work[Result], doing: str) -> bool:
    """Whether `work` has ended; until it has, the page says what is being done and looks again."""
    work.wait(_PATIENCE)
    if work.running:
        st.fragment(_watch, run_every=_LOOK_EVERY)(work, doing)
    return not work.running


def _watch(work: Work[Result], doing: str) -> None:
    if not work.running:
        st.rerun()
    counted = _("{done:,} of {all:,}", done=work.done, all=work.of) if work.of else ""
    st.progress(min(1.0, work.done / work.of) if work.of else 0.0, f"{doing} {counted}")
