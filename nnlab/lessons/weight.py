"""The gradient of one weight of a convolution, taken apart.

A weight is used at every place of the output map, and for every image. So its gradient is a sum over both, of
what it was multiplied with there, the input, times how much the loss depends on the result, delta:

    weight.grad[o, c, i, j] = sum over n, y, x of  input[n, c, y*s + i*d, x*s + j*d] * delta[n, o, y, x]

with the padded input, the stride s and the dilation d; delta is dL/d(output), ``output.grad``. The bias is
added at every place, so its gradient is the sum of delta. Groups and padding other than zeros are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import check
from nnlab.lens.numbers import in_order, ulps
from nnlab.lens.windows import axes

Place = tuple[int, int, int, int]  # output channel, input channel, row, column


@dataclass(frozen=True, eq=False)
class Pass:
    """One batch forward and back, seen from one convolution.

    Attributes:
        x: (N, C, H, W) what reached it, with its padding.
        output, delta: (N, O, H', W') what it gave, and the loss by that.
        weight, bias: its parameters as they were.
        weight_grad, bias_grad: ``.grad`` of them.
        stride, dilation: of rows and columns.
        loss: the mean cross-entropy of the batch.
    """

    x: Tensor
    output: Tensor
    delta: Tensor
    weight: Tensor
    bias: Tensor | None
    weight_grad: Tensor
    bias_grad: Tensor | None
    stride: tuple[int, int]
    dilation: tuple[int, int]
    loss: float


@dataclass(frozen=True, eq=False)
class Sum:
    """The gradient of one weight as a sum.

    Attributes:
        window: (N, H', W') the input that the weight met at each place.
        products: (N, H', W') that times delta.
        images: (N,) the sum of each image, as ``torch.sum`` adds.
        total: their sum, added in this order, in float32.
        exact: the sum of all products of the same floats in float64.
        grad: PyTorch's.
        apart: how many units in the last place `total` lies from it.
    """

    window: Tensor
    products: Tensor
    images: Tensor
    total: Tensor
    exact: float
    grad: Tensor
    apart: int


def convolutions(model: nn.Module) -> list[str]:
    """The names of the convolutions of `model` that can be taken apart."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and module.groups == 1 and module.padding_mode == "zeros"
    ]


def go_through(model: nn.Module, layer: str, images: Tensor, labels: Tensor) -> Pass:
    """Run a batch (N, C, H, W) through `model` and back, and note down what its convolution `layer` sees.

    The parameters' ``.grad`` are as they were afterwards.

    Raises:
        LabError: there is no such convolution.
    """
    check(layer in convolutions(model), "{layer} is no convolution that can be taken apart.", layer=layer)
    conv = model.get_submodule(layer)
    assert isinstance(conv, nn.Conv2d)
    seen: list[Tensor] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        seen.extend((inputs[0], output))
        return output.clone()  # what works in place after it leaves this one as it is

    handle = conv.register_forward_hook(note)
    try:
        loss = F.cross_entropy(model(images), labels)
    finally:
        handle.remove()
    x, output = seen
    parameters = [conv.weight, *([] if conv.bias is None else [conv.bias])]
    delta, weight_grad, *rest = torch.autograd.grad(loss, [output, *parameters])
    rows, columns = axes(conv, (x.shape[1], x.shape[2], x.shape[3]))
    padded = F.pad(x.detach(), (columns.before, columns.after, rows.before, rows.after))
    return Pass(
        padded, output.detach(), delta, conv.weight.detach().clone(),
        None if conv.bias is None else conv.bias.detach().clone(), weight_grad, rest[0] if rest else None,
        _pair(conv.stride), _pair(conv.dilation), float(loss.detach()),
    )  # fmt: skip


