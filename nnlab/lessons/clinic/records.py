"""What is measured while a program of the clinic runs: its losses, and what goes through each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.lessons.clinic.cases import STEPS, Case, program

EVERY = 5  # steps between two records
BINS = 40
_TEST = 1000  # images of the test set, for each record


@dataclass(frozen=True)
class Layer:
    """A linear layer and the activation behind it, at one step.

    mean, std: of what comes out of the activation, over the batch.
    silent: the share of its units that are 0 for every image of the batch.
    grad: the norm of the weight's gradient; weight: the norm of the weight.
    update: the norm of the step that plain SGD takes with it, as a share of the weight's norm.
    alike: the share of its units whose weights are those of another unit, bit for bit.
    activations, gradients: histograms of what is finite, and the ends of their bins; activations_lost,
    gradients_lost: how many values are not.
    """

    name: str
    mean: float
    std: float
    silent: float
    grad: float
    weight: float
    update: float
    alike: float
    activations: tuple[int, ...]
    activation_ends: tuple[float, float]
    activations_lost: int
    gradients: tuple[int, ...]
    gradient_ends: tuple[float, float]
    gradients_lost: int


@dataclass(frozen=True)
class Record:
    """One look at a training, before the update of that step. What is not finite is told as it is.

    input_mean, input_std: of the batch. fresh: the norm of the gradient of this batch alone; held: of what
    stands in .grad, over all parameters.
    """

    step: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    input_mean: float
    input_std: float
    fresh: float
    held: float
    layers: tuple[Layer, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(value: Mapping[str, Any]) -> Record:
    """The inverse of `Record.to_json`."""
    layers = []
    for layer in value["layers"]:
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in layer.items()}
        layers.append(Layer(**given))
    return Record(**{**value, "layers": tuple(layers)})


def train(case: Case, seed: int, note: Callable[[Record], None]) -> dict[str, Any]:
    """Execute the program of `case`; `note` is told a record every few steps. The program's variables."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def watch() -> None:
        if names["step"] % EVERY == 0 or names["step"] == STEPS - 1:
            note(_record(names))

    names["watch"] = watch
    names["print"] = lambda *_: None
    exec(compile(program(case, seed, "watch()"), "<clinic>", "exec"), names)
    return names


def _record(names: Mapping[str, Any]) -> Record:
    model, batch = names["model"], names["batch"]
    x, y = names["x"][batch], names["y"][batch]
    rate = names["optimizer"].param_groups[0]["lr"]
    outputs, logits = _outputs(model, x)
    weights = [p for p in model.parameters()]
    fresh = torch.autograd.grad(F.cross_entropy(model(x), y), weights)
    with torch.no_grad():
        test = model(names["x_test"][:_TEST])
        labels = names["y_test"][:_TEST]
        return Record(
            names["step"],
            float(F.cross_entropy(logits, y)),
            float((logits.argmax(1) == y).float().mean()),
            float(F.cross_entropy(test, labels)),
            float((test.argmax(1) == labels).float().mean()),
            float(x.mean()),
            float(x.std()),
            _norm(fresh),
            _norm([p.grad for p in weights]),
            tuple(_layer(*one, rate) for one in outputs),
        )


def _outputs(model: nn.Sequential, x: Tensor) -> tuple[list[tuple[str, nn.Linear, Tensor]], Tensor]:
    """For each linear layer, what leaves it, or the activation behind it; and the logits."""
    found: list[tuple[str, nn.Linear, Tensor]] = []
    with torch.no_grad():
        for module in model:
            x = module(x)
            if isinstance(module, nn.Linear):
                found.append((f"linear{len(found) + 1}", module, x))
            else:
                name, linear, _ = found[-1]
                found[-1] = (name, linear, x)
    return found, x


def _layer(name: str, linear: nn.Linear, output: Tensor, rate: float) -> Layer:
    weight = linear.weight.detach()
    gradient = linear.weight.grad
    assert gradient is not None
    size, pull = float(weight.norm()), float(gradient.norm())
    activations, activation_ends = _histogram(output)
    gradients, gradient_ends = _histogram(gradient)
    return Layer(
        name, float(output.mean()), float(output.std()), float((output == 0).all(0).float().mean()),
        pull, size, rate * pull / size if size else 0.0, 1 - len(weight.unique(dim=0)) / len(weight),
        activations, activation_ends, _lost(output), gradients, gradient_ends, _lost(gradient),
    )  # fmt: skip


def _histogram(values: Tensor) -> tuple[tuple[int, ...], tuple[float, float]]:
    """Counts in bins of equal width, and the ends; what is not finite is left out."""
    finite = values[values.isfinite()]
    if not len(finite):
        return (0,) * BINS, (0.0, 0.0)
    low, high = float(finite.min()), float(finite.max())
    return tuple(finite.histc(BINS, low, high).long().tolist()), (low, high)


def _lost(values: Tensor) -> int:
    return int((~values.isfinite()).sum())


def _norm(tensors: Any) -> float:
    return float(torch.stack([tensor.norm() for tensor in tensors]).norm())


def records(case: Case, seed: int = 0) -> Iterator[Record]:
    """All records of a training."""
    found: list[Record] = []
    train(case, seed, found.append)
    yield from found
