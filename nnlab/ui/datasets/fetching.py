"""Getting a dataset onto the page: from memory, from disk, or by a download that the page watches.

A download belongs to the server, not to a session: a second tab, or the same one reloaded, sees it go on.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import streamlit as st

from nnlab.data import Dataset, DatasetInfo, is_present, load_dataset
from nnlab.errors import DataError, LabError
from nnlab.paths import data_root
from nnlab.ui.text import _, say

_LOOK_EVERY = 0.5  # seconds

_log = logging.getLogger(__name__)
_guard = threading.Lock()
_fetches: dict[tuple[str, Path], Fetch] = {}


class Stopped(Exception):
    """Raised inside a download when the reader wants it stopped."""


class Fetch:
    """A download in a thread of its own: bytes done and in all, and in the end perhaps an error."""

    def __init__(self, info: DatasetInfo, root: Path) -> None:
        self.info = info
        self.root = root
        self.done = 0
        self.total = info.download_bytes
        self.error: LabError | None = None
        self.began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"fetch {info.name}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one."""
        if not self.done:
            return None
        return (time.monotonic() - self.began) * max(0, self.total - self.done) / self.done

    def stop(self) -> None:
        """Stop at the next piece that arrives; what has arrived is thrown away."""
        self._stop.set()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            load_dataset(self.info.name, self.root, download=True, progress=self._progress)
        except LabError as error:
            self.error = error
        except Stopped:
            pass
        except Exception as error:  # nobody else would hear of it
            _log.exception("the download of %s failed", self.info.name)
            self.error = DataError(
                "{title} could not be downloaded: {reason}", title=self.info.title, reason=error
            )

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise Stopped


def obtain(info: DatasetInfo) -> Dataset | None:
    """The dataset, or None and in its place on the page what is wrong and a way to download it."""
    root = data_root()
    fetch = _fetches.get((info.name, root))
    if fetch is not None and fetch.running:
        st.fragment(_watch, run_every=_LOOK_EVERY)(fetch)
        return None
    problem = fetch.error if fetch is not None else None
    if is_present(info.name, root):
        try:
            with st.spinner(_("Reading {title}…", title=info.title)):
                return load_dataset(info.name, root)
        except LabError as error:
            st.error(say(error), icon=":material/broken_image:")
    elif problem is None:
        st.info(
            _("{title} is not on this computer yet. It would be kept in `{folder}`.",
              title=info.title, folder=root / info.folder),
            icon=":material/cloud_download:",
        )  # fmt: skip
    if problem is not None:
        st.error(say(problem), icon=":material/cloud_off:")
    if info.source.archives():
        st.button(
            _("Download ({size})", size=_megabytes(info.download_bytes)),
            type="primary",
            icon=":material/download:",
            key="datasets-download",
            on_click=_start,
            args=(info, root),
        )
    return None


def start(info: DatasetInfo, root: Path) -> Fetch:
    """The download of a dataset into a data root: the one that runs, or a new one."""
    with _guard:
        fetch = _fetches.get((info.name, root))
        if fetch is None or not fetch.running:
            fetch = _fetches[info.name, root] = Fetch(info, root)
        return fetch


def _start(info: DatasetInfo, root: Path) -> None:
    start(info, root)


def _watch(fetch: Fetch) -> None:
    if not fetch.running:
        st.rerun()
    left = fetch.seconds_left
    text = _("Downloading {title}: {done} of {total}", title=fetch.info.title,
             done=_megabytes(fetch.done), total=_megabytes(fetch.total))  # fmt: skip
    if left is not None:
        words = _("{seconds:.0f} s left", seconds=left)
        text += " · " + (words if left < 120 else _("{minutes:.0f} min left", minutes=left / 60))
    st.progress(min(1.0, fetch.done / max(1, fetch.total)), text)
    st.button(_("Stop"), icon=":material/stop:", key="datasets-stop", on_click=fetch.stop)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
