"""Layers in a chain: what each layer of a network makes of one image, and one of them in detail."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from torch import Tensor, nn

from nnlab.data import Dataset, dataset_info, is_present, load_dataset
from nnlab.errors import LabError
from nnlab.lens import Reach, feature_maps, reach
from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset, preset_names
from nnlab.training.batches import normalise
from nnlab.ui.components import Stage, chain
from nnlab.ui.layers.linked import PLACE, choice, whole
from nnlab.ui.layers.views import Seen, show_layer
from nnlab.ui.layers.weights import SHIPPED, learned_code, learned_model, trained_runs
from nnlab.ui.owned import dataset_title, listed_datasets
from nnlab.ui.text import _, say
from nnlab.ui.url import query_choice, set_query

_LAST_SEED = 9999


@dataclass(frozen=True, eq=False)
class _Network:
    """A network, its plan, and how an image is made ready for it."""

    model: nn.Module
    architecture: Architecture
    data: Dataset
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]
    code: str


def network() -> None:
    """The part of the page for a chain of layers."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="layers-network-strip"):
        try:
            found = _chosen_network()
        except LabError as error:
            st.error(say(error), icon=":material/error:")
            return
        last = len(found.data.test) - 1
        index = whole(_("Test image (0 to {last})", last=f"{last:,}"), "sample", 0, 0, last, width=190)
    image = found.data.test.images[index : index + 1]
    x = normalise(image, found.mean, found.std)
    outputs = feature_maps(found.model, x)
    names = ["input", *outputs]
    stages = _stages(image, outputs, reach(found.architecture, found.data.shape), found.classes)
    started = query_choice("stage", names, names[1])
    with st.container(key="layers-chain-strip"):
        at = chain(stages, chosen=names.index(started), key=f"layers-chain-{found.architecture.name}")
    if names[at] != started:
        for place in PLACE:
            set_query(place, None)
    set_query("stage", None if at == 1 else names[at])
    st.subheader(f"{names[at]} · {' × '.join(map(str, stages[at].output.shape))}")
    if at == 0:
        st.caption(_("The image as it is stored; what reaches the first layer is normalised."))
    else:
        _detail(found, names[at], x if at == 1 else outputs[names[at - 1]], outputs)
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        st.code(_code(found, index, names[at]), language="python")


def _detail(found: _Network, name: str, x: Tensor, outputs: dict[str, Tensor]) -> None:
    """The layer of that name, with what it was given."""
    modules = dict(found.model.named_modules())
    before = None
    if x.ndim == 2:  # from which maps the vector was flattened, if it was
        maps = [tensor for tensor in outputs.values() if tensor.ndim == 4 and tensor[0].numel() == x.shape[1]]
        before = tuple(maps[-1].shape[1:]) if maps else None
        if before is None and found.data.test.images[0].numel() == x.shape[1]:
            before = found.data.shape
    y = outputs[name]
    named = found.classes if name == list(outputs)[-1] and y.shape[1] == len(found.classes) else None
    spec = dict(zip(outputs, found.architecture.layers, strict=True))[name]
    show_layer(
        Seen(
            modules[name], x, y, key=f"layers-stage-{name}", image_shape=before, names=named,
            kind=spec.kind, options=spec.options,
        )
    )  # fmt: skip


def _stages(
    image: Tensor, outputs: dict[str, Tensor], seen: list[Reach], classes: tuple[str, ...]
) -> list[Stage]:
    height, width = image.shape[2:]
    own = ([(at, at + 1) for at in range(height)], [(at, at + 1) for at in range(width)])
    stages = [Stage("input", image[0] / 255, own, grey=True)]
    last = list(outputs)[-1]
    for (name, output), found in zip(outputs.items(), seen, strict=True):
        labels = classes if name == last and output.shape[1:] == (len(classes),) else None
        boxes = (_ends(found.rows), _ends(found.columns)) if output.ndim == 4 else None
        stages.append(Stage(name, output[0], boxes, labels=labels))
    return stages


def _ends(places: tuple[frozenset[int], ...]) -> list[tuple[int, int]]:
    return [(min(seen), max(seen) + 1) if seen else (0, 0) for seen in places]


def _chosen_network() -> _Network:
    """Draw the choice of a network and of the images it looks at."""
    runs = trained_runs()
    untrained = {f"new-{name}": name for name in preset_names()}
    titles = {SHIPPED: _("The shipped network"), **runs}
    titles |= {key: _("{name}, untrained", name=name) for key, name in untrained.items()}
    picked = choice(
        _("Network"), "network", list(titles), SHIPPED, shown=lambda which: titles[which], width=260,
        also_clears=("stage", "dataset", "sample", *PLACE),
    )  # fmt: skip
    if picked in untrained:
        name, data = untrained[picked], _dataset(None)
        seed = whole(_("Seed"), "seed", 0, 0, _LAST_SEED, width=100)
        architecture = preset(name)
        model = architecture.build(data.shape, len(data.classes), seed).eval()
        code = f"model = nnlab.preset({name!r}).build({data.shape}, {len(data.classes)}, seed={seed}).eval()"
        return _Network(model, architecture, data, data.mean, data.std, data.classes, code)
    model = learned_model(picked)
    info = model.info
    data = _dataset(info.in_shape, info.dataset)
    return _Network(model, info.architecture, data, info.mean, info.std, info.classes, learned_code(picked))


def _dataset(shape: tuple[int, ...] | None, usual: str | None = None) -> Dataset:
    """One of the datasets that are there, and whose images have the shape."""
    names = [
        name for name in listed_datasets()
        if is_present(name) and (shape is None or dataset_info(name).shape == shape)
    ]  # fmt: skip
    if not names:
        raise LabError("No dataset on this machine has images of {shape}.", shape=shape)
    start = usual if usual in names else names[0]
    name = choice(
        _("Dataset"), "dataset", names, start, shown=dataset_title, width=190, also_clears=("sample", *PLACE)
    )
    return load_dataset(name)


def _code(found: _Network, index: int, name: str) -> str:
    return (
        "import torch\nimport nnlab\nfrom nnlab.lens import feature_maps\n\n"
        f"data = nnlab.load_dataset({found.data.name!r})\n"
        f"{found.code}\n"
        f"mean, std = torch.tensor({list(found.mean)}), torch.tensor({list(found.std)})\n"
        f"image = data.test.images[{index}:{index + 1}]\n"
        "x = (image / 255 - mean[:, None, None]) / std[:, None, None]\n\n"
        "maps = feature_maps(model, x)  # each layer's output by name, from forward hooks\n"
        "for name, output in maps.items():\n    print(name, tuple(output.shape))\n"
        + (f"print(maps[{name!r}])\n" if name != "input" else "")
    )
