"""Weights from an uploaded file: safetensors, of the network in its header or of the one being built."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from nnlab.nets.architecture import Architecture
from nnlab.nets.layers import Shape
from nnlab.training.weights import TrainedModel, WeightsInfo
from nnlab.training.weights_file import MisfitError, WeightsFile, fitted_model, read_weights
from nnlab.ui.build.data import data_choice
from nnlab.ui.build.draft import draft
from nnlab.ui.text import _, say


@dataclass(frozen=True, eq=False)
class Uploaded:
    """A network with the weights of a file, in evaluation mode; `code` loads the same in Python."""

    model: TrainedModel
    digest: str
    code: str


def uploaded() -> Uploaded | None:
    """Draw the upload; None, with a sentence, where there is no file yet, or one that does not fit.

    Raises:
        LabError: the file is not one of weights.
    """
    chosen = st.file_uploader(
        _("Weights (safetensors)"), "safetensors", key="weights-file",
        help=_("From this lab, a plain state_dict of the network that is being built, or torchvision's."),
    )  # fmt: skip
    if chosen is None:
        return None
    content = chosen.getvalue()
    file = read_weights(content, chosen.name)
    info = file.info or _of_the_built()
    digest = hashlib.sha256(content).hexdigest()
    try:
        model = _fitted(digest, repr(info), file, info)
    except MisfitError as error:
        st.error(say(error), icon=":material/error:")
        _differences(error)
        return None
    return Uploaded(model, digest, _code(chosen.name, file, model))


def _of_the_built() -> WeightsInfo:
    """What a file without a header of ours is taken to belong to."""
    target = data_choice()
    channels = target.in_shape[0]
    names = tuple(map(str, range(target.classes)))
    return WeightsInfo(0, draft(), target.in_shape, names, target.name, (0.0,) * channels, (1.0,) * channels)


@st.cache_resource(max_entries=2, show_spinner=False)
def _fitted(digest: str, network: str, _file: WeightsFile, _info: WeightsInfo) -> TrainedModel:
    return fitted_model(_file, _info)


def _differences(error: MisfitError) -> None:
    """All of them, where the sentence lists only the first."""
    rows = [(name, _("is missing"), "") for name in error.missing]
    rows += [(name, "", _("is not known")) for name in error.unexpected]
    rows += [(name, _shape(found), _shape(right)) for name, found, right in error.shapes]
    st.dataframe(
        {
            _("name"): [row[0] for row in rows],
            _("in the file"): [row[1] for row in rows],
            _("in the network"): [row[2] for row in rows],
        },
        hide_index=True, height=min(300, 38 + 35 * len(rows)),
    )  # fmt: skip


def _shape(shape: Shape) -> str:
    return " × ".join(map(str, shape)) or "()"


def _code(name: str, file: WeightsFile, model: TrainedModel) -> str:
    info = model.info
    classes = len(info.classes)
    if set(file.tensors) == set(model.state_dict()):
        written = info.architecture.code("Net", info.in_shape, classes)
        return (
            f"from safetensors.torch import load_file\n{written}\n\n"
            f"model = Net()\nmodel.load_state_dict(load_file({name!r}))"
        )
    network: Architecture = info.architecture
    return (
        "from pathlib import Path\n\nimport torch\n\nimport nnlab\n"
        "from nnlab.training.weights_file import fit_weights, read_weights\n\n"
        f"network = nnlab.Architecture.from_json({network.to_json()})\n"
        f"model = network.build({info.in_shape}, {classes})\n"
        f"tensors = read_weights(Path({name!r})).tensors  # under other names\n"
        f"model.load_state_dict(fit_weights(tensors, network, {info.in_shape}, {classes}))"
    )
