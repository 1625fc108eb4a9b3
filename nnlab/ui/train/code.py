"""The code of the training that the strip describes, and of the runs that are shown."""

from __future__ import annotations

import pprint

import streamlit as st

from nnlab.data.division import Division
from nnlab.export import Subject
from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import PRESETS
from nnlab.runs import Run
from nnlab.training.recipe import RunSpec
from nnlab.ui.programs import remember, show_program
from nnlab.ui.text import _
from nnlab.ui.train.shelf import title

_SETTINGS = "settings"
_OF = "train-code-of"
_CODE = """\
import nnlab

data = nnlab.load_dataset({dataset!r})
network = {network}
recipe = nnlab.Recipe(
{recipe}
)
{division}spec = nnlab.RunSpec({dataset!r}, network, recipe{divided})

for event in nnlab.train(spec, data):
    if event.kind == "evaluated":
        print(event.step, event.values["{part}_loss"], event.values["{part}_accuracy"])
"""


def training_code(spec: RunSpec) -> str:
    """A script that trains the same network to the same weights, in the process it runs in."""
    recipe, divided = spec.recipe, spec.division != Division()
    lines = []
    for name in recipe.__dataclass_fields__:
        value = getattr(recipe, name)
        if name in ("augmentation", "transforms") and not value:
            continue
        text = repr(value)
        if name == "augmentation":
            text = f"nnlab.{text}"
        elif name == "transforms":
            text = f"nnlab.Pipeline.from_text({value.to_text()!r})"
        lines.append(f"    {name}={text},")
    return _CODE.format(
        dataset=spec.dataset,
        network=_network(spec.architecture),
        recipe="\n".join(lines),
        division=f"division = nnlab.{spec.division!r}\n" if divided else "",
        divided=", division" if divided else "",
        part="validation" if spec.division.validation else "test",
    )


def code_view(spec: RunSpec | None, runs: list[Run]) -> None:
    """An expander with the program of `spec`, and with those of the shown `runs` that have ended."""
    remember(spec)
    ended = {run.id: run for run in runs if run.status.has_ended}
    titles = {_SETTINGS: _("The settings above")} if spec is not None else {}
    titles |= {name: title(run) for name, run in ended.items()}
    if not titles:
        return
    # Closed, it is not made: that takes the data.
    view = st.expander(
        _("The code that does the same"), icon=":material/code:", key="train-code", on_change="rerun"
    )
    if not view.open:
        return
    with view:
        chosen = next(iter(titles))
        if len(titles) > 1:
            if st.session_state.get(_OF) not in titles:
                st.session_state[_OF] = chosen
            chosen = st.selectbox(
                _("Of"), list(titles), key=_OF, width=400, label_visibility="collapsed",
                format_func=titles.__getitem__,
            )  # fmt: skip
        if chosen in ended:
            show_program(Subject.of(ended[chosen]), "train-program")
        elif spec is not None:
            torch_tab, lab_tab = st.tabs(["PyTorch", "nnlab"])
            with torch_tab:
                show_program(Subject(spec), "train-program")
            lab_tab.code(training_code(spec), language="python")


def _network(architecture: Architecture) -> str:
    """The expression for it: the name of a preset, or all layers."""
    if PRESETS.get(architecture.name) == architecture:
        return f"nnlab.preset({architecture.name!r})"
    layers = pprint.pformat(architecture.to_json(), width=100, sort_dicts=False)
    return f"nnlab.Architecture.from_json(\n    {layers.replace(chr(10), chr(10) + '    ')}\n)"
