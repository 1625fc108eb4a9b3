"""The store of runs: a folder with one directory a run, and the job server that trains them."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from nnlab.data import dataset_info, is_present, load_dataset
from nnlab.errors import RunError
from nnlab.paths import runs_root
from nnlab.runs import limits, locks
from nnlab.runs.client import job_server, submit
from nnlab.runs.control import Control, write_control
from nnlab.runs.execute import SPEC, execute
from nnlab.runs.files import disk_problem, write_json
from nnlab.runs.given import check_given, write_given
from nnlab.runs.run import Run
from nnlab.runs.state import FILE as STATE
from nnlab.runs.state import State, store_state
from nnlab.training.events import Event
from nnlab.training.loop import Controls
from nnlab.training.preflight import preflight
from nnlab.training.recipe import RunSpec
from nnlab.training.start import Given

# When it was started, in UTC, to the microsecond: so the names sort, and no two are the same.
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}")
_ID_FORMAT = "%Y%m%d-%H%M%S-%f"

_Stamp = tuple[tuple[int, int, int], ...]


class RunStore:
    """The runs under `path` (default: `nnlab.paths.runs_root`). Any number of processes may share it."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = runs_root(path).expanduser().resolve()
        self._guard = threading.Lock()
        self._known: dict[str, tuple[_Stamp, Run]] = {}  # by id, so that a file is parsed once

    def warm(self) -> None:
        """Start the job server now, so that the first run does not wait for torch to be imported.

        Raises:
            RunError: it cannot be started.
        """
        try:
            job_server()
        except OSError as error:
            raise _no_server(error) from error

    def start(self, spec: RunSpec, given: Given | None = None) -> Run:
        """Have `spec` trained in a worker process, at once or when it is its turn.

        `given` holds the tensors that `spec` names, where it does; the run keeps a copy of them.

        Raises:
            LabError: it cannot be trained as it is, its data is absent, or the disk refuses; nothing
                is left behind.
        """
        run, lock = self._create(spec, given)
        try:
            submit(run.path, lock)
        except OSError as error:
            shutil.rmtree(run.path, ignore_errors=True)
            lock.release()
            raise _no_server(error) from error
        return run

    def train_here(
        self,
        spec: RunSpec,
        controls: Controls | None = None,
        listen: Callable[[Event], None] | None = None,
        given: Given | None = None,
    ) -> Run:
        """Train `spec` in this process until it ends; `listen` is told each event as it is recorded.

        Raises:
            LabError: as `start`.
        """
        run, lock = self._create(spec, given)
        try:
            execute(run.path, controls=controls, listen=listen)
        finally:
            lock.release()
        return run

    def runs(self) -> list[Run]:
        """All runs that can be read, the newest first; of the others, see `damaged`."""
        return self._look()[0]

    def damaged(self) -> list[RunError]:
        """For each directory that cannot be read as a run, what is wrong with it."""
        return self._look()[1]

    def open(self, run_id: str) -> Run:
        """The run of that id; raises `RunError` where there is none, or it is damaged."""
        # An id is never more than a name in the folder: links are written by anyone.
        if not _ID.fullmatch(run_id) or not (self.path / run_id).is_dir():
            shown = run_id if len(run_id) <= 60 else run_id[:60] + "…"
            raise RunError("There is no run {run} in {folder}.", run=repr(shown), folder=self.path)
        return self._checked(self.path / run_id)

    def _checked(self, path: Path) -> Run:
        """The run in `path`: the object of the last look, unless its files are others since."""
        stamp = _stamp(path)
        with self._guard:
            known = self._known.get(path.name)
        run = known[1] if known is not None and stamp and known[0] == stamp else Run(path)
        _ = run.spec, run.created, run.status  # these raise where the directory is damaged
        with self._guard:
            self._known[path.name] = stamp, run
        return run

    def _look(self) -> tuple[list[Run], list[RunError]]:
        runs, problems = [], []
        paths = sorted(self._directories(), reverse=True)
        for path in paths:
            try:
                runs.append(self._checked(path))
            except RunError as error:
                problems.append(error)
        there = {path.name for path in paths}
        with self._guard:
            self._known = {name: known for name, known in self._known.items() if name in there}
        return runs, problems

    def _directories(self) -> list[Path]:
        try:
            return [path for path in self.path.iterdir() if _ID.fullmatch(path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(
                "The folder of runs {folder} cannot be read ({reason}).",
                folder=self.path, reason=error.strerror,
            ) from error  # fmt: skip

    def _create(self, spec: RunSpec, given: Given | None) -> tuple[Run, FileLock]:
        """The directory of a new run, and the lock that shows somebody is about to train it."""
        spec.validate()
        given = given or Given()
        info = dataset_info(spec.dataset)
        check_given(spec, given, info)
        if not is_present(spec.dataset):
            load_dataset(spec.dataset)  # raises, and says best what is missing and what to do about it
        samples = spec.samples(info.train_count, info.test_count)
        rows = preflight(spec, info.shape, len(info.classes), samples)
        if spec.recipe.transforms:  # whether they fit is seen on an image of the data
            spec.recipe.transforms.for_training(load_dataset(spec.dataset))
        made = self.path / f".{secrets.token_hex(8)}"  # nobody's run until it is whole
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            limits.check_disk(self.path, rows, spec.recipe, samples)
            made.mkdir()
            write_given(made, spec, given, info)
            write_json(made / SPEC, spec.to_json())
            write_control(made, Control())
            store_state(made, State("queued"))
            lock = locks.hold(made / locks.OWNER)
            return Run(self._named(made)), lock
        except OSError as error:
            shutil.rmtree(made, ignore_errors=True)
            raise disk_problem(self.path, error) from error

    def _named(self, made: Path) -> Path:
        """Give the directory `made` the id of this moment."""
        while True:
            path = self.path / datetime.now(UTC).strftime(_ID_FORMAT)
            try:
                return made.rename(path)
            except OSError as error:  # taken by another process in the same microsecond: a later one is free
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise


def _stamp(run: Path) -> _Stamp:
    """What changes when a run's specification or state is written anew: each becomes another file."""
    try:
        found = [(run / name).stat() for name in (SPEC, STATE)]
    except OSError:
        return ()  # damaged, as reading it will tell
    return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in found)


def _no_server(error: OSError) -> RunError:
    return RunError(
        "The process that trains runs cannot be started ({reason}).", reason=error.strerror or error
    )
