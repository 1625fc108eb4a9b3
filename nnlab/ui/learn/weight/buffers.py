"""``.grad`` of a weight and of a bias: None, a tensor, twice the tensor, zeros, None again."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.lessons.weight import ACTS, MOST_ACTS, play
from nnlab.ui.components.graph import exact
from nnlab.ui.learn.acts import Acts
from nnlab.ui.learn.autograd.showing import lines
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.weight.choosing import LINKED, Chosen, choose, place_boxes
from nnlab.ui.text import _

_RATES = ("0.01", "0.1", "1", "10")
_USUAL = "0.1"
_ACTS = Acts(LINKED, ACTS, MOST_ACTS)


@st.fragment
def buffers() -> None:
    """Draw the part."""
    chosen = choose()
    place_boxes(chosen)
    acts = _ACTS.pressed()
    rate = LINKED.choice("rate", _RATES, _USUAL)
    _buttons(acts, rate)
    told = play(chosen.model(), chosen.layer, chosen.place, *chosen.batch(), acts, float(rate))
    out = chosen.place[0]
    rows = [
        (ACTS.get(one.act, ""), _text(one.weight), _text(one.weight_grad), _text(one.bias),
         _text(one.bias_grad), f"{one.loss:.7g}")
        for one in told
    ]  # fmt: skip
    lines(("", chosen.weight, ".grad", f"{chosen.layer}.bias[{out}]", ".grad", _("loss of the batch")), rows)
    _tell_bias(chosen)
    last = told[-1].bias_grad
    question(
        "weight-zeros",
        _("Go back, then empty the gradients so that `bias.grad` is 0 and not None."),
        "b" in acts and last is not None and float(last) == 0,
        _("`zero_grad()` sets `.grad` to None and gives its memory back; with `set_to_none=False` zeros "
          "stay, to which the next `backward()` adds."),
    )  # fmt: skip
    code(_program(chosen, acts, rate))


def _buttons(acts: str, rate: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="weight-acts"):
        for act, title in ACTS.items():
            _ACTS.button(acts, act, title.removeprefix("optimizer."), first=act == "b")
        st.selectbox(_("Learning rate"), _RATES, key=LINKED.bound("rate", rate), width=110,
                     on_change=LINKED.note, args=("rate", _USUAL))  # fmt: skip
        _ACTS.restart(acts)


def _tell_bias(chosen: Chosen) -> None:
    """The gradient of the bias beside the sum of delta."""
    seen, out = chosen.seen(), chosen.place[0]
    if seen.bias_grad is None:
        return
    delta = seen.delta[:, out]
    st.caption(
        _("The bias is added at every place, so its gradient is the sum of delta over places and images: "
          "{sum} in this order, {grad} in PyTorch's.",
          sum=_text(delta.flatten(1).sum(1).sum()), grad=_text(seen.bias_grad[out]))
    )  # fmt: skip


def _text(value: Tensor | None) -> str:
    return "None" if value is None else exact(value.reshape(1).numpy()[0])


def _program(chosen: Chosen, acts: str, rate: str) -> str:
    out = chosen.place[0]
    place = ", ".join(map(str, chosen.place))
    source = [
        *chosen.lines,
        f"optimizer = torch.optim.SGD(model.parameters(), lr={rate})",
        "",
        "def show():",
        "    loss = F.cross_entropy(model(x), labels)",
        "    grads = [p.grad for p in (conv.weight, conv.bias)]",
        f"    found = [None if g is None else g[at].item() for g, at in zip(grads, [({place}), {out}])]",
        f"    print(conv.weight[{place}].item(), found[0], conv.bias[{out}].item(), found[1], loss.item())",
        "",
        "show()",
    ]
    for act in acts or "b":
        source += ["F.cross_entropy(model(x), labels).backward()" if act == "b" else ACTS[act], "show()"]
    return "\n".join(source)
