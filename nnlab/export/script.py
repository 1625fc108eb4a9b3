"""A training as a program of its own: one file that needs torch, and torchvision for its data.

It repeats what the training loop does, bit for bit on the CPU: the same weights at first, the same order of
the samples, the same random numbers, the same kernels. Made for a finished run it checks that at its end.
"""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nnlab.data import Dataset
from nnlab.data.division import Division, divide
from nnlab.export.checking import check_part
from nnlab.export.data import data_part, is_published, moments
from nnlab.export.parts import Part, imports
from nnlab.export.recorded import Recorded
from nnlab.export.training import Setting, constants, loss_name, training_part
from nnlab.nets.architecture import Architecture
from nnlab.nets.initial import DEFAULT, initial
from nnlab.nets.layers import layer_kind
from nnlab.nets.source import model_source
from nnlab.nets.spec import LayerSpec
from nnlab.training.evaluate import chunk_size
from nnlab.training.kernels import Kernels, kernels
from nnlab.training.recipe import RunSpec
from nnlab.training.start import Given, Start, as_fed, mixed

_WIDTH = 88
_MIXED = "mixed"  # no dataset of the lab is called so


@dataclass(frozen=True)
class Script:
    """A program in parts.

    Attributes:
        name: of the file, without its ending; the file of data beside it is ``NAME-data.pt``.
        about: what it does, in paragraphs.
        setup: blocks of constants, behind the imports.
        places: where the data is, as a program says it and as a notebook does.
        parts: the rest, in order.
        splits: what the file of data holds; None for a dataset of torchvision.
        weights: what the file ``NAME-start.pt`` holds, with which the training begins; None for drawn ones.
    """

    name: str
    about: tuple[str, ...]
    setup: tuple[str, ...]
    places: tuple[str, str]
    parts: tuple[Part, ...]
    splits: Mapping[str, tuple[Tensor, Tensor]] | None
    weights: Mapping[str, Tensor] | None = None

    @property
    def alone(self) -> bool:
        """Whether it needs no file beside it."""
        return self.splits is None and self.weights is None

    @property
    def data_name(self) -> str:
        """Of the file beside it."""
        return data_name(self.name)

    def code(self) -> str:
        """The program: definitions first, then what is done, part by part."""
        defined = [text for part in self.parts for text in part.definitions]
        done = ["\n\n".join([f"# {part.title}", *part.steps]).replace("\n\n", "\n", 1) for part in self.parts]
        head = "\n\n".join((self.places[0], *self.setup))
        needed = imports([head, *defined, *done])
        about = "\n\n".join(textwrap.fill(text, _WIDTH) for text in self.about)
        end = "\n" if "\n" in about else ""
        top = f'"""{about}{end}"""\n\n{needed}\n\n{head}'
        return "\n\n\n".join([top, *defined, "\n\n".join(done)]) + "\n"


def data_name(name: str) -> str:
    """What the file of data beside the script `name` is called."""
    return f"{name}-data.pt"


def start_name(name: str) -> str:
    """What the file of first weights beside the script `name` is called."""
    return f"{name}-start.pt"


def training_script(
    spec: RunSpec,
    data: Dataset,
    *,
    name: str,
    root: str | Path,
    recorded: Recorded | None = None,
    given: Given | None = None,
) -> Script:
    """The program that trains `spec` on `data`.

    Args:
        data: the dataset as published, which is divided here as `spec` says.
        name: of the file, without its ending.
        root: the folder in which the program looks for torchvision's datasets, or puts them.
        recorded: what the run of `spec` ended with; the program checks that it ends with the same.
        given: the tensors that `spec` names, where it does; the program finds them in files beside it.

    Raises:
        LabError: the network or the transforms do not fit the data, or `given` is not what `spec` names.
    """
    given = (given or Given()).check(spec.start, spec.mixture)
    if spec.mixture is not None:  # which travels as a dataset that nobody has published
        data = mixed(divide(data, spec.division), spec.mixture, given.own, spec.recipe.seed)
        title = f"{data.title} and images of one's own"
        data = dataclasses.replace(data, name=_MIXED, title=title, division=None)
        spec = dataclasses.replace(spec, division=Division(), mixture=None)
    recipe, divided = spec.recipe, as_fed(divide(data, spec.division), spec.start)
    classes, device = len(data.classes), "cpu" if recorded is None else recorded.device
    with torch.device("meta"):
        model = spec.architecture.build(data.shape, classes)
    setting = Setting(
        channels=data.shape[0],
        samples=len(divided.train),
        kernels=kernels(model, recipe.batch_size),
        draws=_draws(spec.architecture),
        transforms=recipe.transforms.for_training(divided),
        device=device,
        steps=recipe.steps(len(divided.train)) if recorded is None else recorded.steps,
    )
    setup = [constants(recipe, setting), moments(divided)]
    if device != "cpu":
        setup.insert(0, f'DEVICE = "{device}"')
    if recorded is not None and device == "cpu":
        setup.append(f"torch.set_num_threads({recorded.threads})  # by which sums are shared out")
    return Script(
        name=name,
        about=(*_about(spec, data, recorded), *_begun(spec.start, name)),
        setup=tuple(setup),
        places=_places(data, name, root, spec.start is not None),
        parts=(
            _model_part(spec, data, setting.kernels, device),
            data_part(data, spec.division),
            training_part(recipe, setting),
            check_part(
                loss_name(recipe),
                chunk_size(model.eval(), data.shape),
                divided.validation is not None,
                device,
                recorded,
            ),
        ),
        splits=None if is_published(data.name) else _splits(data),
        weights=None if spec.start is None else given.weights,
    )


