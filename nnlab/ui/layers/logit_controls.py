"""The numbers of the losses part: logits, target and temperature, moved by hand or taken from a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from nnlab.data import dataset_info, dataset_names, is_present, load_dataset
from nnlab.drawing import shipped_model
from nnlab.errors import LabError, check
from nnlab.lens import LOGIT_PATHS, LOSS_KINDS
from nnlab.training.batches import normalise
from nnlab.ui.components import tiles
from nnlab.ui.layers.linked import bound, choice, held, keep_within, whole, write
from nnlab.ui.layers.typed import as_typed, typed_numbers, words
from nnlab.ui.text import _, say
from nnlab.ui.url import query_float, query_number, set_query

LOGITS = "2, 1, 0.1"
_FEWEST, _MOST = 2, 10
_REACH = 10.0  # of the sliders, where no number lies beyond
_LARGEST = 1e6
_HOTTEST, _COLDEST = 5.0, 0.1
_LEFT_OUT = "layers-logits-left-out"  # numbers of classes that were taken away, for when they come back


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the loss is of.

    Attributes:
        loss: of `LOSS_KINDS`.
        logits: (1, K) float32.
        target: (1,) int64, or (1, K) float32.
        temperature: 1 where it plays no part.
    """

    loss: str
    logits: Tensor
    target: Tensor
    temperature: float


def choose() -> Chosen | None:
    """Draw the controls; None, with a sentence, where something typed cannot be."""
    problem: LabError | None = None
    with st.container(horizontal=True, vertical_alignment="bottom", key="layers-losses-strip"):
        loss = choice(_("Loss"), "loss", list(LOGIT_PATHS), "cross_entropy",
                      shown=lambda name: LOGIT_PATHS[name].module, width=210)  # fmt: skip
        text = st.query_params.get("logits", LOGITS)
        st.text_input(
            _("Logits"), **held("logits", text), on_change=write, args=("logits", LOGITS), width=220
        )
        try:
            logits = _logits(text)
            _class_count(logits)
            target = _target(loss, len(logits))
        except LabError as error:
            problem = error
        _from_network()
    if problem is not None:
        st.error(say(problem), icon=":material/error:")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", key="layers-logits-strip"):
        for place, value in enumerate(logits):
            _slider(place, value, logits)
        temperature = _temperature() if LOGIT_PATHS[loss].tempered else 1.0
    made = torch.tensor([target]) if isinstance(target, int) else torch.tensor([target], dtype=torch.float32)
    return Chosen(loss, torch.tensor([logits]), made, temperature)


def _logits(text: str) -> list[float]:
    logits = typed_numbers(text)
    check(
        _FEWEST <= len(logits) <= _MOST,
        "There are {count} logits; from {low} to {high} can be shown.",
        count=len(logits), low=_FEWEST, high=_MOST,
    )  # fmt: skip
    for value in logits:
        check(abs(value) <= _LARGEST, "{value:g} is too large to show; at most {most:g}.",
              value=value, most=_LARGEST)  # fmt: skip
    return logits


def _class_count(logits: list[float]) -> None:
    """One more or one less; what is taken away comes back."""
    shown = held("classes", len(logits))

    def changed() -> None:
        count = st.session_state[shown["key"]]
        left_out = st.session_state.setdefault(_LEFT_OUT, {})
        left_out.update({at: value for at, value in enumerate(logits) if at >= count})
        more = [left_out.get(at, 0.0) for at in range(len(logits), count)]
        set_query("logits", as_typed([*logits[:count], *more]))
        targets = st.query_params.get("targets")
        if targets is not None:
            set_query("targets", ", ".join([*words(targets), *["0"] * count][:count]))

    st.number_input(_("Classes"), _FEWEST, _MOST, **shown, on_change=changed, width=110)


def _target(loss: str, count: int) -> int | list[float]:
    """Draw the target: a class, or a number for each. Raises `LabError` where they do not fit."""
    keep_within("target", count - 1)
    if LOSS_KINDS[loss].takes_labels:
        return whole(_("Target class"), "target", 0, 0, count - 1, width=130)
    right = query_number("target", 0, low=0, high=count - 1)
    usual = ", ".join("1" if at == right else "0" for at in range(count))
    text = st.query_params.get("targets", usual)
    st.text_input(_("Targets"), **held("targets", text), on_change=write,
                  args=("targets", usual), width=150)  # fmt: skip
    targets = typed_numbers(text)
    check(
        len(targets) == count,
        "There are {count} logits, but {given} numbers in the target: one for each is needed.",
        count=count, given=len(targets),
    )  # fmt: skip
    for value in targets if LOSS_KINDS[loss].probabilities or loss == "bce_with_logits" else ():
        check(0 <= value <= 1, "{value} is no probability: these lie in 0 to 1.", value=f"{value:g}")
    return targets


def _slider(place: int, value: float, logits: list[float]) -> None:
    key = bound(f"logit-{place}", value)
    reach = max(_REACH, *(abs(other) for other in logits))

    def moved() -> None:
        others = [*logits]
        others[place] = st.session_state[key]
        set_query("logits", as_typed(others))

    st.slider(
        _("Logit {index}", index=place), -reach, reach, step=0.1, format="%.3g", key=key, on_change=moved,
        width=150,
    )  # fmt: skip


def _temperature() -> float:
    temperature = query_float("temperature", 1.0, low=_COLDEST, high=_HOTTEST)
    shown = held("temperature", temperature)

    def moved() -> None:
        value = st.session_state[shown["key"]]
        set_query("temperature", None if value == 1.0 else f"{value:g}")

    st.slider(
        _("Temperature"),
        _COLDEST,
        _HOTTEST,
        step=0.1,
        format="%.1f",
        **shown,
        on_change=moved,
        width=220,
        help=_("Divides the logits: above 1 evens the probabilities out, below 1 sharpens them."),
    )
    return temperature


def _from_network() -> None:
    """A popover: the shipped network's logits for an image, to begin with."""
    with st.popover(_("From a network"), icon=":material/hub:", width="content"):
        model = shipped_model()
        # The images it learned from, or others of the same classes: the built-in ones are always there.
        others = [
            name for name in dataset_names()
            if dataset_info(name).classes == model.info.classes and is_present(name)
            and dataset_info(name).shape == model.info.in_shape
        ]  # fmt: skip
        data = load_dataset(model.info.dataset if model.info.dataset in others else others[0])
        last = len(data.test) - 1
        index = whole(_("Test image (0 to {last})", last=f"{last:,}"), "sample", 0, 0, last)
        image = data.test.images[index : index + 1]
        with torch.no_grad():
            found = model(normalise(image, model.info.mean, model.info.std))[0]
        label = int(data.test.labels[index])
        tiles(image.numpy(), columns=1, key="layers-loss-image", label=_("The image"), max_tile=112)
        st.button(
            _("Use its logits for this {name}", name=data.classes[label]), key="layers-take-logits",
            on_click=_take, args=(found.numpy(), label),
        )  # fmt: skip


def _take(logits: np.ndarray, label: int) -> None:
    set_query("logits", ", ".join(str(value) for value in logits))  # the shortest that is this float32
    set_query("target", label or None)
    set_query("targets", None)
    set_query("move", None)
