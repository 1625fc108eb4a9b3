"""The gradient of a weight as the sum of input times delta."""

from __future__ import annotations

import math

import streamlit as st

from nnlab.lessons.weight import Place
from nnlab.ui.components.weight import MOST_KERNELS, weight_sum
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.weight.choosing import LINKED, Chosen, choose, note_place, place_boxes
from nnlab.ui.text import _


@st.fragment
def summing() -> None:
    """Draw the part."""
    chosen = choose()
    if math.prod(chosen.seen().weight.shape[:2]) > MOST_KERNELS:
        place_boxes(chosen)
    image = LINKED.number("image", 0, low=0, high=chosen.count - 1)
    seen = chosen.seen()
    st.markdown(
        _("`{weight}` is used at every place of the output map. What it met there, the input, times how the "
          "loss depends on the result, **delta**, summed over places and images, is its gradient.",
          weight=chosen.weight)
    )  # fmt: skip

    def noted(place: Place, number: int) -> None:
        note_place(chosen, place)
        LINKED.choose("image", number, 0)

    weight_sum(seen, chosen.place, image, key="weight-sum", on_choose=noted)
    kernel = seen.weight_grad[chosen.place[0], chosen.place[1]].abs()
    largest = divmod(int(kernel.argmax()), kernel.shape[1])
    question(
        "weight-largest",
        _("Which weight of this kernel would a step of SGD change most? Click it."),
        largest == chosen.place[2:] and bool(kernel.any()),
        _("That with the largest gradient: SGD subtracts lr × gradient from each weight."),
    )
    code(_program(chosen))


def _program(chosen: Chosen) -> str:
    """The batch forward and back with a hook, and the sum by hand."""
    out, into, row, column = chosen.place
    return "\n".join(
        [
            *chosen.lines,
            "seen = {}",
            "",
            "def note(module, inputs, output):",
            "    output.retain_grad()",
            "    seen.update(input=inputs[0].detach(), output=output)",
            "",
            "conv.register_forward_hook(note)",
            "F.cross_entropy(model(x), labels).backward()",
            "",
            'delta = seen["output"].grad',
            "height, width = delta.shape[2:]",
            "padded = F.pad(seen['input'], (conv.padding[1],) * 2 + (conv.padding[0],) * 2)",
            f"window = padded[:, {into}, {row}:{row} + height, {column}:{column} + width]",
            f"products = window * delta[:, {out}]",
            "images = products.flatten(1).sum(1)",
            "print(images.tolist())",
            "print(sum(images).item())  # one after the other",
            f"print(conv.weight.grad[{out}, {into}, {row}, {column}].item())",
            f"print(delta[:, {out}].sum().item(), conv.bias.grad[{out}].item())",
        ]
    )
