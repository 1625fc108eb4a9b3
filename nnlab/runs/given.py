"""The tensors that a run's specification names (`nnlab.training.start.Given`), in files of the run's own."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nnlab.data.dataset import Split
from nnlab.data.registry import DatasetInfo
from nnlab.errors import LabError, RunError
from nnlab.files import replace
from nnlab.runs.files import damaged
from nnlab.training.recipe import RunSpec
from nnlab.training.start import Given, Start, check_channels, check_own
from nnlab.training.weights import SUFFIX, WeightsInfo, load_model, save_weights
from nnlab.training.weights_file import fit_weights

START, OWN = f"start{SUFFIX}", f"own{SUFFIX}"


def check_given(spec: RunSpec, given: Given, info: DatasetInfo) -> None:
    """Raise `LabError` where `given` is not what `spec` names, or does not fit the dataset `info`."""
    given.check(spec.start, spec.mixture)
    if spec.start is not None:
        check_channels(spec.start, info.shape, info.name)
        fit_weights(given.weights, spec.architecture, info.shape, len(info.classes))
    if given.own is not None:
        check_own(given.own, info.shape, len(info.classes), info.name)


def write_given(run: Path, spec: RunSpec, given: Given, info: DatasetInfo) -> None:
    """Write what `spec` names into the directory `run`; `info` is its dataset's. Raises OSError."""
    if spec.start is not None:
        weights = {name: tensor.cpu().contiguous() for name, tensor in given.weights.items()}
        save_weights(run / START, weights, _info(spec, spec.start, info))
    if spec.mixture is not None and given.own is not None:
        content = save({"images": given.own.images.contiguous(), "labels": given.own.labels.contiguous()})
        replace(run / OWN, lambda path: path.write_bytes(content))


def read_given(run: Path, spec: RunSpec) -> Given:
    """What `write_given` wrote, checked against the digests in `spec`.

    Raises:
        RunError: a file is absent or damaged.
    """
    weights: dict[str, Tensor] = {}
    if spec.start is not None:
        if not (run / START).is_file():
            raise damaged(run / START, FileNotFoundError())
        weights = dict(load_model(run / START).state_dict())
    own = _read_own(run / OWN) if spec.mixture is not None else None
    given = Given(weights, own)
    for file, parts in ((START, (spec.start, None)), (OWN, (None, spec.mixture))):
        try:
            given.check(*parts)
        except LabError as error:
            raise damaged(run / file, error) from None
    return given


def _info(spec: RunSpec, start: Start, info: DatasetInfo) -> WeightsInfo:
    return WeightsInfo(0, spec.architecture, info.shape, info.classes, info.name, start.mean, start.std)


def _read_own(path: Path) -> Split:
    try:
        with safe_open(path, framework="pt") as file:
            own = Split(file.get_tensor("images"), file.get_tensor("labels"))
    except (OSError, SafetensorError, ValueError) as error:
        raise damaged(path, error) from None
    if own.images.dtype != torch.uint8 or own.images.ndim != 4 or own.labels.dtype != torch.int64:
        raise damaged(path, RunError("They are no images and labels."))
    return own
