"""The loss as it depends on one weight alone: the gradient is its slope, and a step goes down along it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import streamlit as st
import torch
from torch import Tensor

from nnlab.lessons.weight import loss_along, loss_with
from nnlab.ui.components.curves import Series, curves
from nnlab.ui.components.graph import exact
from nnlab.ui.datasets.facts import facts
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.weight.choosing import LINKED, Chosen, choose, place_boxes
from nnlab.ui.text import _

_RATES = ("0.01", "0.1", "0.3", "1", "3", "10", "30", "100", "300", "1000", "3000")
_USUAL = "3"
_POINTS = 21  # of the curve, each a run of the batch
_LEAST_REACH = 1.0  # of the curve to both sides of the weight
_CURVE = "weight-slope"


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of SGD for one weight alone, in float32 as PyTorch takes it."""

    weight: Tensor
    grad: Tensor
    lr: float
    after: Tensor
    loss: float
    loss_after: float

    @property
    def foretold(self) -> float:
        """The change of the loss along its tangent."""
        return float(self.grad) * (float(self.after) - float(self.weight))


@st.fragment
def slope() -> None:
    """Draw the part."""
    chosen = choose()
    place_boxes(chosen)
    rate = LINKED.choice("lr", _RATES, _USUAL)
    st.select_slider(
        _("Learning rate"), _RATES, **LINKED.held("lr", rate), on_change=LINKED.note, args=("lr", _USUAL)
    )
    step = _step(chosen, float(rate))
    _draw(chosen, step)
    facts(
        [
            (_("weight"), _text(step.weight)),
            (_("gradient"), _text(step.grad)),
            (_("weight − lr × gradient"), _text(step.after)),
            (_("loss before"), f"{step.loss:.7g}"),
            (_("loss after"), f"{step.loss_after:.7g}"),
            (_("change"), _signed(step.loss_after - step.loss)),
            (_("foretold by the tangent"), _signed(step.foretold)),
        ]
    )
    question(
        "weight-uphill",
        _("Downhill, and yet up: find a weight and a learning rate at which the step makes the loss "
          "larger."),
        step.loss_after > step.loss,
        _("The gradient is the slope at the weight itself. A step that is too long leaves the tangent and "
          "can end higher on the other side."),
    )  # fmt: skip
    code(_program(chosen, rate))


def _step(chosen: Chosen, lr: float) -> _Step:
    seen = chosen.seen()
    weight, grad = seen.weight[chosen.place], seen.weight_grad[chosen.place]
    after = weight - lr * grad
    later = loss_with(chosen.model(), chosen.layer, chosen.place, float(after), *chosen.batch())
    return _Step(weight, grad, lr, after, seen.loss, later)


def _draw(chosen: Chosen, step: _Step) -> None:
    """The loss for values of the weight around it, and the tangent."""
    middle, moved = float(step.weight), float(step.after)
    reach = max(_LEAST_REACH, 1.2 * abs(moved - middle))
    values, losses = _curve(chosen, middle, reach)
    ends = [middle - reach, middle + reach]
    tangent = [step.loss + float(step.grad) * (end - middle) for end in ends]
    st.session_state.pop(f"{_CURVE}:sent", None)  # another weight has another curve, from its first point
    curves(
        [
            Series(_("loss"), values, losses, color=0, smooth=False),
            Series(_("tangent"), ends, tangent, dash="dash", color=7, smooth=False),
            Series(_("before"), [middle], [step.loss], marker="circle", color=2, smooth=False),
            Series(_("after the step"), [moved], [step.loss_after], marker="square", color=1, smooth=False),
        ],
        x_label=chosen.weight, y_label=_("loss of the batch"), key=_CURVE, height=300,
    )  # fmt: skip


@lru_cache(maxsize=64)  # most learning rates move the weight so little that the curve stays the same
def _curve(chosen: Chosen, middle: float, reach: float) -> tuple[list[float], list[float]]:
    values = torch.linspace(middle - reach, middle + reach, _POINTS).tolist()
    return values, loss_along(chosen.shared(), chosen.layer, chosen.place, values, *chosen.batch())


def _text(value: Tensor) -> str:
    return exact(value.reshape(1).numpy()[0])


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _program(chosen: Chosen, rate: str) -> str:
    place = ", ".join(map(str, chosen.place))
    return "\n".join(
        [
            *chosen.lines,
            "loss = F.cross_entropy(model(x), labels)",
            "loss.backward()",
            f"print(loss.item(), conv.weight[{place}].item(), conv.weight.grad[{place}].item())",
            "with torch.no_grad():",
            f"    conv.weight[{place}] -= {rate} * conv.weight.grad[{place}]",
            f"    print(F.cross_entropy(model(x), labels).item(), conv.weight[{place}].item())",
        ]
    )
