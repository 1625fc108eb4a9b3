"""The training images that a network finds nearest: computed once by a process of its own, then looked up."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from nnlab.data import dataset_info, is_present
from nnlab.data.registry import BUILT_IN
from nnlab.errors import LabError
from nnlab.lens.forward import Forward
from nnlab.lens.neighbours import Remembered
from nnlab.lens.remembering import remembered_file, remembered_folder
from nnlab.program import Programs
from nnlab.training.weights import TrainedModel, WeightsInfo, save_weights
from nnlab.ui.components.inside import Near
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, say

_WEIGHTS = ".weights"  # beside the file while it is made
_programs = Programs(at_once=1, kept=16)
_files: WeakKeyDictionary[TrainedModel, dict[str, Path]] = WeakKeyDictionary()


def near_images(model: TrainedModel, seen: Forward) -> Near:
    """The five nearest, or how far their computation has come, or what went wrong in it.

    Raises:
        LabError: the network has no space to compare images in, or its training images are not here.
    """
    if seen.last is None:
        raise LabError(
            "The last layer of this network is not linear, so it has no space to compare images in."
        )
    name = training_images(model.info)
    file = _file(model, name)
    if not file.exists():
        return _computing(model, name, file)
    try:
        found = _loaded(file)
    except (LabError, OSError):
        file.unlink(missing_ok=True)  # damaged: it is computed again
        return _computing(model, name, file)
    classes = dataset_info(name).classes
    nearest = [(one, classes[one.label]) for one in found.nearest(seen.last.inputs[0])]
    return Near(nearest, _about(found, model.info.dataset))


def training_images(info: WeightsInfo) -> str:
    """The dataset whose images are compared: that of the training where it is here, else the built-in one.

    Raises:
        LabError: neither has images that the network takes.
    """
    for name in (info.dataset, BUILT_IN):
        try:
            if is_present(name) and dataset_info(name).shape == info.in_shape:
                return name
        except LabError:
            continue  # unknown by now
    raise LabError("The training images of this network, {name}, are not on this machine.", name=info.dataset)


def _computing(model: TrainedModel, name: str, file: Path) -> Near:
    program = _programs.known(str(file))
    if program is not None and not program.running and program.problem is None:
        program.stop()  # it has ended, and its file is gone again
    if program is not None and program.problem is not None and not program.stopped:
        return Near(problem=say(program.problem))
    if program is None or program.stopped:
        folder = remembered_folder()
        folder.mkdir(parents=True, exist_ok=True)
        weights = file.with_suffix(_WEIGHTS)
        save_weights(weights, model.state_dict(), model.info, durable=False)
        program = _programs.start(str(file), [str(weights), name, str(file)], "nnlab.lens.remembering")
    done, of = program.lines[-1] if program.lines else (0, 0)
    return Near(done=done, of=of, waiting=not of)


def compare_again(model: TrainedModel) -> None:
    """After a computation that has failed: the next `near_images` begins another one."""
    program = _programs.known(str(_file(model, training_images(model.info))))
    if program is not None and program.problem is not None:
        program.stop()


def _file(model: TrainedModel, name: str) -> Path:
    """Of the digest of the weights, which takes long enough to be worked out once."""
    known = _files.setdefault(model, {})
    if name not in known:
        known[name] = remembered_file(model, name)
    return known[name]


@lru_cache(maxsize=4)
def _loaded(file: Path) -> Remembered:
    found = Remembered.load(file)
    file.with_suffix(_WEIGHTS).unlink(missing_ok=True)
    os.utime(file)  # it is used, so others are removed before it
    return found


def _about(found: Remembered, trained_on: str) -> str:
    values = {"shown": f"{len(found.indices):,}", "count": f"{found.count:,}"}
    title = dataset_title(found.dataset)
    if found.dataset != trained_on:
        return _(
            "Among {shown} of the {count} images of {title}: {missing} is not on this machine.",
            title=title, missing=dataset_title(trained_on), **values,
        )  # fmt: skip
    if len(found.indices) == found.count:
        return _("Among all {count} training images of {title}.", title=title, count=values["count"])
    return _(
        "Among {shown} of the {count} training images of {title}, drawn at random.", title=title, **values
    )
