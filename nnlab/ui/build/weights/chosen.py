"""Which weights are looked at: those that a network begins with, or those that it has learned."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from torch import nn

from nnlab.data import is_present
from nnlab.drawing import shipped_model
from nnlab.errors import LabError, check
from nnlab.lens import deep_chain
from nnlab.nets.architecture import Architecture
from nnlab.nets.initial import DEFAULT, INITIALS
from nnlab.nets.layers import Shape
from nnlab.nets.presets import preset, preset_names
from nnlab.training.weights import TrainedModel
from nnlab.ui.build.data import data_choice
from nnlab.ui.build.draft import draft
from nnlab.ui.build.weights.uploaded import uploaded
from nnlab.ui.layers.linked import choice, whole
from nnlab.ui.layers.weights import SHIPPED, learned_code, trained_runs
from nnlab.ui.networks import link_own, own_network
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import set_query

DRAFT, FILE = "draft", "file"
DEEP = {
    f"deep-{name}": (name, title)
    for name, title in (
        ("sigmoid", mark("Ten linear layers, sigmoid")),
        ("tanh", mark("Ten linear layers, tanh")),
        ("relu", mark("Ten linear layers, ReLU")),
    )
}
_NAMES = ("source", "step", "init", "seed", "tensor", "batch")  # in the URL
_KEPT = "build:weights"
_LAST_SEED = 9999
_MOST_WEIGHTS = 2**28  # 1 GB of float32


@dataclass(frozen=True, eq=False)
class Chosen:
    """A network and its weights.

    Attributes:
        architecture, in_shape, classes: the network, for what it is built.
        count: of its parameters.
        data: the dataset whose images it sees; None where there are none on this machine.
        init: how its weights begin; None where they were learned.
        seed: of the weights, where they were not learned.
        key: names these very weights.
        model: makes the network with them, in training mode.
        code: lines of Python that make the same, under the name ``model``.
    """

    architecture: Architecture
    in_shape: Shape
    classes: int
    count: int
    data: str | None
    init: str | None
    seed: int
    key: str
    model: Callable[[], nn.Module]
    code: str

    def built(self, init: str) -> nn.Module:
        """The same network with the weights that it would begin with."""
        return self.architecture.build(self.in_shape, self.classes, self.seed, init)

    def built_key(self, init: str) -> str:
        """What names those weights."""
        return _key(self.architecture, self.in_shape, self.classes, self.seed, init)


def recall() -> None:
    """Where the address says nothing about this part, show what it showed last in this session."""
    if not any(name in st.query_params for name in _NAMES):
        for name, value in st.session_state.get(_KEPT, {}).items():
            set_query(name, value)


def remember() -> None:
    """Keep what the part shows for when it is opened again."""
    st.session_state[_KEPT] = {name: st.query_params[name] for name in _NAMES if name in st.query_params}


def choose() -> Chosen | None:
    """Draw the choice; None, with a sentence, where there is nothing to look at.

    Raises:
        LabError: the network does not fit the data, or there are no weights.
    """
    runs = trained_runs()
    titles = {
        DRAFT: _("{name} (being built)", name=draft().name),
        **{name: _("{name}, untrained", name=name) for name in preset_names()},
        **{name: _(title) for name, (_kind, title) in DEEP.items()},
        SHIPPED: _("The shipped network"),
        **runs,
        FILE: _("A file of weights"),
    }
    with st.container(horizontal=True, vertical_alignment="bottom", key="weights-strip"):
        source = choice(
            _("Weights of"), "source", list(titles), DRAFT, shown=lambda name: titles[name], width=260,
            also_clears=("tensor", "step"),
        )  # fmt: skip
        link_own(source == DRAFT and own_network() is not None)
        if source == SHIPPED or source in runs:
            return _learned(source)
        found = _untrained(source) if source != FILE else None
    if found is None:
        return _from_file()
    entry = INITIALS[found.init or DEFAULT]
    st.caption(f"{say(entry.about)} {entry.source}")
    return found


def _untrained(source: str) -> Chosen:
    data = data_choice()
    init = choice(
        _("First weights"), "init", list(INITIALS), DEFAULT,
        shown=lambda name: say(INITIALS[name].title), width=190,
    )  # fmt: skip
    seed = whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=110)
    if source == DRAFT:
        architecture = draft()
    else:
        architecture = deep_chain(DEEP[source][0]) if source in DEEP else preset(source)
    return _built(architecture, data.in_shape, data.classes, data.name, init, seed)


def _built(
    architecture: Architecture, in_shape: Shape, classes: int, data: str, init: str, seed: int
) -> Chosen:
    def model() -> nn.Module:
        return architecture.build(in_shape, classes, seed, init)

    count = _count(architecture, in_shape, classes)
    initialise = "" if init == DEFAULT else f"{INITIALS[init].code}\n\n"
    code = (
        f"{architecture.code('Net', in_shape, classes)}\n\n{initialise}"
        f"torch.manual_seed({seed})\nmodel = Net()\n{'initialise(model)' if initialise else ''}"
    ).rstrip()
    images = data if is_present_dataset(data) else None
    key = _key(architecture, in_shape, classes, seed, init)
    return Chosen(architecture, in_shape, classes, count, images, init, seed, key, model, code)


def _key(architecture: Architecture, in_shape: Shape, classes: int, seed: int, init: str) -> str:
    return f"{json.dumps(architecture.to_json(), sort_keys=True)} {in_shape} {classes} {seed} {init}"


def _learned(source: str) -> Chosen:
    step, key, line = 0, SHIPPED, learned_code(source)
    if source != SHIPPED:
        run = run_store().open(source)
        steps = [str(step) for step, _file in run.snapshots()]
        check(bool(steps), "The run {run} has not kept any weights yet.", run=source)
        step = int(choice(_("After steps"), "step", steps[::-1], steps[-1],
                          shown=lambda text: f"{int(text):,}", width=130))  # fmt: skip
        key = f"{run.path} {step}"
        if step != int(steps[-1]):
            line = f"model = nnlab.RunStore().open({source!r}).load_model(step={step})"
    loaded = _loaded(key, source, step)
    return _of_model(loaded, key, f"import torch\n\nimport nnlab\n\n{line}.train()")


def _from_file() -> Chosen | None:
    found = uploaded()
    return None if found is None else _of_model(found.model, found.digest, found.code)


def _of_model(model: TrainedModel, key: str, code: str) -> Chosen:
    """Weights that were learned; `model` is everybody's, so it is copied before anything is done with it."""
    info = model.info
    classes = len(info.classes)
    return Chosen(
        info.architecture, info.in_shape, classes, _count(info.architecture, info.in_shape, classes),
        info.dataset if is_present_dataset(info.dataset) else None, None, 0, key,
        lambda: copy.deepcopy(model).train(), code,
    )  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner=False)
def _loaded(key: str, source: str, step: int) -> TrainedModel:
    return shipped_model() if source == SHIPPED else run_store().open(source).load_model(step)


def is_present_dataset(name: str) -> bool:
    """Whether its images are on this machine; False too for what is no dataset, or none any more."""
    try:
        return is_present(name)
    except LabError:
        return False


def _count(architecture: Architecture, in_shape: Shape, classes: int) -> int:
    """The parameters; raises `LabError` where it does not fit, or is too large to be made for a look."""
    count = sum(row.params for row in architecture.trace(in_shape, classes))
    check(
        count <= _MOST_WEIGHTS,
        "The network would have {count:,} parameters; at most {most:,} can be looked at.",
        count=count, most=_MOST_WEIGHTS,
    )  # fmt: skip
    return count
