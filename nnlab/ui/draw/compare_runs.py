"""Which networks read the same drawing: those of runs, and the runs that are started to have some."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from nnlab.data import dataset_info, is_present
from nnlab.data.registry import BUILT_IN
from nnlab.drawing import shipped_facts, shipped_model
from nnlab.errors import LabError
from nnlab.nets.presets import PRESETS, preset
from nnlab.runs import Run, RunStore
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.ui.draw.reader import SHIPPED, Reader
from nnlab.ui.owned import can_be_drawn, dataset_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, say
from nnlab.ui.train.history import history
from nnlab.ui.train.shelf import STATES

COMPARED = ("logistic", "mlp", "net", "convnet")  # from the one that knows least of pictures on
MOST = 6  # networks side by side
_STARTED = "draw:compare-started"  # the ids of the runs that this session has started here
_SECONDS = 2.0  # for which a look at the store is good enough: there may be hundreds of runs in it
_MOST_RUNS = 100
_EPOCHS = 1.0


@dataclass(frozen=True)
class Offer:
    """A network that can read drawings: its run, or `SHIPPED`.

    `classes` are what it tells apart, none where its dataset is gone; `preset` is the preset that it is, if
    it is one; `accuracy` is that on its test images, where it is known.
    """

    run_id: str
    name: str
    dataset: str
    accuracy: float | None
    classes: tuple[str, ...]
    preset: str | None = None

    @property
    def line(self) -> str:
        """What tells it from the others."""
        if self.run_id == SHIPPED:
            return self.name
        return f"{self.name} · {dataset_title(self.dataset)} · {self.run_id[-6:]}"


_looks: dict[Path, tuple[float, list[Offer]]] = {}


def offers(store: RunStore) -> dict[str, Offer]:
    """The package's network, and those of runs that have ended, the newest first; by their ids."""
    model, facts = shipped_model(), shipped_facts()
    shipped = Offer(
        SHIPPED, _("the lab's own"), model.info.dataset, facts["test_accuracy"], model.info.classes
    )
    found = {SHIPPED: shipped}
    looked, listed = _looks.get(store.path, (-math.inf, []))
    if time.monotonic() - looked > _SECONDS:
        listed = _listed(store)
        _looks[store.path] = time.monotonic(), listed
    return found | {offer.run_id: offer for offer in listed}


def _listed(store: RunStore) -> list[Offer]:
    found: list[Offer] = []
    classes: dict[str, tuple[str, ...]] = {}
    for run in store.runs()[:_MOST_RUNS]:
        try:
            spec, state, kept = run.spec, run.status, run.snapshots()
        except LabError:
            continue  # the Train page says what is wrong with it
        if not (state.has_ended and kept and can_be_drawn(spec.dataset)):
            continue
        network = spec.architecture
        known = network.name if PRESETS.get(network.name) == network else None
        if spec.dataset not in classes:
            classes[spec.dataset] = classes_of(spec.dataset)
        accuracy = (state.result or {}).get("test_accuracy")
        found.append(Offer(run.id, network.name, spec.dataset, accuracy, classes[spec.dataset], known))
    return found


def classes_of(dataset: str) -> tuple[str, ...]:
    """Their names; none where there is no such dataset any more."""
    try:
        return tuple(dataset_info(dataset).classes)
    except LabError:
        return ()


def usual(offered: dict[str, Offer], reader: Reader) -> list[str]:
    """Of those that tell apart what `reader` does: the package's network, of each of `COMPARED` the newest
    run, and the one that reads."""
    newest = _newest(offered, reader.model.info.classes)
    shipped = [SHIPPED] if offered[SHIPPED].classes == reader.model.info.classes else []
    found = [*shipped, *(newest[name] for name in COMPARED if name in newest)]
    return found if reader.run_id in found or reader.run_id not in offered else [reader.run_id, *found]


def missing(offered: dict[str, Offer], reader: Reader) -> list[str]:
    """Those of `COMPARED` of which there is no run that tells apart what `reader` does."""
    newest = _newest(offered, reader.model.info.classes)
    return [name for name in COMPARED if name not in newest]


def _newest(offered: dict[str, Offer], classes: tuple[str, ...]) -> dict[str, str]:
    newest: dict[str, str] = {}
    for offer in offered.values():
        if offer.preset in COMPARED and offer.classes == classes:
            newest.setdefault(str(offer.preset), offer.run_id)
    return newest


def _material(reader: Reader) -> str | None:
    """The dataset to train on, so that all tell apart the same; None where none of them is here."""
    for name in (reader.model.info.dataset, "mnist", BUILT_IN):
        if classes_of(name) == reader.model.info.classes and is_present(name) and can_be_drawn(name):
            return name
    return None


def train_missing(names: Sequence[str], reader: Reader, going: Sequence[Run]) -> bool:
    """Offer to train what is missing, as ordinary runs, and show how far they are; whether any is still
    going on."""
    if going:
        _progress(going)
        return True
    dataset = _material(reader)
    if not names or dataset is None:
        return False
    with st.container(horizontal=True, vertical_alignment="center", key="compare-train"):
        st.button(
            _("Train {networks}", networks=", ".join(names)), icon=":material/play_arrow:",
            key="compare-start", on_click=_start, args=(tuple(names), dataset),
        )  # fmt: skip
        st.caption(
            _("One epoch of {title} each, as runs of the Train page: some seconds.",
              title=dataset_title(dataset)),
            width="content",
        )  # fmt: skip
    problem = st.session_state.pop("draw:compare-problem", None)
    if problem is not None:
        st.error(say(problem), icon=":material/error:")
    return False


def _start(names: Sequence[str], dataset: str) -> None:
    started: list[str] = st.session_state.setdefault(_STARTED, [])
    for name in names:
        try:
            started.append(run_store().start(RunSpec(dataset, preset(name), Recipe(epochs=_EPOCHS))).id)
        except LabError as error:
            st.session_state["draw:compare-problem"] = error
            return


def still_going() -> list[Run]:
    """The runs started here that have not ended; once one has, the next `offers` have it."""
    ids: list[str] = st.session_state.get(_STARTED, [])
    runs = []
    for run_id in ids:
        try:
            run = run_store().open(run_id)
            if not run.status.has_ended:
                runs.append(run)
        except LabError:
            continue  # somebody has deleted it
    if len(runs) < len(ids):
        st.session_state[_STARTED] = [run.id for run in runs]
        _looks.clear()
    return runs


def _progress(runs: Sequence[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="compare-going"):
        for run in runs:
            told = history(run)
            steps, done = told.started.get("steps"), len(told.steps)
            left = told.tick.get("seconds_left")
            text = f"{run.spec.architecture.name}: {_(STATES[run.state])}"
            if left is not None:
                text += f", {left:.0f} s"
            st.progress(min(1.0, done / steps) if steps else 0.0, text, width=190)
        st.button(_("Stop"), icon=":material/stop:", key="compare-stop", on_click=_stop, args=(runs,))


def _stop(runs: Sequence[Run]) -> None:
    for run in runs:
        run.stop()
