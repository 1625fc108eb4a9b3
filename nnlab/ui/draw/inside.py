"""The part Inside: what each layer of the network makes of the drawing, and what its answer is made of."""

from __future__ import annotations

import zlib
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st
import torch

from nnlab.drawing import drawing_for, drawing_to_image
from nnlab.errors import LabError
from nnlab.lens.contributions import contributions, largest
from nnlab.lens.forward import Forward, forward
from nnlab.lens.maps import feature_maps
from nnlab.lens.saliency import cam_layers, grad_cam, saliency, usual_cam_layer
from nnlab.nets.architecture import Row
from nnlab.nets.branches import JOINS
from nnlab.nets.layers import LAYERS
from nnlab.training.batches import normalise
from nnlab.training.weights import TrainedModel
from nnlab.ui.components.inside import Inside, Layer, Near, Over, Sums, inside
from nnlab.ui.draw.inside_code import inside_code
from nnlab.ui.draw.inside_near import compare_again, near_images
from nnlab.ui.draw.reader import Reader
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import set_query

_LINKED = Linked("draw")
_OVERLAYS = {
    "saliency": mark("Saliency"),
    "product": mark("Gradient × image"),
    "cam": mark("Grad-CAM"),
    "none": mark("Nothing"),
}
_EXPLAINED = {
    "first": mark("the answer"),
    "second": mark("the second best"),
    "difference": mark("the difference"),
}
_LAST_MODEL = "draw:inside-model"  # whose layers the URL names

_THUMBS = 4  # maps that stand for a layer
# A figure of eight, whatever the network has learned: maps that it leaves dark would tell little of a layer.
_PROBE = [np.array([[18, 9], [10, 3], [4, 8], [17, 18], [10, 26], [3, 19], [18, 9]], np.float32)]

_known: WeakKeyDictionary[TrainedModel, tuple[dict[str, Row], dict[str, list[int]]]] = WeakKeyDictionary()


def show(reader: Reader, subject: Subject) -> None:
    """Draw the part."""
    model = reader.model
    info = model.info
    _forget_layers_of_another(model)
    seen = forward(model, normalise(subject.image, info.mean, info.std))
    names = list(seen.outputs)
    cams = cam_layers(model, seen)
    first = next((name for name in names if seen.outputs[name].ndim == 4), names[0])
    chosen = _LINKED.choice("layer", names, first)
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside-strip"):
        overlay = _switch(_("Over the drawing"), "overlay", _OVERLAYS, "saliency")
        cam = _cam_layer(cams, usual_cam_layer(model, seen)) if overlay == "cam" and cams else None
        explained = _switch(_("Explained"), "explained", _EXPLAINED, "first")
    best, second, *_rest = [*seen.ranking(), *[0]]
    unit, against = {"first": (best, None), "second": (second, None), "difference": (best, second)}[explained]
    told = _told(info.classes, unit, against)
    inside(
        Inside(
            mark=_mark(subject, model, chosen, overlay, cam, explained),
            image=_picture(subject),
            layers=_layers(model, seen),
            chosen=names.index(chosen),
            over=_over(seen, overlay, unit, against, cam, told),
            sums=_sums(seen, unit, against, told),
            near=_near(model, seen),
            link=_link(reader, chosen),
            moving=subject.moving,
        ),
        key="inside",
        on_choose=lambda name: _LINKED.choose("layer", name, first),
        on_again=lambda: compare_again(model),
    )
    # Not in an expander: what is folded would be sent with every stroke all the same.
    held = _LINKED.held("code", _LINKED.toggle("code", False))
    if st.toggle(_("The same in PyTorch"), **held, on_change=_LINKED.note, args=("code", False)):
        st.code(inside_code(reader, seen, cam or usual_cam_layer(model, seen), explained), language="python")


def _switch(label: str, name: str, options: dict[str, str], default: str) -> str:
    titles = {option: _(title) for option, title in options.items()}
    chosen = _LINKED.choice(name, list(options), default)
    st.segmented_control(
        label, list(options), required=True, format_func=titles.__getitem__,
        **_LINKED.held(name, chosen, {"default": chosen}), on_change=_LINKED.note, args=(name, default),
    )  # fmt: skip
    return chosen


def _cam_layer(cams: list[str], usual: str | None) -> str:
    default = usual or cams[-1]
    chosen = _LINKED.choice("cam", cams, default)
    st.selectbox(
        _("Maps of"), cams, **_LINKED.held("cam", chosen, {"index": cams.index(chosen)}), width=130,
        on_change=_LINKED.note, args=("cam", default),
    )  # fmt: skip
    return chosen


