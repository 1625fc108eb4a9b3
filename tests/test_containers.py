"""What control groups leave of the memory: files of both layouts of Linux, laid out as the kernel does."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import torch

from nnlab import devices
from nnlab.containers import Group, limited_groups


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_unified_layout_counts_every_group_around(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/lab\n",
            "sys/fs/cgroup/user.slice/memory.max": "8000\n",
            "sys/fs/cgroup/user.slice/memory.current": "7000\n",
            "sys/fs/cgroup/user.slice/memory.stat": "anon 3000\ninactive_file 4000\nactive_file 5\n",
            "sys/fs/cgroup/user.slice/lab/memory.max": "6000\n",
            "sys/fs/cgroup/user.slice/lab/memory.current": "1000\n",
            "sys/fs/cgroup/memory.stat": "anon 3\n",
        },
    )
    assert sorted(limited_groups(tmp_path), key=lambda group: group.limit) == [
        Group(6000, 1000),
        Group(8000, 3000),
    ]


def test_the_root_of_a_container_is_its_own_group(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/../../docker/0123\n",
        "sys/fs/cgroup/memory.max": "5000\n",
        "sys/fs/cgroup/memory.current": "200\n",
    }
    assert limited_groups(write(tmp_path, files)) == [Group(5000, 200)]


def test_the_older_layout(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "9:name=systemd:/\n4:memory:/docker/abc\n5:cpu,cpuacct:/docker/abc\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "4000\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "900\n",
        "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 600\n",
        "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes": "900\n",
    }
    assert limited_groups(write(tmp_path, files)) == [Group(4000, 300)]


@pytest.mark.parametrize("said", ["max\n", "", "nonsense\n"])
def test_without_a_limit_nothing_is_limited(tmp_path: Path, said: str) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": said,
        "sys/fs/cgroup/memory.current": "200\n",
    }
    assert limited_groups(write(tmp_path, files)) == []
    assert limited_groups(tmp_path / "no such machine") == []


def test_free_memory_is_what_the_tightest_group_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = psutil.virtual_memory()
    cpu = torch.device("cpu")
    monkeypatch.setattr(devices, "limited_groups", lambda: [Group(10**6, 10**5), Group(2 * 10**6, 10**6)])
    assert devices.free_memory(cpu) == 9 * 10**5
    assert devices.describe_device(cpu).memory_bytes == 10**6
    monkeypatch.setattr(devices, "limited_groups", lambda: [Group(100, 300)])
    assert devices.free_memory(cpu) == 0
    monkeypatch.setattr(devices, "limited_groups", lambda: [Group(2**59, 0)])
    assert devices.describe_device(cpu).memory_bytes == machine.total
