"""The strip in which a run is described: data, network and recipe, with the numbers they lead to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from nnlab.data import dataset_info, dataset_names, is_present
from nnlab.devices import bfloat16_is_fast
from nnlab.errors import LabError
from nnlab.nets.presets import preset, preset_names
from nnlab.training.augment import Augmentation
from nnlab.training.losses import LOSSES
from nnlab.training.optim import OPTIMIZERS, Option
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.schedules import SCHEDULES
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import query_choice, set_query

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
    names, models = dataset_names(), preset_names()
    # All of the URL is read before anything is drawn, so that what is wrong in it stands on top.
    dataset = query_choice("dataset", names, names[0])
    model = query_choice("model", models, models[0])
    with st.container(horizontal=True, vertical_alignment="bottom", key="train-strip"):
        dataset = _choice("dataset", _("Dataset"), names, dataset, _dataset_title, width=175)
        model = _choice("model", _("Network"), models, model, str, width=120)
        optimizer = st.selectbox(
            _("Optimizer"),
            list(OPTIMIZERS),
            key=_kept("optimizer", _DEFAULT.optimizer),
            on_change=_optimizer_chosen,
            width=120,
        )
        lr = st.number_input(
            _("Learning rate"), key=_kept("lr", _DEFAULT.lr), format="%g", step=0.001, width=140
        )
        batch_size = st.number_input(
            _("Batch size"), key=_kept("batch", _DEFAULT.batch_size), step=1, width=125
        )
        epochs = st.number_input(
            _("Epochs"), key=_kept("epochs", float(_DEFAULT.epochs)), format="%g", step=1.0, width=90
        )
        with st.popover(_("More"), icon=":material/tune:", width=110):
            rest = _rest(optimizer)
    recipe = Recipe(optimizer=optimizer, lr=lr, batch_size=batch_size, epochs=epochs, **rest)
    return _checked(RunSpec(dataset, preset(model), recipe))


def _rest(optimizer: str) -> dict[str, Any]:
    """What a beginner need not touch."""
    schedule = st.selectbox(
        _("Learning rate schedule"),
        list(SCHEDULES),
        key=_kept("schedule", _DEFAULT.schedule),
        format_func=_title,
    )
    loss = st.selectbox(_("Loss"), list(LOSSES), key=_kept("loss", _DEFAULT.loss), format_func=_title)
    seed = st.number_input(_("Seed"), key=_kept("seed", _DEFAULT.seed), step=1)
    half = st.toggle(
        _("Compute in bfloat16"),
        key=_kept("half", False),
        help=None
        if bfloat16_is_fast()
        else _("This processor has no instructions for it: it will be slower."),
    )
    st.caption(_("Options of {optimizer}", optimizer=optimizer))
    options = {option.name: _option(optimizer, option) for option in OPTIMIZERS[optimizer].options}
    st.caption(_("Augmentation: each image is moved at random by up to"))
    moved = {
        name: st.number_input(_title(name), key=_kept(f"augment-{name}", 0.0), format="%g", step=0.01)
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
        return st.toggle(option.name, key=_kept(key, option.default))
    if isinstance(option.default, tuple):
        columns = st.columns(2)
        return tuple(
            column.number_input(f"{option.name}[{i}]", key=_kept(f"{key}-{i}", value), format="%g", step=0.01)
            for i, (column, value) in enumerate(zip(columns, option.default, strict=True))
        )
    return st.number_input(option.name, key=_kept(key, float(option.default)), format="%g", step=0.01)


def _checked(spec: RunSpec) -> RunSpec | None:
    info = dataset_info(spec.dataset)
    try:
        spec.validate()
        rows = spec.architecture.trace(info.shape, len(info.classes))
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return None
    st.caption(
        _(
            "{parameters:,} parameters, {macs:,} multiply-adds an image; {steps:,} steps with {samples:,} images.",
            parameters=sum(row.params for row in rows),
            macs=sum(row.macs for row in rows),
            steps=spec.recipe.steps(info.train_count),
            samples=info.train_count,
        )
    )
    return spec


def _choice(name: str, label: str, allowed: list[str], value: str, title: Any, width: int) -> str:
    """A selectbox whose choice stands in the URL."""
    key = f"train-{name}"
    if name in st.query_params or key not in st.session_state:
        st.session_state[key] = value
    return st.selectbox(
        label, allowed, key=key, format_func=title, on_change=_chosen, args=(name,), width=width
    )


def _chosen(name: str) -> None:
    set_query(name, st.session_state[f"train-{name}"])


def _optimizer_chosen() -> None:
    """The rate that suits one optimizer is far off for another."""
    kind = OPTIMIZERS[st.session_state["train-optimizer"]]
    st.session_state["train-lr"] = _DEFAULT.lr if kind.name == _DEFAULT.optimizer else kind.lr


def _kept(name: str, default: Any) -> str:
    """The key of a widget that starts with `default` and keeps its value while other pages are open."""
    key = f"train-{name}"
    st.session_state[key] = st.session_state.get(key, default)
    return key


def _dataset_title(name: str) -> str:
    title = dataset_info(name).title
    return title if is_present(name) else _("{title} (to download)", title=title)


def _title(name: str) -> str:
    return _(_TITLES[name])
