"""What the Draw page asks of the engine: which networks can read a drawing, and what one says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st
from torch import Tensor

from nnlab.data.ink import SIDE
from nnlab.drawing import (
    image_logits,
    is_bright,
    logits_score,
    shipped_facts,
    shipped_model,
)
from nnlab.drawing.predict import input_logits, is_filled
from nnlab.drawing.stages import Stages
from nnlab.errors import LabError
from nnlab.nets.source import import_block, model_source
from nnlab.runs import Run, RunStore
from nnlab.training.weights import TrainedModel, WeightsInfo
from nnlab.ui.components import Answer
from nnlab.ui.networks import network_of_run
from nnlab.ui.owned import can_be_drawn, dataset_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, plain, say
from nnlab.ui.url import set_query

_REMEMBERED = "draw:run"
_TIMES = "draw:taken"  # how often the network was chosen elsewhere than in the picker
SHIPPED = ""  # stands for the network of the package among the ids of runs
_MOST_LISTED = 50
# Of nnlab/drawing/digits.json.
mark("60,000 MNIST digits, 80,000 drawn by our own pen, and 30,000 drawings that are no digits")

_IMPORTS = ("import numpy as np", "import torch", "from safetensors.torch import load_file", "import nnlab")
_CODE = """\
{imports}


{definitions}


model = Net()
model.load_state_dict(load_file({weights}))
model.eval()

# A stroke for each time the pen was down: x, y in pixels of a 280 x 280 canvas. This is a 7.
strokes = [np.array([[90, 80], [190, 80], [170, 130], [125, 220]])]
image = nnlab.drawing_to_image(strokes, (280, 280))  # (1, 1, 28, 28) uint8
{fitted}x = (image / 255 - {mean}) / {std}
with torch.inference_mode():
    probabilities = model(x).softmax(1)[0]
for name, probability in zip({classes}, probabilities.tolist()):
    print(f"{{name}}: {{probability:.1%}}")
"""


@dataclass(frozen=True, eq=False)
class Reader:
    """A network that reads drawings, one line about it in the reader's language, and the run it is of."""

    model: TrainedModel
    facts: str
    code: str
    run_id: str = SHIPPED

    @property
    def drawable(self) -> bool:
        """Whether it makes sense to draw for it."""
        return can_be_drawn(self.model.info.dataset)

    @property
    def remark(self) -> str:
        """What to know before one draws for it, or why one cannot; mostly nothing."""
        name = self.model.info.dataset
        if not self.drawable:
            return _(
                "{title} holds photographs: lines of a pen are nothing like them, so give it a photograph "
                "or a sample.",
                title=plain(dataset_title(name)),
            )  # fmt: skip
        if name == "fashion_mnist":
            return _("It knows garments, light on dark: an outline is only roughly one, so fill it in.")
        return ""


def choose_reader() -> Reader:
    """The network that the URL names or the reader picks; one that cannot be used gets a sentence."""
    store = run_store()
    runs = readable_runs(store)
    asked = st.query_params.get("run", st.session_state.get(_REMEMBERED, SHIPPED))
    try:
        reader(store, asked)
    except LabError as error:
        told = _("The network of the package is used instead.")
        st.warning(f"{say(error)} {told}", icon=":material/link_off:")
        asked = SHIPPED
    names = {SHIPPED: _("The network that comes with the lab"), **({asked: asked} if asked else {}), **runs}
    with st.container(horizontal=True, vertical_alignment="bottom", key="draw-strip"):
        picked = st.selectbox(
            _("Which network answers"),
            list(names),
            index=list(names).index(asked),
            format_func=names.__getitem__,
            key=f"draw-network-{st.session_state.get(_TIMES, 0)}",
            width=360,
        )
        chosen = reader(store, picked)
        with st.container(width="stretch", key="draw-facts"):
            st.caption(chosen.facts)
    st.session_state[_REMEMBERED] = picked
    set_query("run", picked or None)
    return chosen


def take_network(run_id: str) -> None:
    """Have that run's network answer from the next run of the whole page on.

    The picker is a new one then: what a browser still tells of the one before cannot undo the choice.
    """
    st.session_state[_REMEMBERED] = run_id
    st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    set_query("run", run_id)


def readable_runs(store: RunStore) -> dict[str, str]:
    """The ids of runs with weights, newest first, each with a line to choose it by."""
    found = {}
    for run in store.runs():
        try:
            spec, kept = run.spec, run.snapshots()
        except LabError:
            continue  # a damaged run is shown on the Train page, with what is wrong with it
        if kept:
            accuracy = (run.status.result or {}).get("test_accuracy")
            share = f" · {accuracy:.1%}" if accuracy is not None else ""
            found[run.id] = f"{network_of_run(spec)} · {dataset_title(spec.dataset)}{share} · {run.id}"
        if len(found) == _MOST_LISTED:
            break
    return found


