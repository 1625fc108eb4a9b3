"""How much memory the control groups leave that this process is in: a container may use far less than its
machine has, and a process that uses more is killed.

Groups lie in one another, and the tightest counts. Both layouts of Linux are read, the unified one
(version 2) and the older one with a tree for memory alone (version 1). Elsewhere nothing is limited so.

https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_UNLIMITED = 2**60  # version 1 writes a number near 2**63 for it


@dataclass(frozen=True)
class Group:
    """A control group with a limit: its bytes, and how many of them are taken and cannot be given back."""

    limit: int
    used: int


def limited_groups(root: Path = Path("/")) -> list[Group]:
    """The groups with a limit of memory that this process is in; `root` is the root of the file system."""
    groups = (_group(folder, unified) for folder, unified in _folders(root))
    return [group for group in groups if group is not None]


def _folders(root: Path) -> Iterator[tuple[Path, bool]]:
    """The folder of each group, and whether it is of the unified layout."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        mounted = root / "sys/fs/cgroup" / ("memory" if controllers else "")
        inside = PurePosixPath(path.lstrip("/"))
        # In a container the path may be the machine's, of which only the container's root is seen here.
        for part in dict.fromkeys([inside, *inside.parents, PurePosixPath()]):
            yield mounted / part, not controllers


def _group(folder: Path, unified: bool) -> Group | None:
    limit_file, used_file, cache = (
        ("memory.max", "memory.current", "inactive_file")
        if unified
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )
    limit, used = _number(folder / limit_file), _number(folder / used_file)
    if limit is None or used is None or limit >= _UNLIMITED:
        return None
    return Group(limit, max(0, used - _given_back(folder / "memory.stat", cache)))


def _given_back(file: Path, name: str) -> int:
    """Bytes of files that were read and are only kept in case they are read again."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    found = (line.split()[1] for line in lines if line.split()[:1] == [name])
    return int(next(found, "0"))


def _number(file: Path) -> int | None:
    """What a file holds; None where there is no such file, or it says "max"."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
