"""Layers in a chain: what each layer of a network makes of one image, and one of them in detail."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.errors import LabError
from nnlab.lens import Reach, feature_maps, reach
from nnlab.lens.extent import extents
from nnlab.nets.architecture import Path, Row
from nnlab.nets.branches import JOINS, Concat, Residual
from nnlab.nets.editing import layer_at
from nnlab.nets.layers import LAYERS
from nnlab.training.batches import normalise
from nnlab.ui.components import Stage, chain, diagram
from nnlab.ui.layers.chosen import Chosen, Misfit, chosen_network
from nnlab.ui.layers.joined import show_join
from nnlab.ui.layers.linked import PLACE, whole
from nnlab.ui.layers.views import Seen, show_layer
from nnlab.ui.text import _, say
from nnlab.ui.url import query_choice, set_query

_INPUT = "input"  # how the URL calls the image


def network() -> None:
    """The part of the page for a chain of layers."""
    strip = st.container(horizontal=True, vertical_alignment="bottom", key="layers-network-strip")
    try:
        with strip:
            found = chosen_network()
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return
    if isinstance(found, Misfit):
        found.tell()
        return
    with strip:
        last = len(found.data.test) - 1
        index = whole(_("Test image (0 to {last})", last=f"{last:,}"), "sample", 0, 0, last, width=190)
    image = found.data.test.images[index : index + 1]
    x = normalise(image, found.mean, found.std)
    outputs = feature_maps(found.model, x)
    names = [_INPUT, *outputs]
    name = query_choice("stage", names, names[1])
    _draw(found, image, outputs, name)
    st.subheader(f"{name} · {' × '.join(map(str, (image if name == _INPUT else outputs[name]).shape[1:]))}")
    if name == _INPUT:
        st.caption(_("The image as it is stored; what reaches the first layer is normalised."))
    else:
        _detail(found, found.rows[name], {_INPUT: x, **outputs})
    with st.expander(_("The same in PyTorch"), icon=":material/code:"):
        st.code(_code(found, index, name), language="python")


def _draw(found: Chosen, image: Tensor, outputs: dict[str, Tensor], name: str) -> None:
    """The chain with the stage `name` open; of a network with branches, also how they lie."""
    names = [_INPUT, *outputs]
    first = names[1]

    def open_stage(chosen: str) -> None:
        for place in PLACE:
            set_query(place, None)
        set_query("stage", None if chosen == first else chosen)

    if any(row.kind in JOINS for row in found.rows.values()):
        rows = list(found.rows.values())
        by_path = {row.path: row.name for row in found.rows.values()}
        diagram(
            found.architecture, rows, in_shape=found.data.shape,
            fields=extents(found.architecture, rows, found.data.shape),
            chosen=None if name == _INPUT else found.rows[name].path,
            on_choose=lambda path: open_stage(by_path[path]), key=f"layers-diagram-{found.architecture.name}",
        )  # fmt: skip
    stages = _stages(image, outputs, reach(found.architecture, found.data.shape), found)
    with st.container(key="layers-chain-strip"):
        chain(
            stages, chosen=names.index(name), on_choose=lambda at: open_stage(names[at]),
            key=f"layers-chain-{found.architecture.name}",
        )  # fmt: skip


def _detail(found: Chosen, row: Row, values: dict[str, Tensor]) -> None:
    """The layer of `row`; `values` are the outputs by name, and the image as it reaches the network."""
    module, y = found.model.get_submodule(row.name), values[row.name]
    source = _source(found, row.path)
    if isinstance(module, Residual | Concat):
        given = _ends(found, row.path)
        show_join(
            module, [values[name] for name in given], given, y, name=row.name, key=f"layers-join-{row.name}"
        )
        return
    x, before = values[source], None
    if x.ndim == 2:  # from which maps the vector was flattened, if it was
        order = list(values)
        maps = [
            values[name] for name in order[: order.index(row.name)]
            if values[name].ndim == 4 and values[name][0].numel() == x.shape[1]
        ]  # fmt: skip
        before = tuple(maps[-1].shape[1:]) if maps else None
    last = row.name == list(values)[-1]
    named = found.classes if last and y.shape[1] == len(found.classes) else None
    options = layer_at(found.architecture, row.path).options
    show_layer(
        Seen(
            module, x, y, key=f"layers-stage-{row.name}", image_shape=before, names=named,
            kind=row.kind, options=options,
        )
    )  # fmt: skip


def _source(found: Chosen, path: Path) -> str:
    """What reaches the layer at `path`: the output of the one before it; the first one of a branch is given
    what reaches the join."""
    if path[-1] > 0:
        before = (*path[:-1], path[-1] - 1)
        return next(row.name for row in found.rows.values() if row.path == before)
    return _INPUT if len(path) == 1 else _source(found, path[:-2])


def _ends(found: Chosen, path: Path) -> list[str]:
    """What gives to the join at `path`, branch by branch: its last layer; without layers, what reaches it."""
    branches = layer_at(found.architecture, path).branches
    return [_source(found, (*path, number, len(branch))) for number, branch in enumerate(branches)]


def _stages(image: Tensor, outputs: dict[str, Tensor], seen: list[Reach], found: Chosen) -> list[Stage]:
    height, width = image.shape[2:]
    own = ([(at, at + 1) for at in range(height)], [(at, at + 1) for at in range(width)])
    stages = [Stage(_INPUT, image[0] / 255, own, grey=True)]
    for (name, output), reached in zip(outputs.items(), seen, strict=True):
        row = found.rows[name]
        labels = found.classes if row.path == (len(found.architecture.layers) - 1,) else None
        boxes = (_spans(reached.rows), _spans(reached.columns)) if output.ndim == 4 else None
        title = (
            ""
            if len(row.path) == 1
            else row.kind
            if row.kind in JOINS
            else LAYERS[row.kind].short or row.kind
        )
        stages.append(Stage(name, output[0], boxes, labels=labels, title=title))
    return stages


def _spans(places: tuple[frozenset[int], ...]) -> list[tuple[int, int]]:
    return [(min(seen), max(seen) + 1) if seen else (0, 0) for seen in places]


def _code(found: Chosen, index: int, name: str) -> str:
    imports = "import json\n\n" if "json.loads" in found.code else ""
    return (
        f"{imports}import torch\nimport nnlab\nfrom nnlab.lens import feature_maps\n\n"
        f"data = nnlab.load_dataset({found.data.name!r})\n"
        f"{found.code}\n"
        f"mean, std = torch.tensor({list(found.mean)}), torch.tensor({list(found.std)})\n"
        f"image = data.test.images[{index}:{index + 1}]\n"
        "x = (image / 255 - mean[:, None, None]) / std[:, None, None]\n\n"
        "maps = feature_maps(model, x)  # each layer's output by name, from forward hooks\n"
        "for name, output in maps.items():\n    print(name, tuple(output.shape))\n" + _looked_at(found, name)
    )


def _looked_at(found: Chosen, name: str) -> str:
    """The lines for the stage that is open."""
    if name == _INPUT:
        return ""
    row = found.rows[name]
    if row.kind not in JOINS:
        return f"print(maps[{name!r}])\n"
    given = ["x" if one == _INPUT else f"maps[{one!r}]" for one in _ends(found, row.path)]
    same = " + ".join(given) if row.kind == "residual" else f"torch.cat([{', '.join(given)}], dim=1)"
    return f"print(torch.equal(maps[{name!r}], {same}))  # how its branches are joined\n"
