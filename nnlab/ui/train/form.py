"""The strip in which a run is described: data, network and recipe, with the numbers they lead to."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nnlab.data import dataset_info, is_present
from nnlab.devices import bfloat16_is_fast
from nnlab.errors import LabError, ShapeError
from nnlab.nets.architecture import Architecture, Row
from nnlab.nets.initial import INITIALS
from nnlab.nets.repair import repairs
from nnlab.training.augment import Augmentation
from nnlab.training.losses import LOSSES
from nnlab.training.optim import OPTIMIZERS, Option
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.schedules import SCHEDULES
from nnlab.ui.hold import hold
from nnlab.ui.networks import OWN, keep_own, link_own, network_names, network_of, network_title, tell_lost_own
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, mark, say
from nnlab.ui.train.fields import linked_choice, linked_float, linked_toggle, linked_whole, note
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
    tell_lost_own("model")
    names, models = listed_datasets(), network_names()
    titles = {name: network_title(name) for name in models}
    # All of the URL is read before anything is drawn, so that what is wrong in it stands on top.
    keys: dict[str, Any] = {
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
    keys |= _rest_keys(optimizer)
    with st.container(horizontal=True, vertical_alignment="bottom", key="train-strip"):
        dataset = st.selectbox(
            _("Dataset"), names, key=keys["dataset"], format_func=_dataset_title, width=165,
            on_change=note, args=("dataset", names[0]),
        )  # fmt: skip
        model = st.selectbox(
            _("Network"), models, key=keys["model"], format_func=titles.__getitem__, width=160,
            on_change=note, args=("model", models[0]),
        )  # fmt: skip
        st.selectbox(
            _("Optimizer"), list(OPTIMIZERS), key=keys["optimizer"], width=110, on_change=_optimizer_chosen
        )
        lr = st.number_input(
            _("Learning rate"), **keys["lr"], format="%g", step=0.001, width=130,
            on_change=note, args=("lr", _usual_lr(optimizer)),
        )  # fmt: skip
        batch_size = st.number_input(
            _("Batch size"), **keys["batch"], step=1, width=120,
            on_change=note, args=("batch", _DEFAULT.batch_size),
        )  # fmt: skip
        epochs = st.number_input(
            _("Epochs"), **keys["epochs"], format="%g", step=1.0, width=85,
            on_change=note, args=("epochs", float(_DEFAULT.epochs)),
        )  # fmt: skip
        with st.popover(_("More"), icon=":material/tune:", width=108):
            st.caption(_("Split"))
            division = split_fields(division_keys)
            st.caption(_("Training"))
            rest = _rest(optimizer, keys)
            transforms_field(transforms)
    transforms_line(transforms)
    link_own(model == OWN)
    recipe = Recipe(
        optimizer=optimizer, lr=lr, batch_size=batch_size, epochs=epochs, transforms=transforms, **rest
    )
    return _checked(RunSpec(dataset, network_of(model), recipe, division))


def _rest_keys(optimizer: str) -> dict[str, Any]:
    """Those of the widgets of `_rest`."""
    keys: dict[str, Any] = {
        "schedule": linked_choice("schedule", list(SCHEDULES), _DEFAULT.schedule),
        "loss": linked_choice("loss", list(LOSSES), _DEFAULT.loss),
        "init": linked_choice("init", list(INITIALS), _DEFAULT.init),
        "bfloat16": linked_toggle("bfloat16", False),
        **{name: linked_float(name, 0.0) for name in Augmentation.__dataclass_fields__},
    }
    for option in OPTIMIZERS[optimizer].options:
        name = f"{optimizer}-{option.name}"
        if isinstance(option.default, bool):
            keys[name] = linked_toggle(name, option.default)
        elif isinstance(option.default, tuple):
            keys |= {f"{name}-{i}": linked_float(f"{name}-{i}", at) for i, at in enumerate(option.default)}
        else:
            keys[name] = linked_float(name, float(option.default))
    return keys


def _rest(optimizer: str, keys: dict[str, Any]) -> dict[str, Any]:
    """What a beginner need not touch."""
    schedule = st.selectbox(
        _("Learning rate schedule"),
        list(SCHEDULES),
        key=keys["schedule"],
        format_func=_title,
        on_change=note,
        args=("schedule", _DEFAULT.schedule),
    )
    loss = st.selectbox(
        _("Loss"), list(LOSSES), key=keys["loss"], format_func=_title,
        on_change=note, args=("loss", _DEFAULT.loss),
    )  # fmt: skip
    seed = st.number_input(
        _("Seed"), **keys["seed"], step=1, on_change=note, args=("seed", _DEFAULT.seed),
        help=_("Decides the first weights, the order of the images and how they are moved."),
    )  # fmt: skip
    init = st.selectbox(
        _("First weights"), list(INITIALS), key=keys["init"],
        format_func=lambda name: say(INITIALS[name].title), on_change=note, args=("init", _DEFAULT.init),
    )  # fmt: skip
    half = st.toggle(
        _("Compute in bfloat16"),
        **keys["bfloat16"],
        on_change=note,
        args=("bfloat16", False),
        help=None
        if bfloat16_is_fast()
        else _("This processor has no instructions for it: it will be slower."),
    )
    st.caption(_("Options of {optimizer}", optimizer=optimizer))
    options = {option.name: _option(optimizer, option, keys) for option in OPTIMIZERS[optimizer].options}
    st.caption(_("Augmentation: each image is moved at random by up to"))
    moved = {name: _number(_title(name), name, 0.0, keys) for name in Augmentation.__dataclass_fields__}
    return {
        "schedule": schedule,
        "loss": loss,
        "init": init,
        "seed": seed,
        "precision": "bfloat16" if half else "float32",
        "options": options,
        "augmentation": Augmentation(**moved),
    }


def _option(optimizer: str, option: Option, keys: dict[str, Any]) -> Any:
    name = f"{optimizer}-{option.name}"
    if isinstance(option.default, bool):
        return st.toggle(option.name, **keys[name], on_change=note, args=(name, option.default))
    if isinstance(option.default, tuple):
        columns = st.columns(2)
        return tuple(
            _number(f"{option.name}[{i}]", f"{name}-{i}", value, keys, column)
            for i, (column, value) in enumerate(zip(columns, option.default, strict=True))
        )
    return _number(option.name, name, float(option.default), keys)


def _number(
    label: str, name: str, default: float, keys: dict[str, Any], place: DeltaGenerator | None = None
) -> float:
    return (place or st).number_input(
        label, **keys[name], format="%g", step=0.01, on_change=note, args=(name, default)
    )


def rows_of(spec: RunSpec) -> list[Row]:
    """The layers of the network as `Architecture.trace` finds them on the images of its dataset."""
    info = dataset_info(spec.dataset)
    return spec.architecture.trace(info.shape, len(info.classes))


def _offer_repairs(spec: RunSpec) -> None:
    """What would make the network fit the images; the mended one becomes the built one."""
    info = dataset_info(spec.dataset)
    for number, repair in enumerate(repairs(spec.architecture, info.shape, len(info.classes))):
        st.button(
            say(repair.about), icon=":material/build:", key=f"train-repair-{number}", on_click=_take,
            args=(repair.architecture,),
        )  # fmt: skip


def _take(architecture: Architecture) -> None:
    keep_own(architecture)
    st.session_state["train-model"] = OWN
    note("model", network_names()[0])
    link_own(shown=True)


def _checked(spec: RunSpec) -> RunSpec | None:
    try:
        info = dataset_info(spec.validate().dataset)
        spec.division.counts(info.train_count, info.test_count)
        rows_of(spec)
        check_transforms(spec)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        if isinstance(error, ShapeError):
            _offer_repairs(spec)
        return None
    return spec


def _usual_lr(optimizer: str) -> float:
    """The rate that suits one optimizer is far off for another."""
    return _DEFAULT.lr if optimizer == _DEFAULT.optimizer else OPTIMIZERS[optimizer].lr


def _optimizer_chosen() -> None:
    chosen = st.session_state["train-optimizer"]
    note("optimizer", _DEFAULT.optimizer)
    hold("train-lr", _usual_lr(chosen))
    note("lr", _usual_lr(chosen))


def _dataset_title(name: str) -> str:
    title = dataset_title(name)
    return title if is_present(name) else _("{title} (to download)", title=title)


def _title(name: str) -> str:
    return _(_TITLES[name])
