"""The initialisations against `torch.nn.init` written by hand: bitwise, alone and through a training."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from helpers import by_hand, random_dataset
from torch import Tensor, nn

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.initial import DEFAULT, INITIALS, initial
from nnlab.nets.presets import preset, preset_names
from nnlab.training.events import Event
from nnlab.training.loop import train
from nnlab.training.recipe import Recipe, RunSpec

SEED = 5
SMALL = ["logistic", "mlp", "lenet", "net", "convnet"]
IN_SHAPE = (1, 28, 28)
BY_HAND: dict[str, Callable[[Tensor], object] | None] = {
    "default": None,
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
    "normal_small": lambda w: nn.init.normal_(w, std=0.01),
    "normal_one": nn.init.normal_,
    "constant": lambda w: nn.init.constant_(w, 0.01),
    "zeros": nn.init.zeros_,
}


def initialise(model: nn.Module, name: str) -> None:
    """What a person writes."""
    fill = BY_HAND[name]
    if fill is None:
        return
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def check_equal(found: nn.Module, expected: nn.Module) -> None:
    pairs = zip(found.state_dict().values(), expected.state_dict().values(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)


def test_every_entry_has_a_twin_written_by_hand() -> None:
    assert set(BY_HAND) == set(INITIALS)
    assert next(iter(INITIALS)) == DEFAULT
    assert all(entry.name == name and entry.source for name, entry in INITIALS.items())


@pytest.mark.parametrize("name", INITIALS)
@pytest.mark.parametrize("model", SMALL)
def test_a_preset_is_bitwise_the_one_written_by_hand(model: str, name: str) -> None:
    assert set(SMALL) <= set(preset_names())
    before = torch.get_rng_state()
    found = preset(model).build(IN_SHAPE, 10, SEED, name)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(SEED)
    expected = by_hand(model)
    initialise(expected, name)
    check_equal(found, expected)


@pytest.mark.parametrize("name", INITIALS)
def test_the_code_does_the_same(name: str) -> None:
    """Also inside branches, without biases, and beside normalisation, which it leaves alone."""
    forked = forked_network()
    found = forked.build(IN_SHAPE, 10, SEED, name)
    space: dict[str, Callable[[nn.Module], None]] = {}
    exec(f"from torch import nn\n\n{INITIALS[name].code}", space)
    plain = forked.build(IN_SHAPE, 10, SEED)
    torch.manual_seed(SEED)
    forked_by_hand()  # the draws of the constructors come first
    space["initialise"](plain)
    check_equal(found, plain)
    norm = found.get_submodule("norm1")
    assert torch.equal(norm.weight, torch.ones(8)) and torch.equal(norm.bias, torch.zeros(8))


def forked_network() -> Architecture:
    conv = LayerSpec("conv2d", {"out_channels": 8, "padding": 1, "bias": False})
    return sequence(
        "forked", conv, "batch_norm2d", LayerSpec("residual", {}, ((conv, LayerSpec("tanh")), ())),
        ("adaptive_avg_pool2d", {"output_size": 1}), "flatten", "linear",
    )  # fmt: skip


def forked_by_hand() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8),
        nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.Tanh()), nn.Linear(8, 10),
    )  # fmt: skip


def test_what_the_papers_promise_holds() -> None:
    model = sequence("wide", "flatten", ("linear", {"out_features": 400}), "linear")
    for name, variance in {
        "xavier_uniform": 2 / (784 + 400), "xavier_normal": 2 / (784 + 400),
        "kaiming_uniform": 2 / 784, "kaiming_normal": 2 / 784,
        "normal_small": 1e-4, "normal_one": 1, "default": 1 / (3 * 784),
    }.items():  # fmt: skip
        weight = model.build(IN_SHAPE, 10, SEED, name).get_submodule("linear1").weight
        assert weight.var().item() == pytest.approx(variance, rel=0.02)
        assert abs(weight.mean().item()) < 4 * math.sqrt(variance / weight.numel())
    weight = model.build(IN_SHAPE, 10, SEED, "orthogonal").get_submodule("linear1").weight
    assert torch.allclose(weight @ weight.T, torch.eye(400), atol=1e-5)


def trained(name: str, init: str, **recipe: object) -> tuple[list[Event], dict[str, Tensor]]:
    spec = RunSpec(
        "random", preset(name),
        Recipe(**{"optimizer": "sgd", "lr": 0.01, "schedule": "constant", "batch_size": 32, "epochs": 2,
                  "seed": SEED, "init": init} | recipe),
    )  # fmt: skip
    events = list(train(spec, random_dataset(), device=torch.device("cpu")))
    assert events[-1].kind == "finished"
    (last,) = [event.snapshot for event in events if event.values.get("reason") == "last"]
    assert last is not None
    return events, dict(last.tensors)


@pytest.mark.parametrize("init", INITIALS)
def test_a_training_is_bitwise_the_loop_written_by_hand(init: str) -> None:
    events, weights = trained("mlp", init)
    data = random_dataset()
    torch.manual_seed(SEED)
    model = by_hand("mlp")
    initialise(model, init)
    first = events[1].snapshot
    assert first is not None and first.step == 0
    for ours, theirs in zip(first.tensors.values(), model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
    order = torch.Generator().manual_seed(SEED)
    mean, std = torch.tensor(data.mean).view(1, 1, 1, 1), torch.tensor(data.std).view(1, 1, 1, 1)
    for _ in range(2):
        for index in torch.randperm(150, generator=order).split(32):
            optimizer.zero_grad()
            logits = model((data.train.images[index] / 255 - mean) / std)
            nn.functional.cross_entropy(logits, data.train.labels[index]).backward()
            optimizer.step()
    for ours, theirs in zip(weights.values(), model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_zeros_leave_all_but_the_last_bias_dead() -> None:
    """The sum that reaches ReLU is zero, and so is every product on the way back."""
    _, weights = trained("mlp", "zeros", lr=0.1)
    *dead, last = weights
    assert last == "linear3.bias" and bool(weights[last].any())
    assert not any(bool(weights[name].any()) for name in dead)


def test_zeros_are_no_harm_to_a_single_layer() -> None:
    events, weights = trained("logistic", "zeros", epochs=5)
    assert all(bool(tensor.any()) for tensor in weights.values())
    assert events[-1].values["test_accuracy"] > 0.9


def test_alike_at_first_is_alike_for_ever() -> None:
    """From a constant, all units of the first layer learn the same: their rows stay equal."""
    _, weights = trained("mlp", "constant", epochs=4)
    rows = weights["linear1.weight"]
    assert (rows - 0.01).abs().max() > 1e-3
    assert torch.allclose(rows, rows[:1].expand_as(rows), atol=1e-6)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LabError, match=r"no initialisation 'xavier'; there are: default, xavier_uniform"):
        initial("xavier")
    with pytest.raises(LabError, match="'he'"):
        Recipe(init="he").validate()
    with pytest.raises(LabError, match="no initialisation 7"):
        Recipe.from_json({"init": 7})


def test_recipes_keep_it_and_old_ones_have_the_default() -> None:
    for name in INITIALS:
        recipe = Recipe(init=name)
        assert Recipe.from_json(recipe.to_json()) == recipe
    old = {name: value for name, value in Recipe().to_json().items() if name != "init"}
    assert Recipe.from_json(old).init == DEFAULT