def take_apart(seen: Pass, place: Place) -> Sum:
    """The gradient of ``weight[place]`` as a sum over images and positions.

    Raises:
        LabError: there is no such weight.
    """
    for number, size in zip(place, seen.weight.shape, strict=True):
        check(0 <= number < size, "There is no weight {place}; the shape is {shape}.",
              place=list(place), shape=list(seen.weight.shape))  # fmt: skip
    out, into, row, column = place
    delta = seen.delta[:, out]
    height, width = delta.shape[1:]
    tops, lefts = row * seen.dilation[0], column * seen.dilation[1]
    window = seen.x[
        :, into,
        tops : tops + seen.stride[0] * (height - 1) + 1 : seen.stride[0],
        lefts : lefts + seen.stride[1] * (width - 1) + 1 : seen.stride[1],
    ]  # fmt: skip
    products = window * delta
    images = products.flatten(1).sum(1)
    total, grad = in_order(images), seen.weight_grad[place]
    exact = float((window.double() * delta.double()).sum())
    return Sum(window, products, images, total, exact, grad, ulps(total, grad))


def loss_with(
    model: nn.Module, layer: str, place: Place, value: float, images: Tensor, labels: Tensor
) -> float:
    """The loss of the batch with `value` for that weight, in which `model` is changed."""
    conv = model.get_submodule(layer)
    assert isinstance(conv, nn.Conv2d)
    with torch.no_grad():
        conv.weight[place] = value
        return float(F.cross_entropy(model(images), labels))


def loss_along(
    model: nn.Sequential, layer: str, place: Place, values: Sequence[float], images: Tensor, labels: Tensor
) -> list[float]:
    """The loss of the batch for each of `values` of that weight alone; the model is left as it was.

    All of them at once, as only one channel is another: what comes before the convolution, and its other
    channels, are computed once. In the last bits this may be another float than a run for each.
    """
    at = [name for name, _ in model.named_children()].index(layer)
    conv = model[at]
    assert isinstance(conv, nn.Conv2d)
    out, into, row, column = place
    with torch.no_grad():
        x = model[:at](images)
        kernels = conv.weight[out].repeat(len(values), 1, 1, 1)
        kernels[:, into, row, column] = torch.tensor(values, dtype=kernels.dtype)
        bias = None if conv.bias is None else conv.bias[out].repeat(len(values))
        changed = F.conv2d(x, kernels, bias, conv.stride, conv.padding, conv.dilation)  # (N, values, H', W')
        outputs = conv(x).repeat(len(values), 1, 1, 1, 1)  # (values, N, O, H', W')
        outputs[:, :, out] = changed.transpose(0, 1)
        logits = model[at + 1 :](outputs.flatten(0, 1))
        losses = F.cross_entropy(logits, labels.repeat(len(values)), reduction="none")
    means: list[float] = losses.view(len(values), -1).mean(1).tolist()
    return means


# The letters are what a link holds.
ACTS = {
    "b": "loss.backward()",
    "n": "optimizer.zero_grad()",
    "z": "optimizer.zero_grad(set_to_none=False)",
    "s": "optimizer.step()",
}
MOST_ACTS = 10


@dataclass(frozen=True, eq=False)
class Told:
    """After one act: a weight and a bias with their ``.grad``, and the loss of the batch."""

    act: str
    weight: Tensor
    weight_grad: Tensor | None
    bias: Tensor | None
    bias_grad: Tensor | None
    loss: float


def play(
    model: nn.Module, layer: str, place: Place, images: Tensor, labels: Tensor, acts: Sequence[str], lr: float
) -> list[Told]:
    """Do `acts` one after the other with SGD on all of `model`, which is changed; the first is told as "".

    Before each backward the batch is run anew, as a training does.
    """
    conv = model.get_submodule(layer)
    assert isinstance(conv, nn.Conv2d)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)

    def told(act: str) -> Told:
        with torch.no_grad():
            loss = float(F.cross_entropy(model(images), labels))
        bias = None if conv.bias is None else conv.bias[place[0]].detach().clone()
        return Told(act, conv.weight[place].detach().clone(), _part(conv.weight.grad, place), bias,
                    None if conv.bias is None else _part(conv.bias.grad, place[:1]), loss)  # fmt: skip

    found = [told("")]
    for act in acts:
        if act == "b":
            F.cross_entropy(model(images), labels).backward()
        elif act == "s":
            optimizer.step()
        else:
            optimizer.zero_grad(set_to_none=act == "n")
        found.append(told(act))
    return found


def _part(grad: Tensor | None, place: tuple[int, ...]) -> Tensor | None:
    return None if grad is None else grad[place].detach().clone()


def _pair(value: Sequence[int]) -> tuple[int, int]:
    return value[0], value[1]
