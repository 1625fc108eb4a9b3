"""What `python -m nnlab doctor` says where all is well, and where something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from nnlab import doctor
from nnlab.data import dataset_names

ROOT = Path(__file__).parents[1]


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which torch and torchvision fit together, which takes seconds to find out."""
    monkeypatch.setattr(doctor, "_torch_problems", lambda already: [])
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))
    return tmp_path


def test_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    assert doctor.report(str(tmp_path / "runs" / "below")) == 0
    said = capsys.readouterr().out
    for name in doctor.pins():
        assert f"\n{name} " in said
    for part in (
        f"data root    {tmp_path / 'data'} (", f"runs root    {tmp_path / 'runs' / 'below'} (", " GB free)",
        "device       ", "datasets     strokes\n", "to download  mnist, ", "Nothing is missing.",
    ):  # fmt: skip
        assert part in said
    assert all(name in said for name in dataset_names())
    assert not (tmp_path / "runs").exists()  # it only looks


def test_a_torch_and_a_torchvision_that_do_not_fit_together(tmp_path: Path) -> None:
    """It speaks although the one cannot be imported, and nothing else of it needs them."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("")
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    said = subprocess.run(
        [sys.executable, "-m", "nnlab", "doctor", "--runs", str(tmp_path / "runs")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1 and said.stderr == ""
    pins = doctor.pins()
    assert said.stdout.splitlines()[-1] == (
        "missing: a torch and a torchvision that fit together (they fail with: RuntimeError: operator "
        f"torchvision::nms does not exist): pip install torch=={pins['torch']} "
        f"torchvision=={pins['torchvision']}"
    )
    assert "data root" in said.stdout and "Nothing is missing" not in said.stdout


@pytest.mark.parametrize("name", ["torch", "torchvision", "platformdirs", "streamlit"])
def test_a_package_that_is_not_installed(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    version = metadata.version

    def without(asked: str) -> str:
        if asked == name:
            raise metadata.PackageNotFoundError(asked)
        return version(asked)

    monkeypatch.setattr(metadata, "version", without)
    assert doctor.report() == 1
    said = capsys.readouterr().out
    assert f"missing: {name} is not installed: pip install {name}=={doctor.pins()[name]}\n" in said
    assert ("data root" in said) == (name != "platformdirs")


def test_another_version_than_the_tested_one_is_told(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.2+cpu" if name == "torch" else version(name))
    assert doctor.report() == 0
    said = capsys.readouterr().out
    assert f"torch        1.2+cpu (tested with {doctor.pins()['torch']})" in said


def test_a_folder_of_runs_that_cannot_be(healthy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (healthy / "file").write_text("in the way")
    folder = healthy / "file" / "runs"
    assert doctor.report(str(folder)) == 1
    sentence = f"missing: the right to write into {folder}, where runs are kept: set NNLAB_RUNS to a folder"
    assert sentence in capsys.readouterr().out


def test_a_folder_of_runs_one_may_only_read(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Root may write anywhere, so the answer of the system is put in.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert doctor.report() == 1
    assert f"the right to write into {healthy / 'runs'}" in capsys.readouterr().out


def test_every_requirement_is_pinned() -> None:
    lines = [line for line in doctor.REQUIREMENTS.read_text().splitlines() if line and line[0] != "#"]
    assert [f"{name}=={version}" for name, version in doctor.pins().items()] == lines