def _forget_layers_of_another(model: TrainedModel) -> None:
    """Layers are named in the URL; those of the network before need not be there in this one."""
    before = st.session_state.get(_LAST_MODEL)
    st.session_state[_LAST_MODEL] = model.info.architecture
    if before is not None and before != model.info.architecture:
        for name in ("layer", "cam"):
            set_query(name, None)
            _LINKED.choose(name, "", "")


def _told(classes: tuple[str, ...], unit: int, against: int | None) -> str:
    if against is None:
        return classes[unit]
    return _("{first} rather than {second}", first=classes[unit], second=classes[against])


def _layers(model: TrainedModel, seen: Forward) -> list[Layer]:
    if model not in _known:
        info = model.info
        rows = {row.name: row for row in info.architecture.trace(info.in_shape, len(info.classes))}
        _known[model] = rows, _lively(model)
    rows, lively = _known[model]
    found = []
    *_before, last = seen.outputs
    for name, output in seen.outputs.items():
        row = rows[name]
        inner = len(row.path) > 1  # in a branch, where names are numbers
        kind = row.kind if row.kind in JOINS else LAYERS[row.kind].short or row.kind
        labels = model.info.classes if name == last else None
        found.append(Layer(name, kind if inner else name, output.detach()[0], lively.get(name, ()), labels))
    return found


def _lively(model: TrainedModel) -> dict[str, list[int]]:
    """For each layer with maps those in which a drawing shows most: the same ones for every drawing, as maps
    that change places could not be followed."""
    image = drawing_for(model, drawing_to_image(_PROBE))
    outputs = feature_maps(model, normalise(image, model.info.mean, model.info.std))
    found = {}
    for name, output in outputs.items():
        if output.ndim == 4:
            flat = torch.nan_to_num(output[0].flatten(1))
            spread = flat.amax(1) - flat.amin(1)
            found[name] = sorted(spread.argsort(descending=True, stable=True)[:_THUMBS].tolist())
    return found


def _over(
    seen: Forward, overlay: str, unit: int, against: int | None, cam: str | None, told: str
) -> Over | str:
    if overlay == "none":
        return ""
    if overlay == "cam":
        if cam is None:
            return _("Grad-CAM weighs the maps of a convolution; this network has none.")
        values = grad_cam(seen, unit, cam, against).fine
        return Over(values, _("Where the maps of {layer} speak for {answer}", layer=cam, answer=told))
    found = saliency(seen, unit, against)
    if overlay == "product":
        values = found.product.sum(0)
        return Over(values, _("Each pixel times its gradient: what it adds to {answer}", answer=told))
    strongest = found.gradient.abs().argmax(0, keepdim=True)
    values = found.gradient.gather(0, strongest)[0]
    return Over(values, _("The gradient: how a brighter pixel would change {answer}", answer=told))


def _sums(seen: Forward, unit: int, against: int | None, told: str) -> Sums | str:
    try:
        found = contributions(seen, unit)
        if against is not None:
            found = found.minus(contributions(seen, against))
    except LabError as error:
        return say(error)
    return Sums(found, largest(found), _("logit of {answer}", answer=told))


def _near(model: TrainedModel, seen: Forward) -> Near | str:
    try:
        return near_images(model, seen)
    except LabError as error:
        return say(error)
    except OSError as error:
        return _("The training images cannot be compared: {reason}", reason=str(error))


def _picture(subject: Subject) -> np.ndarray:
    image: np.ndarray = subject.image[0].permute(1, 2, 0).numpy()
    return image[:, :, 0] if image.shape[2] == 1 else image[:, :, :3]


def _mark(subject: Subject, model: TrainedModel, *choices: str | None) -> str:
    """What tells this drawing in this view from any other."""
    drawn = zlib.crc32(subject.image.numpy().tobytes(), id(model) & 0xFFFFFFFF)
    return f"{drawn:08x}-{'-'.join(str(choice) for choice in choices)}"


def _link(reader: Reader, layer: str) -> str:
    """The Layers page with this network and this layer of it."""
    network = reader.run_id or "shipped"
    language = {"lang": st.query_params["lang"]} if "lang" in st.query_params else {}
    return "layers?" + urlencode({"part": "network", "network": network, "stage": layer, **language})