def _model_part(spec: RunSpec, data: Dataset, suited: Kernels, device: str) -> Part:
    source = model_source(spec.architecture, data.shape, len(data.classes))
    definitions = [*source.helpers, source.definition]
    moved = [] if device == "cpu" else ["DEVICE"]
    moved += ["memory_format=torch.channels_last"] if suited.channels_last else []
    to = f".to({', '.join(moved)})" if moved else ""
    if spec.recipe.init == DEFAULT:
        made = [f"model = {source.class_name}(){to}"]
    else:
        definitions.append(initial(spec.recipe.init).code.rstrip())
        made = [
            f"model = {source.class_name}()",
            "initialise(model)",
            *([f"model = model{to}"] if to else []),
        ]
    lines = ["torch.manual_seed(SEED)", *made]
    if spec.start is not None:
        lines = [*made, "model.load_state_dict(torch.load(START, weights_only=True))"]
    return Part("Model", tuple(definitions), ("\n".join(lines),))


def _places(data: Dataset, name: str, root: str | Path, started: bool) -> tuple[str, str]:
    """Where the data and the first weights are: of a program, which may be told, and of a notebook."""
    of_program, of_notebook = _data_places(data, name, root)
    if not started:
        return of_program, of_notebook
    file = _quoted(start_name(name))
    about = "# The weights that the training begins with"
    return (
        f"{of_program}\n{about}\nSTART = Path(__file__).with_name({file})",
        f"{of_notebook}\n{about}\nSTART = {file}",
    )


def _data_places(data: Dataset, name: str, root: str | Path) -> tuple[str, str]:
    if is_published(data.name):
        folder = _quoted(str(root))
        return (
            f"# Where the files of {_plain(data.title)} are, or are put\n"
            f"ROOT = sys.argv[1] if len(sys.argv) > 1 else {folder}",
            f"ROOT = {folder}  # where the files of {_plain(data.title)} are, or are put",
        )
    file = _quoted(data_name(name))
    return f"DATA = Path(__file__).with_name({file})", f"DATA = {file}"


def _about(spec: RunSpec, data: Dataset, recorded: Recorded | None) -> tuple[str, ...]:
    network, title = _plain(spec.architecture.name), _plain(data.title)
    first = f"Train the network {network} on {title}."
    if recorded is None:
        return (first,)
    if recorded.device != "cpu":
        return (
            first,
            f"As in the run {recorded.run}, which was trained on {recorded.device} with torch "
            f"{recorded.torch}. There no two trainings end with the same bits, so what the run came to is "
            "printed for comparison and not checked.",
        )
    return (
        first,
        f"As in the run {recorded.run}: this ends with an error unless the loss, the accuracy and every "
        f"weight are those of the run, to the last bit. That takes torch {recorded.torch} and a processor "
        "of the same kind.",
    )


def _begun(start: Start | None, name: str) -> tuple[str, ...]:
    """What a person is told of the weights that it goes on from."""
    if start is None:
        return ()
    source = f" of {_plain(start.source)}" if start.source else ""
    return (f"It goes on from the weights{source} in {_plain(start_name(name))}.",)


def _splits(data: Dataset) -> dict[str, tuple[Tensor, Tensor]]:
    parts = {"train": data.train, "test": data.test}
    return {name: (split.images, split.labels) for name, split in parts.items()}


def _draws(architecture: Architecture) -> bool:
    """Whether a layer draws random numbers while it is trained."""

    def draws(layer: LayerSpec) -> bool:
        if layer.joins:
            return any(draws(inner) for branch in layer.branches for inner in branch)
        return layer_kind(layer.kind).random

    return any(map(draws, architecture.layers))


def _plain(text: str) -> str:
    """In a comment or a docstring: one line, with nothing that ends it."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")


def _quoted(text: str) -> str:
    """As a literal with double quotes."""
    return json.dumps(text, ensure_ascii=False)
