"""The strip in which a run is described: data, network and recipe, with the numbers they lead to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import streamlit as st

from nnlab.data import dataset_info, is_present
from nnlab.devices import bfloat16_is_fast
from nnlab.errors import LabError
from nnlab.nets.architecture import Row
from nnlab.nets.layers import Shape
from nnlab.nets.presets import preset, preset_names
from nnlab.training.augment import Augmentation
from nnlab.training.losses import LOSSES
from nnlab.training.optim import OPTIMIZERS, Option
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.schedules import SCHEDULES
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, mark, say
from nnlab.ui.train.fields import kept, linked_choice, linked_float, linked_whole, note
from nnlab.ui.train.split import split_fields, split_keys
from nnlab.ui.train.transforms import (
    check_transforms,
    linked_transforms,
    transforms_field,
    transforms_line,
)

_TITLES = {
    "one_cycle": mark("One cycle"),
    "constant": mark("Constant"),
    "step": mark("Halved every epoch"),
    "cosine": mark("Cosine"),
    "cross_entropy": mark("Cross-entropy"),
    "nll": mark("Log-softmax and NLL"),
    "mse": mark("Squared error (one-hot)"),
    "shift": mark("Shift (share of the side)"),
    "rotate": mark("Rotation (degrees)"),
    "scale": mark("Scale (share)"),
    "shear": mark("Shear (degrees)"),
    "elastic": mark("Elastic (share of the side)"),
}
_DEFAULT = Recipe()


def recipe_form() -> RunSpec | None:
    """Draw the strip; the spec it describes, or None with a sentence where it describes none."""
    names, models = listed_datasets(), preset_names()
    # All of the URL is read before anything is drawn, so that what is wrong in it stands on top.
    keys = {
        "dataset": linked_choice("dataset", names, names[0]),
        "model": linked_choice("model", models, models[0]),
        "optimizer": linked_choice("optimizer", list(OPTIMIZERS), _DEFAULT.optimizer),
        "batch": linked_whole("batch", _DEFAULT.batch_size, most=10**9),
        "epochs": linked_float("epochs", float(_DEFAULT.epochs)),
        "seed": linked_whole("seed", _DEFAULT.seed),
    }
    division_keys = split_keys()
    transforms = linked_transforms()
    optimizer = st.session_state[keys["optimizer"]]
    keys["lr"] = linked_float("lr", _usual_lr(optimizer))
    with st.container(horizontal=True, vertical_alignment="bottom", key="train-strip"):
        dataset = st.selectbox(
            _("Dataset"), names, key=keys["dataset"], format_func=_dataset_title, width=175,
            on_change=note, args=("dataset", names[0]),
        )  # fmt: skip
        model = st.selectbox(
            _("Network"), models, key=keys["model"], width=120, on_change=note, args=("model", models[0])
        )
        st.selectbox(
            _("Optimizer"), list(OPTIMIZERS), key=keys["optimizer"], width=120, on_change=_optimizer_chosen
        )
        lr = st.number_input(
            _("Learning rate"), key=keys["lr"], format="%g", step=0.001, width=140,
            on_change=note, args=("lr", _usual_lr(optimizer)),
        )  # fmt: skip
        batch_size = st.number_input(
            _("Batch size"), key=keys["batch"], step=1, width=125,
            on_change=note, args=("batch", _DEFAULT.batch_size),
        )  # fmt: skip
        epochs = st.number_input(
            _("Epochs"), key=keys["epochs"], format="%g", step=1.0, width=90,
            on_change=note, args=("epochs", float(_DEFAULT.epochs)),
        )  # fmt: skip
        with st.popover(_("More"), icon=":material/tune:", width=110):
            st.caption(_("Split"))
            division = split_fields(division_keys)
            st.caption(_("Training"))
            rest = _rest(optimizer, keys["seed"])
            transforms_field(transforms)
    transforms_line(transforms)
    recipe = Recipe(
        optimizer=optimizer, lr=lr, batch_size=batch_size, epochs=epochs, transforms=transforms, **rest
    )
    return _checked(RunSpec(dataset, preset(model), recipe, division))


def _rest(optimizer: str, seed_key: str) -> dict[str, Any]:
    """What a beginner need not touch."""
    schedule = st.selectbox(
        _("Learning rate schedule"),
        list(SCHEDULES),
        key=kept("schedule", _DEFAULT.schedule),
        format_func=_title,
    )
    loss = st.selectbox(_("Loss"), list(LOSSES), key=kept("loss", _DEFAULT.loss), format_func=_title)
    seed = st.number_input(
        _("Seed"), key=seed_key, step=1, on_change=note, args=("seed", _DEFAULT.seed),
        help=_("Decides the first weights, the order of the images and how they are moved."),
    )  # fmt: skip
    half = st.toggle(
        _("Compute in bfloat16"),
        key=kept("half", False),
        help=None
        if bfloat16_is_fast()
        else _("This processor has no instructions for it: it will be slower."),
    )
    st.caption(_("Options of {optimizer}", optimizer=optimizer))
    options = {option.name: _option(optimizer, option) for option in OPTIMIZERS[optimizer].options}
    st.caption(_("Augmentation: each image is moved at random by up to"))
    moved = {
        name: st.number_input(_title(name), key=kept(f"augment-{name}", 0.0), format="%g", step=0.01)
        for name in Augmentation.__dataclass_fields__
    }
    return {
        "schedule": schedule,
        "loss": loss,
        "seed": seed,
        "precision": "bfloat16" if half else "float32",
        "options": options,
        "augmentation": Augmentation(**moved),
    }


def _option(optimizer: str, option: Option) -> Any:
    key = f"{optimizer}-{option.name}"
    if isinstance(option.default, bool):
        return st.toggle(option.name, key=kept(key, option.default))
    if isinstance(option.default, tuple):
        columns = st.columns(2)
        return tuple(
            column.number_input(f"{option.name}[{i}]", key=kept(f"{key}-{i}", value), format="%g", step=0.01)
            for i, (column, value) in enumerate(zip(columns, option.default, strict=True))
        )
    return st.number_input(option.name, key=kept(key, float(option.default)), format="%g", step=0.01)


def rows_of(model: str, dataset: str) -> list[Row]:
    """The layers of a preset as `Architecture.trace` finds them on the images of `dataset`."""
    info = dataset_info(dataset)
    return _rows(model, info.shape, len(info.classes))


@lru_cache
def _rows(model: str, shape: Shape, classes: int) -> list[Row]:
    return preset(model).trace(shape, classes)


def _checked(spec: RunSpec) -> RunSpec | None:
    try:
        info = dataset_info(spec.validate().dataset)
        spec.division.counts(info.train_count, info.test_count)
        rows_of(spec.architecture.name, spec.dataset)
        check_transforms(spec)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return None
    return spec


def _usual_lr(optimizer: str) -> float:
    """The rate that suits one optimizer is far off for another."""
    return _DEFAULT.lr if optimizer == _DEFAULT.optimizer else OPTIMIZERS[optimizer].lr


def _optimizer_chosen() -> None:
    chosen = st.session_state["train-optimizer"]
    note("optimizer", _DEFAULT.optimizer)
    st.session_state["train-lr"] = _usual_lr(chosen)
    note("lr", _usual_lr(chosen))


def _dataset_title(name: str) -> str:
    title = dataset_title(name)
    return title if is_present(name) else _("{title} (to download)", title=title)


def _title(name: str) -> str:
    return _(_TITLES[name])
