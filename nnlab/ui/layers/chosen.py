"""Which network the Layers page looks into: the shipped one, a run's, the built one, a preset; on what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import streamlit as st
from torch import nn

from nnlab.data import Dataset, dataset_info, is_present, load_dataset
from nnlab.errors import LabError, check
from nnlab.nets.architecture import Architecture, Row
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.repair import repairs
from nnlab.ui.layers.linked import PLACE, choice, whole
from nnlab.ui.layers.weights import SHIPPED, learned_code, learned_model, trained_runs
from nnlab.ui.navigation import page_link_target
from nnlab.ui.networks import OWN, keep_own, link_own, network_title, own_network
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, say
from nnlab.ui.url import set_query

_LAST_SEED = 9999
_MOST_WEIGHTS = 60_000_000  # of a network that a page makes: 240 MB
_MOST_VALUES = 40_000_000  # of all its outputs for one image
_KEPT_BUILT = 2  # networks, for all readers


@dataclass(frozen=True, eq=False)
class Chosen:
    """A network, and how an image is made ready for it."""

    model: nn.Module
    architecture: Architecture
    data: Dataset
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]
    code: str

    @cached_property
    def rows(self) -> dict[str, Row]:
        """What `Architecture.trace` tells of each layer, by its name."""
        return {row.name: row for row in self.architecture.trace(self.data.shape, len(self.classes))}


@dataclass(frozen=True)
class Misfit:
    """A network that does not take the images of a dataset, and why."""

    network: Architecture
    data: Dataset
    problem: LabError
    own: bool

    def tell(self) -> None:
        """What is wrong and what helps: of a preset, a button makes another network of it; the built one is
        mended where it is built."""
        st.error(say(self.problem), icon=":material/error:")
        if self.own:
            st.page_link(page_link_target("build"), label=_("To the builder"), icon=":material/construction:")
            return
        found = repairs(self.network, self.data.shape, len(self.data.classes))
        found.sort(key=lambda repair: repair.architecture.layers[0].kind != "resize")
        for number, repair in enumerate(found):
            st.button(
                say(repair.about), icon=":material/build:", key=f"layers-network-repair-{number}",
                on_click=_take, args=(repair.architecture,),
            )  # fmt: skip


def _take(network: Architecture) -> None:
    keep_own(network)
    set_query("network", OWN)


def chosen_network() -> Chosen | Misfit:
    """Draw the choice of a network and of the images it looks at.

    Raises:
        LabError: the network cannot be had, or is too large for a page.
    """
    own = own_network()
    untrained = {f"new-{name}": name for name in preset_names()}
    titles = {SHIPPED: _("The shipped network"), **trained_runs()}
    titles |= {OWN: network_title(OWN)} if own is not None else {}
    titles |= {key: _("{name}, untrained", name=name) for key, name in untrained.items()}
    picked = choice(
        _("Network"), "network", list(titles), SHIPPED, shown=lambda which: titles[which], width=260,
        also_clears=("stage", "dataset", "sample", "net", *PLACE),
    )  # fmt: skip
    link_own(shown=picked == OWN)
    if picked == OWN or picked in untrained:
        network = own if picked == OWN and own is not None else preset(untrained[picked])
        return _untrained(network, own=picked == OWN)
    model = learned_model(picked)
    info = model.info
    data = _dataset(lambda shape: shape == info.in_shape, info.dataset)
    return Chosen(model, info.architecture, data, info.mean, info.std, info.classes, learned_code(picked))


def _untrained(network: Architecture, own: bool) -> Chosen | Misfit:
    data = _dataset(lambda shape: True, None)
    seed = whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=100)
    shape, classes = data.shape, len(data.classes)
    rows, problem = network.look(shape, classes)
    if problem is not None:
        return Misfit(network, data, problem, own)
    weights, values = sum(row.params for row in rows), sum(row.activation_bytes // 4 for row in rows)
    check(
        weights <= _MOST_WEIGHTS,
        "{name} has {count} parameters; networks with up to {most} are shown here. The Build page draws it.",
        name=network.name, count=f"{weights:,}", most=f"{_MOST_WEIGHTS:,}",
    )  # fmt: skip
    check(
        values <= _MOST_VALUES,
        "The layers of {name} give {count} values for one image; up to {most} are shown here. The Build page "
        "draws it.",
        name=network.name, count=f"{values:,}", most=f"{_MOST_VALUES:,}",
    )  # fmt: skip
    text = json.dumps(network.to_json())
    model = _built(text, shape, classes, seed)
    made = f"nnlab.Architecture.from_json(json.loads({text!r}))" if own else f"nnlab.preset({network.name!r})"
    code = f"model = {made}.build({shape}, {classes}, seed={seed}).eval()"
    return Chosen(model, network, data, data.mean, data.std, data.classes, code)


@st.cache_resource(max_entries=_KEPT_BUILT, show_spinner=False)
def _built(network: str, shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    """The network that this JSON describes, in evaluation mode; nobody changes it."""
    return Architecture.from_json(json.loads(network)).build(shape, classes, seed).eval()


def _dataset(fits: Callable[[tuple[int, ...]], bool], usual: str | None) -> Dataset:
    """One of the datasets that are there, and whose images are of a shape that fits."""
    names = [name for name in listed_datasets() if is_present(name) and fits(dataset_info(name).shape)]
    if not names:
        raise LabError("There is no dataset on this machine whose images fit this network.")
    start = usual if usual in names else names[0]
    name = choice(
        _("Dataset"), "dataset", names, start, shown=dataset_title, width=190, also_clears=("sample", *PLACE)
    )
    return load_dataset(name)
