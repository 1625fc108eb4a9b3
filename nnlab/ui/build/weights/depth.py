"""What first weights do to activations and gradients through depth, live on a batch."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import streamlit as st
from torch import nn

from nnlab.lens import Depth, Signal, Spread, through_depth
from nnlab.nets.initial import INITIALS
from nnlab.ui.build.weights.asking import LARGE, LONG, asked_for, patience, turn
from nnlab.ui.build.weights.batch import Batch, batch, batch_size
from nnlab.ui.build.weights.chosen import DEEP, Chosen
from nnlab.ui.components import Series, curves
from nnlab.ui.datasets.facts import facts
from nnlab.ui.layers.linked import whole
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import set_query

_LAST_SEED = 9999
_DASHES: tuple[Literal["solid", "dash", "dot"], ...] = ("solid", "dash", "dot")
_LEARNED = mark("these weights")


def depth(chosen: Chosen) -> None:
    """The examples, the batch, two charts, and the numbers of the chosen weights."""
    _examples()
    with st.container(horizontal=True, vertical_alignment="bottom", key="weights-depth-strip"):
        seed = whole(_("Seed of the batch"), "batch", 0, 0, _LAST_SEED, width=150)
        st.button(_("New batch"), key="weights-new-batch", icon=":material/casino:", on_click=_new_batch,
                  args=(seed,))  # fmt: skip
        work = _work(chosen)
        others = _with_others(chosen, work)
    if not asked_for(_("Run the batch through it"), f"{chosen.key} back", chosen.count, work):
        return
    given = batch(chosen, seed)
    many = others and asked_for(
        _("Compare them"), f"{chosen.key} all", chosen.count * len(INITIALS), work * len(INITIALS)
    )
    with patience(chosen.count):
        found = _depth(chosen.key, str(chosen.data), seed, chosen.count, chosen.model, given)
        compared = {chosen.init or "": found}
        for init in INITIALS if many else ():
            if init != chosen.init:
                key, build = chosen.built_key(init), partial(chosen.built, init)
                compared[init] = _depth(key, str(chosen.data), seed, chosen.count, build, given)
    _summary(chosen, found, len(given.x))
    _charts(chosen, compared)
    _numbers(found)
    with st.expander(_("The same in PyTorch"), icon=":material/code:", key="weights-depth-code"):
        st.code(_code(chosen, given, seed), language="python")


def _examples() -> None:
    """Deep chains that show it best, one click away."""
    with st.container(horizontal=True, vertical_alignment="center", key="weights-examples"):
        st.markdown(_("See it in ten linear layers with"), width="content")
        for name, (kind, _title) in DEEP.items():
            st.button(kind, key=f"weights-{name}", on_click=_show, args=(name,))


def _show(source: str) -> None:
    set_query("source", source)
    set_query("tensor", None)


def _new_batch(seed: int) -> None:
    set_query("batch", (seed + 1) % (_LAST_SEED + 1))


def _with_others(chosen: Chosen, work: float) -> bool:
    """Whether the other initialisations are compared: from the start where that is quickly done."""
    count = len(INITIALS)
    easy = work * count <= LONG and chosen.count * count <= LARGE
    return st.toggle(_("Compare with all others"), easy, key=f"weights-others-{easy}")


@st.cache_resource(max_entries=400, show_spinner=False)
def _depth(
    key: str, data: str, seed: int, count: int, _model: Callable[[], nn.Module], _given: Batch
) -> Depth:
    with turn(count):
        return through_depth(_model(), _given.x, _given.labels, seed)


def _work(chosen: Chosen) -> float:
    """Multiply-adds of the batch; the way back takes twice those of the way forward."""
    rows = chosen.architecture.trace(chosen.in_shape, chosen.classes)
    return 3.0 * sum(row.macs for row in rows) * batch_size(chosen)


def _summary(chosen: Chosen, found: Depth, count: int) -> None:
    """From end to end in three numbers."""
    weighted = [layer for layer in found.layers if layer.weight is not None]
    pairs = [(_("loss"), f"{found.loss:.4g}")]
    if len(weighted) > 1:
        first, last = weighted[0], weighted[-1]
        pairs.append((
            _("std of outputs, {last} ÷ {first}", first=first.name, last=last.name),
            _ratio(last.output, first.output),
        ))  # fmt: skip
        pairs.append((
            _("std of gradients, {first} ÷ {last}", first=first.name, last=last.name),
            _ratio(first.gradient, last.gradient),
        ))  # fmt: skip
    facts(pairs)
    if chosen.data is None:
        st.caption(_("The images are not on this machine: {count} samples of random numbers.", count=count))
    else:
        st.caption(_("{count} training images, the mean cross-entropy, forward and back once.", count=count))


def _ratio(of: Spread | None, to: Spread | None) -> str:
    if of is None or to is None or to.std == 0:
        return "–"
    return f"{of.std / to.std:.3g}"


def _charts(chosen: Chosen, compared: dict[str, Depth]) -> None:
    """The standard deviations, layer by layer; the chosen weights in front."""
    left, right = st.columns(2, gap="medium")
    some = next(iter(compared.values()))
    names = [some.input.name, *(layer.name for layer in some.layers)]
    number = zlib.crc32(" ".join(names).encode())  # other layers are another chart
    for place, what, title, of in (
        (left, "activations", _("Activations: std of each layer's output"), _output),
        (right, "gradients", _("Gradients: std of ∂loss/∂output"), _gradient),
    ):
        with place:
            st.markdown(f"**{title}**")
            curves(
                [_line(init, found, of, chosen.init or "") for init, found in compared.items()],
                x_label=_("layer"), y_label="std", key=f"weights-{what}-{number}",
                height=300, log_y=True, x_names=names,
            )  # fmt: skip
            if dead := [
                _name(init) for init, found in compared.items() if any(y == 0 for y in _values(found, of))
            ]:
                st.caption(
                    _("Exactly 0 at some layers, so not on this scale: {names}.", names=", ".join(dead))
                )


def _line(init: str, found: Depth, of: Callable[[Signal], float], chosen: str) -> Series:
    values = _values(found, of)
    at = 0 if init == "" else list(INITIALS).index(init)
    return Series(
        _name(init), range(len(values)), values, dash="solid" if init == chosen else _DASHES[at % 3],
        marker="circle" if init == chosen else "none", color=at, faint=init != chosen, smooth=False,
    )  # fmt: skip


def _name(init: str) -> str:
    return say(INITIALS[init].title) if init else _(_LEARNED)


def _values(found: Depth, of: Callable[[Signal], float]) -> Sequence[float]:
    return [of(signal) for signal in (found.input, *found.layers)]


def _output(signal: Signal) -> float:
    return signal.output.std


def _gradient(signal: Signal) -> float:
    return math.nan if signal.gradient is None else signal.gradient.std


def _numbers(found: Depth) -> None:
    """Every number of the chosen weights."""
    signals = [found.input, *found.layers]
    columns = {
        _("layer"): [signal.name for signal in signals],
        _("mean of outputs"): [signal.output.mean for signal in signals],
        _("std of outputs"): [signal.output.std for signal in signals],
        _("zeros"): [signal.output.zeros * 100 for signal in signals],
        _("std of gradients"): [_std(signal.gradient) for signal in signals],
        _("std of weights"): [_std(signal.weight) for signal in signals],
        _("std of weights' gradients"): [_std(signal.weight_gradient) for signal in signals],
    }
    st.markdown(f"**{_('Numbers of the chosen weights')}**")
    st.dataframe(
        columns, hide_index=True, placeholder="", height=min(318, 38 + 35 * len(signals)),
        column_config={
            name: st.column_config.NumberColumn(format="%.1f %%" if name == _("zeros") else "%.4g")
            for name in list(columns)[1:]
        },
    )  # fmt: skip


def _std(spread: Spread | None) -> float | None:
    return None if spread is None else spread.std


def _code(chosen: Chosen, given: Batch, seed: int) -> str:
    """A script that prints the standard deviations of every layer with weights."""
    needs_lab = "import nnlab\n" if "nnlab." in given.code and "import nnlab" not in chosen.code else ""
    draws = f"torch.manual_seed({seed})  # for dropout\n" if _has_dropout(chosen) else ""
    return f"""{chosen.code}

{needs_lab}{given.code}

outputs = {{}}


def note(name):
    def hook(module, inputs, output):
        output.retain_grad()
        outputs[name] = output

    return hook


hooks = [
    module.register_forward_hook(note(name))
    for name, module in model.named_modules()
    if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))
]
{draws}loss = torch.nn.functional.cross_entropy(model(x), labels)
loss.backward()
for hook in hooks:
    hook.remove()
print(f"loss {{loss.item():.4g}}")
for name, output in outputs.items():
    weight = model.get_submodule(name).weight
    found = [tensor.std(correction=0).item() for tensor in (output, output.grad, weight, weight.grad)]
    print(name, *(f"{{value:.4g}}" for value in found))
"""


def _has_dropout(chosen: Chosen) -> bool:
    rows = chosen.architecture.trace(chosen.in_shape, chosen.classes)
    return any(row.kind.startswith("dropout") for row in rows)
