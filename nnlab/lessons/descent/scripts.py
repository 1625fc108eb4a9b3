"""The programs that do what the page shows: plain torch, complete, with the very numbers of the screen."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from nnlab.lessons.descent.racers import Racer
from nnlab.lessons.descent.schedules import SCHEDULES
from nnlab.lessons.descent.surfaces import Surface


def race_script(
    surface: Surface, racers: Sequence[Racer], start: Sequence[float], steps: int | Sequence[int]
) -> str:
    """Each of `racers` from `start`, one after the other; `ends` holds where they end.

    Args:
        steps: how many; one number for each racer where they differ.
    """
    return _opening(surface) + _race(surface.name, racers, start, steps)


_NETWORK = """\
import torch
from torch.func import functional_call
from torch.nn import functional as F

from nnlab.data import load_dataset
{imports}

model = {model}
data = load_dataset({dataset!r}).test
inputs = (data.images[:{samples}] / 255 - torch.tensor(model.info.mean)[:, None, None]) / torch.tensor(
    model.info.std
)[:, None, None]
labels = data.labels[:{samples}]
trained = {{name: weights.detach() for name, weights in model.named_parameters()}}
generator = torch.Generator().manual_seed({seed})


def direction(weights):
    \"\"\"Random, each filter as large as the filter of the weights; a bias stays as it is.\"\"\"
    random = torch.randn(weights.shape, generator=generator)
    if weights.ndim < 2:
        return torch.zeros_like(weights)
    random, own = random.flatten(1), weights.flatten(1)
    scaled = random * own.norm(dim=1, keepdim=True) / (random.norm(dim=1, keepdim=True) + 1e-10)
    return scaled.view_as(weights)


first, second = ({{name: direction(weights) for name, weights in trained.items()}} for _ in range(2))


def network(x, y):
    weights = {{name: trained[name] + x * first[name] + y * second[name] for name in trained}}
    return F.cross_entropy(functional_call(model, weights, (inputs,)), labels)


