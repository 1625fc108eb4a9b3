"""Tensors from what `torch.save` wrote: for the command line, on a person's own machine; no page calls this.

torch's restricted unpickler (``weights_only=True``) builds tensors and plain values, and refuses all else.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nnlab.errors import LabError
from nnlab.nets.layers.fields import shown

# Where training scripts keep the state_dict in a checkpoint.
_INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")
# How torch's unpickler names what it would not run; before, and around its reason, it advises to run it.
_GLOBAL = re.compile(r"(?:GLOBAL|global:?) (?!GLOBAL)([\w.]+)")
_REASON = re.compile(r"WeightsUnpickler error:\s*(.+)")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a state_dict, or of the one in a checkpoint, in their order.

    Raises:
        LabError: absent, damaged, or more than tensors, which is then not run.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of storages of earlier versions
            value = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise LabError("There is no file {file}.", file=path) from None
    except pickle.UnpicklingError as error:
        found = _GLOBAL.search(str(error))
        if found is None:
            raise _damaged(path, error) from None
        raise LabError(
            "{file} holds more than tensors: it would run {program}. That is how a whole model is saved; "
            "save its weights alone, with torch.save(model.state_dict(), ...).",
            file=path.name, program=found[1],
        ) from None  # fmt: skip
    except Exception as error:  # a damaged file may go wrong anywhere in torch's reader
        raise _damaged(path, error) from None
    return _tensors(path, _inner(value))


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in _INSIDE:
            if isinstance(value.get(key), Mapping):
                return value[key]
    return value


def _tensors(path: Path, value: Any) -> dict[str, Tensor]:
    if not isinstance(value, Mapping) or not value:
        raise LabError(
            "{file} holds no state_dict, which has a tensor for each name, but {value}.",
            file=path.name, value=shown(type(value).__name__),
        )  # fmt: skip
    for name, tensor in value.items():
        plain = isinstance(tensor, Tensor) and tensor.layout == torch.strided and not tensor.is_quantized
        if not isinstance(name, str) or not plain:
            raise LabError(
                "{file} holds no state_dict, which has a tensor for each name: {name} is {value}.",
                file=path.name, name=shown(name), value=shown(type(tensor).__name__),
            )  # fmt: skip
    return {name: tensor.detach() for name, tensor in value.items()}


def _damaged(path: Path, error: Exception) -> LabError:
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif found := _REASON.search(str(error)):
        reason = found[1]
    else:
        reason = str(error).strip().partition("\n")[0] or repr(error)
    return LabError("{file} cannot be read by torch.load ({reason}).", file=path.name, reason=reason[:200])
