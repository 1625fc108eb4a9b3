"""The kinds of files that a network or a run can be taken along in; a file's ending says which."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from nnlab.data import load_dataset
from nnlab.data.division import divide
from nnlab.errors import LabError
from nnlab.export.notebook import notebook
from nnlab.export.recorded import Recorded
from nnlab.export.script import Script, start_name, training_script
from nnlab.files import replace
from nnlab.paths import data_root
from nnlab.runs import Run
from nnlab.runs.given import read_given
from nnlab.training.recipe import RunSpec
from nnlab.training.weights import TrainedModel, WeightsInfo, weights_bytes

Files = dict[str, bytes]  # contents by name


@dataclass(frozen=True)
class Subject:
    """What is taken along: a run, or without one what `spec` describes, not trained yet."""

    spec: RunSpec
    run: Run | None = None

    @classmethod
    def of(cls, run: Run) -> Subject:
        """What `run` has trained."""
        return cls(run.spec, run)

    def script(self, name: str, root: str | Path | None = None) -> Script:
        """The program that trains it, and checks that against the run.

        Args:
            name: of the file, without its ending.
            root: where the program looks for torchvision's datasets; by default, the lab's data root.

        Raises:
            LabError: the run has no end to check against, or the data is absent.
        """
        recorded = None if self.run is None else Recorded.of(self.run)
        data = load_dataset(self.spec.dataset)
        folder = data_root().resolve() if root is None else root
        given = None if self.run is None else read_given(self.run.path, self.spec)
        return training_script(self.spec, data, name=name, root=folder, recorded=recorded, given=given)

    def model(self) -> TrainedModel:
        """The network with the run's last weights, or with those that a training would begin with."""
        if self.run is not None:
            return self.run.load_model()
        spec = self.spec
        data = divide(load_dataset(spec.dataset), spec.division)
        layers = spec.architecture.build(
            data.shape, len(data.classes), spec.recipe.seed, spec.recipe.init
        ).named_children()
        model = TrainedModel(OrderedDict(layers))
        model.info = WeightsInfo.of(spec.architecture, data, 0)
        return model.eval()

    def files(self, suffix: str, name: str, root: str | Path | None = None) -> Files:
        """The file `name` + `suffix`, and what it needs beside it.

        Raises:
            LabError: no such kind of file, it cannot be made of this, or a package is missing.
        """
        if suffix not in FORMATS:
            raise LabError(
                "{file} ends in {suffix}; known endings are: {known}.",
                file=name + suffix, suffix=repr(suffix), known=", ".join(FORMATS),
            )  # fmt: skip
        return FORMATS[suffix](self, name, root)


def write_files(subject: Subject, path: Path) -> list[Path]:
    """Write `path` and what it needs beside it; its ending says what it is. The files that were written.

    Raises:
        LabError: as `Subject.files`, or the disk refuses.
    """
    written = []
    for name, content in subject.files(path.suffix, path.stem).items():
        file = path.with_name(name)
        write_file(file, content)
        written.append(file)
    return written


def write_file(path: Path, content: bytes) -> None:
    """Write `path` in one step; raises `LabError` where the disk refuses."""
    try:
        replace(path, partial(_write, content))
    except OSError as error:
        reason = error.strerror or error
        raise LabError("{file} cannot be written ({reason}).", file=path, reason=reason) from None


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def program_files(script: Script) -> Files:
    """The program, and the files of data and of first weights beside it where it needs them."""
    return {f"{script.name}.py": script.code().encode(), **_beside(script)}


def notebook_files(script: Script) -> Files:
    """As `program_files`, as a notebook."""
    return {f"{script.name}.ipynb": notebook(script).encode(), **_beside(script)}


def _program(subject: Subject, name: str, root: str | Path | None) -> Files:
    return program_files(subject.script(name, root))


def _notebook(subject: Subject, name: str, root: str | Path | None) -> Files:
    return notebook_files(subject.script(name, root))


def _beside(script: Script) -> Files:
    files = {} if script.splits is None else {script.data_name: _saved(script.splits)}
    if script.weights is not None:
        content = io.BytesIO()
        torch.save({name: tensor.clone() for name, tensor in script.weights.items()}, content)
        files[start_name(script.name)] = content.getvalue()
    return files


def packed(files: Files) -> bytes:
    """A zip of `files`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def _saved(splits: Mapping[str, tuple[Tensor, Tensor]]) -> bytes:
    """As `torch.load` with ``weights_only=True`` reads it; of tensors that are part of something larger, only
    that part."""
    file = io.BytesIO()
    torch.save({name: tuple(tensor.clone() for tensor in split) for name, split in splits.items()}, file)
    return file.getvalue()


def _weights(subject: Subject, name: str, root: str | Path | None) -> Files:
    model = subject.model()
    return {f"{name}.safetensors": weights_bytes(model.state_dict(), model.info)}


def _architecture(subject: Subject, name: str, root: str | Path | None) -> Files:
    return {f"{name}.json": subject.spec.architecture.to_text().encode()}


def _onnx(subject: Subject, name: str, root: str | Path | None) -> Files:
    return {f"{name}.onnx": model_file(subject.model(), ".onnx")}


def _exported(subject: Subject, name: str, root: str | Path | None) -> Files:
    return {f"{name}.pt2": model_file(subject.model(), ".pt2")}


def model_file(model: TrainedModel, suffix: str) -> bytes:
    """A file that ends in `suffix`, one of `OF_A_MODEL`, made of the network and its weights alone.

    Raises:
        LabError: no such kind of file, it cannot be made of this, or a package is missing.
    """
    from nnlab.export.onnx import export_onnx
    from nnlab.export.program import export_program

    if suffix not in OF_A_MODEL:
        raise LabError(
            "Of weights alone a file ending in {suffix} cannot be made; known endings are: {known}.",
            suffix=repr(suffix), known=", ".join(OF_A_MODEL),
        )  # fmt: skip
    write = export_onnx if suffix == ".onnx" else export_program
    return write(model, model.info.in_shape)


OF_A_MODEL = (".onnx", ".pt2")


# By ending; each makes the files from the subject, their name and the root of the data.
FORMATS: dict[str, Callable[[Subject, str, str | Path | None], Files]] = {
    ".py": _program,
    ".ipynb": _notebook,
    ".safetensors": _weights,
    ".json": _architecture,
    ".onnx": _onnx,
    ".pt2": _exported,
}
