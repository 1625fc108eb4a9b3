"""What this machine has and what is missing; it speaks even where torch cannot be imported."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
_PIN = re.compile(r"([A-Za-z0-9_-]+)==(\S+)")


def pins(requirements: Path = REQUIREMENTS) -> dict[str, str]:
    """Package -> version, of every direct dependency."""
    return dict(_PIN.findall(requirements.read_text()))


def report(runs: str | None = None) -> int:
    """Print it all; 0 if nothing that is needed is missing, else 1."""
    print(f"python       {platform.python_version()} ({sys.executable})")
    problems = _versions()
    problems += _torch_problems(problems) + _folder_problems(problems, runs)
    if not problems:
        _engine()
    for problem in problems:
        print(f"missing: {problem}")
    if not problems:
        print("Nothing is missing.")
    return 1 if problems else 0


def _versions() -> list[str]:
    problems = []
    if sys.version_info < (3, 11):  # noqa: UP036
        problems.append("Python 3.11 or newer: install it, then make the virtual environment anew with it.")
    for name, wanted in pins().items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            print(f"{name:<12} -")
            problems.append(f"{name} is not installed: pip install {name}=={wanted}")
            continue
        differs = found.split("+")[0] != wanted
        print(f"{name:<12} {found}{f' (tested with {wanted})' if differs else ''}")
    return problems


def _torch_problems(already: list[str]) -> list[str]:
    """Import torch and torchvision in a process of their own, for a broken pair may end it."""
    if any(problem.startswith(("torch ", "torchvision ")) for problem in already):
        return []
    code = "import torch, torchvision"
    tried = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return []
    wanted = pins()
    last = (tried.stderr.strip().splitlines() or ["no message"])[-1]
    return [
        f"a torch and a torchvision that fit together (they fail with: {last}): "
        f"pip install torch=={wanted['torch']} torchvision=={wanted['torchvision']}"
    ]


def _engine() -> None:
    """The device and the datasets, which take a working torch to tell."""
    from nnlab.data import dataset_info, dataset_names, is_present
    from nnlab.devices import describe_device

    device = describe_device()
    memory = f"{device.memory_bytes / 2**30:.1f} GB"
    print(f"device       {device.type}: {device.name}, {memory}, {device.threads} thread(s) a run")
    there = [name for name in dataset_names() if is_present(name)]
    absent = [name for name in dataset_names() if name not in there]
    print(f"datasets     {', '.join(there)}")
    if absent:
        print(
            f"to download  {', '.join(absent)} (on the Datasets page, or with "
            f"`python -m nnlab train --download --dataset {dataset_info(absent[0]).name}`)"
        )


def _folder_problems(already: list[str], runs: str | None) -> list[str]:
    """Print the folders, and what is wrong with them."""
    if any(problem.startswith("platformdirs ") for problem in already):
        return []
    from nnlab.paths import data_root, runs_root

    print(f"data root    {data_root()} ({_free(data_root())})")
    folder = runs_root(runs)
    print(f"runs root    {folder} ({_free(folder)})")
    there = _existing(folder)
    if there.is_dir() and os.access(there, os.W_OK):
        return []
    return [f"the right to write into {folder}, where runs are kept: set NNLAB_RUNS to a folder of yours"]


def _free(folder: Path) -> str:
    return f"{shutil.disk_usage(_existing(folder)).free / 1e9:.1f} GB free"


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    folder = folder.expanduser().absolute()
    return next(path for path in (folder, *folder.parents) if os.path.exists(path))