"""


def network_script(
    model: str, imports: str, dataset: str, seed: int, samples: int, racers: Sequence[Racer],
    start: Sequence[float], steps: int | Sequence[int],
) -> str:  # fmt: skip
    """A race on a plane through the weights of a network.

    Args:
        model: the Python expression that loads it, with `imports`.
        dataset, seed, samples: as `nnlab.lessons.descent.slices.slice_of` took them.
    """
    opening = _NETWORK.format(model=model, imports=imports, dataset=dataset, seed=seed, samples=samples)
    return opening + _race("network", racers, start, steps)


def _race(function: str, racers: Sequence[Racer], start: Sequence[float], steps: int | Sequence[int]) -> str:
    """The part of a program in which `racers` race on a function of that name."""
    each = [steps] * len(racers) if isinstance(steps, int) else list(steps)
    counts = "" if len(set(each)) == 1 else f"steps = {dict(zip(_titles(racers), each, strict=True))!r}\n"
    made = "".join(f"    {one.title!r}: lambda point: {one.call('point')},\n" for one in racers)
    return (
        f"racers = {{\n{made}}}\n{counts}ends = {{}}\n"
        "for name, make in racers.items():\n"
        f"    point = torch.tensor({list(start)!r}, requires_grad=True)\n"
        "    optimizer = make(point)\n"
        f"    for step in range({'steps[name]' if counts else each[0]}):\n"
        "        optimizer.zero_grad()\n"
        f"        {function}(*point).backward()\n"
        "        optimizer.step()\n"
        "    ends[name] = point.detach()\n"
        f'    print(f"{{name:9}} {{point.tolist()}}  loss {{{function}(*point).item():.9g}}")\n'
    )


def _titles(racers: Sequence[Racer]) -> list[str]:
    return [one.title for one in racers]


def descent_script(
    surface: Surface, racer: Racer, start: Sequence[float], steps: int, schedule: str = "constant"
) -> str:
    """One racer from `start`; `point` is where it ends.

    Args:
        schedule: of `SCHEDULES`; `steps` are then those that it is made for.
    """
    kind = SCHEDULES[schedule]
    momentum = dict(racer.options).get("momentum") or "betas" in dict(racer.options)
    scheduler = kind.code.replace("{cycles}", str(bool(momentum)))
    return (
        f"{_opening(surface, bool(scheduler))}"
        f"steps, lr = {steps}, {racer.lr!r}\n"
        f"point = torch.tensor({list(start)!r}, requires_grad=True)\n"
        f"optimizer = {racer.call('point').replace(f'lr={racer.lr!r}', 'lr=lr')}\n"
        + (f"scheduler = {scheduler}\n" if scheduler else "")
        + "for step in range(steps):\n"
        "    optimizer.zero_grad()\n"
        f"    loss = {surface.name}(*point)\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        + ("    scheduler.step()\n" if scheduler else "")
        + f"print(point.tolist(), {surface.name}(*point).item())\n"
    )


_BY_HAND = {
    "sgd": (
        "v = torch.zeros_like(theta)",
        "v = {momentum} * v + g",
        "theta = theta - lr * {moved}",
    ),
    "adam": (
        "m, v = torch.zeros_like(theta), torch.zeros_like(theta)",
        "m = {beta1} * m + (1 - {beta1}) * g",
        "v = {beta2} * v + (1 - {beta2}) * g**2",
        "m_hat = m / (1 - {beta1}**t)",
        "v_hat = v / (1 - {beta2}**t)",
        "theta = {shrunk} - lr * m_hat / (v_hat.sqrt() + 1e-8)",
    ),
    "rmsprop": (
        "v, b = torch.zeros_like(theta), torch.zeros_like(theta)",
        "v = {alpha} * v + (1 - {alpha}) * g**2",
        "b = {momentum} * b + g / (v.sqrt() + 1e-8)",
        "theta = theta - lr * b",
    ),
    "adagrad": (
        "s = torch.zeros_like(theta)",
        "s = s + g**2",
        "theta = theta - lr * g / (s.sqrt() + 1e-10)",
    ),
    "adadelta": (
        "v, u = torch.zeros_like(theta), torch.zeros_like(theta)",
        "v = {rho} * v + (1 - {rho}) * g**2",
        "d = (u + 1e-6).sqrt() / (v + 1e-6).sqrt() * g",
        "u = {rho} * u + (1 - {rho}) * d**2",
        "theta = theta - lr * d",
    ),
}
_BY_HAND["adamw"] = _BY_HAND["adam"]


def by_hand_script(surface: Surface, racer: Racer, start: Sequence[float], steps: int) -> str:
    """The optimizer written out and torch's own, step by step; `theta` and `point` are where they end."""
    options = dict(racer.options)
    decay = options["weight_decay"]
    decoupled = racer.kind == "adamw" and decay
    betas = options.get("betas", (0.0, 0.0))
    first, *lines = _BY_HAND[racer.kind]
    values = options | {
        "beta1": betas[0],  # type: ignore[index]
        "beta2": betas[1],  # type: ignore[index]
        "moved": f"(g + {options.get('momentum')} * v)" if options.get("nesterov") else "v",
        "shrunk": f"theta * (1 - lr * {decay})" if decoupled else "theta",
    }
    if decay and not decoupled:
        lines.insert(0, f"g = g + {decay} * theta")
    body = "".join(f"    {line.format(**values)}\n" for line in lines)
    return (
        f"{_opening(surface)}"
        f"start, lr = torch.tensor({list(start)!r}), {racer.lr!r}\n"
        "point = start.clone().requires_grad_()\n"
        f"optimizer = {racer.call('point').replace(f'lr={racer.lr!r}', 'lr=lr')}\n"
        f"theta = start.clone()\n{first}\n"
        f"for t in range(1, {steps} + 1):\n"
        "    leaf = theta.clone().requires_grad_()\n"
        f"    (g,) = torch.autograd.grad({surface.name}(*leaf), leaf)\n"
        f"{body}"
        "\n"
        "    optimizer.zero_grad()\n"
        f"    {surface.name}(*point).backward()\n"
        "    optimizer.step()\n"
        'print("by hand ", theta.tolist())\n'
        'print("by torch", point.tolist(), optimizer.state[point])\n'
    )


def _opening(surface: Surface, scheduled: bool = False) -> str:
    """Imports, and the loss as a function."""
    more = "from torch.optim import lr_scheduler\n" if scheduled else ""
    function = inspect.getsource(surface.function)
    return f"import torch\nfrom torch import Tensor\n{more}\n\n{function}\n\n"
