"""One weight of a convolution: the input that it meets, delta, their products, and the sum, its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from nnlab.lessons.weight import Pass, Place, take_apart
from nnlab.ui.components.graph import exact
from nnlab.ui.components.library import limit, pack, part
from nnlab.ui.text import _

MOST_KERNELS = 512  # shown as small pictures


def weight_sum(
    seen: Pass, place: Place, image: int, *, key: str, on_choose: Callable[[Place, int], None] | None = None
) -> None:
    """Show how the gradient of ``weight[place]`` comes about in the batch of `seen`.

    Every weight of the same kernel, and every image, is at hand without asking Python again.

    Args:
        image: whose maps are shown.
        on_choose: called, with the page running again, where another weight or image was chosen.
    """
    out, into = place[:2]
    height, width = seen.weight.shape[2:]
    sums = [[take_apart(seen, (out, into, row, column)) for column in range(width)] for row in range(height)]
    kernels = seen.weight_grad if seen.weight_grad[:, :, 0, 0].numel() <= MOST_KERNELS else None
    header: dict[str, Any] = {
        "place": list(place),
        "image": image,
        "images": len(seen.x),
        "input": list(seen.x.shape[2:]),
        "map": list(seen.delta.shape[2:]),
        "kernel": list(seen.weight.shape),
        "stride": list(seen.stride),
        "dilation": list(seen.dilation),
        "limits": {"x": limit(seen.x[:, into]), "d": limit(seen.delta[:, out]), "w": limit(seen.weight_grad)},
        "grads": [[_text(one.grad) for one in row] for row in sums],
        "shades": [[float(one.grad) for one in row] for row in sums],
        "totals": [[_text(one.total) for one in row] for row in sums],
        "apart": [[one.apart for one in row] for row in sums],
        "exact": [[exact(np.float64(one.exact)) for one in row] for row in sums],
        "perImage": [[[exact(value) for value in one.images.numpy()] for one in row] for row in sums],
        "texts": _texts(),
    }
    blobs = [_bytes(seen.x[:, into]), _bytes(seen.delta[:, out]), b"" if kernels is None else _bytes(kernels)]

    def noted() -> None:
        told = (st.session_state.get(key) or {}).get("chosen")
        if told is not None and on_choose is not None:
            channel, source, row, column, number = map(int, told)
            on_choose((channel, source, row, column), number)

    part("weight")(key=key, data=pack(header, *blobs), default={"chosen": None}, on_chosen_change=noted)


def _text(value: Tensor) -> str:
    return exact(value.reshape(1).numpy()[0])


def _bytes(tensor: Tensor) -> bytes:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype="<f4").tobytes()


def _texts() -> dict[str, str]:
    """What the component says; {fields} in braces are filled in there."""
    return {
        "kernels": _("All kernels, by their gradients. Click one"),
        "kernel": _("Gradient of kernel [{out}, {into}]"),
        "kernelMap": _("Choose a weight of the kernel"),
        "input": _("input, channel {into}"),
        "inputMap": _("The input with its padding; lit is what this weight meets"),
        "delta": _("delta, channel {out}"),
        "deltaMap": _("How the loss changes with each number of the output map"),
        "products": _("their products"),
        "productMap": _("The products; arrow keys move over them"),
        "images": _("Summed over each image of the batch"),
        "image": _("Image {number}"),
        "sum": _("sum of this image"),
        "total": _("sum over the batch"),
        "grad": _("PyTorch's weight.grad{place}"),
        "same": _("The same to the last bit."),
        "apart": _(
            "Units in the last place between the two: {count}. PyTorch adds the same products in another "
            "order; in float64 their sum is {exact}."
        ),
        "legend_x": _("Input"),
        "legend_d": _("Delta"),
        "legend_p": _("Products"),
        "legend_w": _("Gradients of the kernels"),
    }