def reader(store: RunStore, run_id: str) -> Reader:
    """The network of that run with its last weights, or the package's for `SHIPPED`.

    Raises:
        RunError: no such run, or it has no weights that can be read.
    """
    if run_id == SHIPPED:
        model, facts = shipped_model(), shipped_facts()
        line = _(
            "{accuracy:.2%} of MNIST's 10,000 test digits right; {parameters:,} parameters; "
            "trained on {data}.",
            accuracy=facts["test_accuracy"], parameters=facts["parameters"], data=_(facts["trained_on"]),
        )  # fmt: skip
        code = _code(model, ["from nnlab.drawing.shipped import WEIGHTS"], "WEIGHTS")
        return Reader(model, line, code, SHIPPED)
    run = store.open(run_id)
    model = network_of(store, run_id)
    weights = f"nnlab.RunStore().open({run_id!r}).snapshots()[-1][1]"
    return Reader(model, f"{_facts(run, model)} {_seen(model.info)}", _code(model, [], weights), run_id)


def network_of(store: RunStore, run_id: str, step: int | None = None) -> TrainedModel:
    """The network of that run after `step` steps, by default its last weights; for `SHIPPED` the package's.

    Raises:
        RunError: no such run, or it has no weights that can be read.
    """
    if run_id == SHIPPED:
        return shipped_model()
    run = store.open(run_id)
    if step is None:
        kept = run.snapshots()
        step = kept[-1][0] if kept else 0
    return _trained(run.path, step)


def answer_of(model: TrainedModel, stages: Stages) -> Answer:
    """What `model` says of a drawing that has gone through its stages."""
    return _answer(model, stages.given, input_logits(model, stages.fed))


def answer_to(model: TrainedModel, image: Tensor) -> Answer:
    """What `model` says of an image (1, C, H, W) uint8 of the shape that it takes."""
    return _answer(model, image, image_logits(model, image))


def _answer(model: TrainedModel, image: Tensor, logits: Tensor) -> Answer:
    """Only the network of the package has learned what is no digit, so only it may doubt."""
    shipped, facts = shipped_model(), shipped_facts()
    doubtful = model is shipped and logits_score(logits) < facts["threshold"]
    return Answer(image[0].numpy(), logits.softmax(0).numpy(), doubtful)


@lru_cache(maxsize=8)
def _trained(path: Path, step: int) -> TrainedModel:
    return Run(path).load_model(step)


def _facts(run: Run, model: TrainedModel) -> str:
    status = run.status
    parameters = sum(p.numel() for p in model.parameters())
    accuracy = (status.result or {}).get("test_accuracy")
    if status.name == "finished" and accuracy is not None:
        return _(
            "{accuracy:.2%} of its test images right; {parameters:,} parameters; trained on {data}.",
            accuracy=accuracy, parameters=parameters, data=plain(dataset_title(model.info.dataset)),
        )  # fmt: skip
    return _(
        "Weights after {step:,} steps; {parameters:,} parameters; trained on {data}.",
        step=model.info.step, parameters=parameters, data=plain(dataset_title(model.info.dataset)),
    )  # fmt: skip


def _seen(info: WeightsInfo) -> str:
    """How a drawing reaches a network that does not take it as it is."""
    if not _fitting(info):
        return ""
    shape = " × ".join(map(str, info.in_shape))
    if is_bright(info):
        return _("Your drawing reaches it as {shape}, dark on light.", shape=shape)
    return _("Your drawing reaches it as {shape}, light on dark.", shape=shape)


def _code(model: TrainedModel, imports: Sequence[str], weights: str) -> str:
    info = model.info
    source = model_source(info.architecture, info.in_shape, len(info.classes))
    mean, std = (
        repr(values[0]) if len(values) == 1 else f"torch.tensor({list(values)})[:, None, None]"
        for values in (info.mean, info.std)
    )
    return _CODE.format(
        imports=import_block({*source.imports, *_IMPORTS, *imports}),
        definitions="\n\n\n".join([*source.helpers, source.definition]),
        weights=weights, mean=mean, std=std, fitted=_fitting(info), classes=list(info.classes),
    )  # fmt: skip


def _fitting(info: WeightsInfo) -> str:
    """The lines that do what `nnlab.drawing.drawing_for` does; none where the drawing is taken as it is."""
    channels, *sides = info.in_shape
    lines = []
    if is_filled(info):
        lines.append(f"image = nnlab.drawing.fill_image(image, {tuple(sides)})")
    elif sides != [SIDE, SIDE]:
        scaled = f'nn.functional.interpolate(image.float(), {tuple(sides)}, mode="bilinear", antialias=True)'
        lines.append(f"image = {scaled}.round().to(torch.uint8)")
    if is_bright(info):
        lines.append("image = 255 - image  # dark on light, as the training images are")
    if channels > 1:
        lines.append(f"image = image.expand(-1, {channels}, -1, -1)")
    return "".join(f"{line}\n" for line in lines)
