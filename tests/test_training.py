"""What the training loop tells, refuses and survives."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers import random_dataset
from torch.nn import functional as F

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, ShapeError
from nnlab.nets.architecture import LayerSpec, sequence
from nnlab.nets.presets import preset
from nnlab.training import preflight
from nnlab.training.augment import Augmentation
from nnlab.training.batches import normalise
from nnlab.training.evaluate import evaluate
from nnlab.training.events import Event
from nnlab.training.loop import Controls, train
from nnlab.training.observe import layer_statistics
from nnlab.training.recipe import Recipe, RunSpec

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return random_dataset()


def spec(name: str = "net", **recipe: Any) -> RunSpec:
    return RunSpec("random", preset(name), Recipe(**{"batch_size": 32, "epochs": 2, "lr": 0.01, **recipe}))


def run(data: Dataset, spec: RunSpec, **options: Any) -> list[Event]:
    return list(train(spec, data, device=CPU, **options))


def test_the_story_of_a_run(data: Dataset) -> None:
    events = run(data, spec(epochs=3), tick_seconds=1e9)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    kinds = [event.kind for event in events]
    assert kinds[0] == "started" and kinds[-1] == "finished"
    assert kinds.count("evaluated") == 3
    losses = [loss for event in events if event.kind == "tick" for loss in event.values["loss"]]
    assert len(losses) == 15 == events[-1].step
    reasons = [event.values["reason"] for event in events if event.kind == "snapshot"]
    assert reasons == ["first", "epoch", "epoch", "last"]
    for event in events:
        assert Event.from_json(json.loads(json.dumps(event.to_json()))).to_json() == event.to_json()


def test_train_loss_is_the_mean_of_the_epochs_steps(data: Dataset) -> None:
    events = run(data, spec(epochs=2), tick_seconds=0)
    losses = [loss for event in events if event.kind == "tick" for loss in event.values["loss"]]
    told = [event.values["train_loss"] for event in events if event.kind == "evaluated"]
    assert told == pytest.approx([sum(losses[:5]) / 5, sum(losses[5:]) / 5])


def test_a_tick_looks_at_every_layer_and_at_the_first_weight(data: Dataset) -> None:
    ticks = [event for event in run(data, spec(epochs=1), tick_seconds=0) if event.kind == "tick"]
    assert len(ticks) == 5
    for event in ticks:
        assert set(event.values["layers"]) == {"conv1", "conv2", "linear1"}
        assert event.snapshot is not None
        assert event.snapshot.tensors["conv1.weight"].shape == (5, 1, 3, 3)
        assert event.values["layers"]["conv1"]["grad_norm"] > 0
        assert 0 < event.values["layers"]["conv1"]["zeros"] < 1  # of the ReLU behind it
        assert event.values["layers"]["linear1"]["zeros"] == 0


def test_branches_are_looked_at_as_one_layer_with_their_join() -> None:
    conv = LayerSpec("conv2d", {"out_channels": 4, "padding": 1})
    network = sequence("forked", conv, LayerSpec("residual", branches=((conv, LayerSpec("relu"), conv), ())),
                       "relu", "flatten", "linear")  # fmt: skip
    model, x = network.build((1, 8, 8), 3), torch.randn(5, 1, 8, 8)
    model(x).square().sum().backward()
    found = layer_statistics(model, x)
    assert list(found) == ["conv1", "residual1", "linear1"]
    inside = torch.cat([p.grad.flatten() for p in model.residual1.parameters()])
    joined = model[:3](x).detach()
    assert found["residual1"] == pytest.approx(
        {
            "grad_norm": float(inside.norm()), "mean": float(joined.mean()),
            "std": float(joined.std(correction=0)), "zeros": float((joined == 0).float().mean()),
        },
        rel=1e-5,
    )  # fmt: skip


def test_ticks_change_nothing(data: Dataset) -> None:
    often, seldom = run(data, spec(), tick_seconds=0), run(data, spec(), tick_seconds=1e9)
    for a, b in zip(weights(often).values(), weights(seldom).values(), strict=True):
        assert torch.equal(a, b)


def weights(events: list[Event]) -> Any:
    return next(e.snapshot for e in events if e.values.get("reason") == "last").tensors  # type: ignore[union-attr]


def test_snapshots_are_not_touched_by_later_steps(data: Dataset) -> None:
    training = train(spec(), data, device=CPU, tick_seconds=0)
    held = next(event.snapshot for event in training if event.kind == "snapshot" and event.step > 0)
    assert held is not None
    before = {name: tensor.clone() for name, tensor in held.tensors.items()}
    list(training)
    assert all(torch.equal(before[name], held.tensors[name]) for name in before)


def test_a_part_of_an_epoch(data: Dataset) -> None:
    last = run(data, spec(epochs=0.4))[-1]
    assert (last.kind, last.step, last.values["epochs"]) == ("finished", 2, 0.4)


def test_stop_ends_with_the_weights_of_that_step(data: Dataset) -> None:
    controls = Controls()
    events = []
    for event in train(spec(epochs=100), data, device=CPU, controls=controls, tick_seconds=0):
        events.append(event)
        controls.stop = event.step >= 7
    assert events[-1].kind == "stopped"
    assert events[-1].step == 7
    assert events[-1].values["epochs"] == 7 / 5
    assert [e.step for e in events if e.values.get("reason") == "last"] == [7]


def test_evaluation_on_demand(data: Dataset) -> None:
    controls = Controls()
    steps = []
    for event in train(spec(epochs=1), data, device=CPU, controls=controls, tick_seconds=0):
        controls.evaluate = controls.evaluate or (event.kind == "tick" and event.step == 2)
        if event.kind == "evaluated":
            steps.append(event.step)
    assert steps == [2, 5]
    assert controls.evaluate is False


def test_evaluate_against_plain_torch(data: Dataset) -> None:
    model = preset("lenet").build(data.shape, 10)
    found = evaluate(model, data.test, data.mean, data.std)
    with torch.no_grad():
        logits = model(normalise(data.test.images, data.mean, data.std))
    assert found.accuracy == int((logits.argmax(1) == data.test.labels).sum()) / len(data.test)
    assert found.loss == pytest.approx(F.cross_entropy(logits, data.test.labels).item(), rel=1e-6)
    assert model.training


def test_the_reported_accuracy_is_that_of_the_last_weights(data: Dataset) -> None:
    events = run(data, spec("mlp", epochs=4))
    model = preset("mlp").build(data.shape, 10)
    model.load_state_dict(dict(weights(events)))
    again = evaluate(model, data.test, data.mean, data.std)
    assert events[-1].values["test_accuracy"] == again.accuracy
    assert events[-1].values["test_loss"] == again.loss


def test_infinity_stops_with_the_step_the_reason_and_finite_weights(data: Dataset) -> None:
    events = run(data, spec("mlp", optimizer="sgd", lr=100.0, schedule="constant", epochs=20), tick_seconds=0)
    last = events[-1]
    assert last.kind == "failed"
    assert "learning rate 100.0 is probably too high" in last.values["sentence"]
    assert last.values["sentence"] == last.values["template"].format(**last.values["arguments"])
    assert last.snapshot is not None
    assert 0 < last.snapshot.step == last.values["last_finite_step"] < last.step
    assert all(torch.isfinite(tensor).all() for tensor in last.snapshot.tensors.values())
    json.dumps(last.to_json())


def test_infinity_names_the_very_step(data: Dataset) -> None:
    recipe = {"optimizer": "sgd", "lr": 100.0, "schedule": "constant", "epochs": 20}
    told = [
        run(data, spec("mlp", **recipe), tick_seconds=t)[-1].values["arguments"]["step"] for t in (0, 1e9)
    ]
    assert told[0] == told[1]


def test_bfloat16_learns_and_keeps_float32_weights(data: Dataset) -> None:
    events = run(data, spec("mlp", precision="bfloat16", epochs=6))
    assert all(tensor.dtype == torch.float32 for tensor in weights(events).values())
    assert events[-1].values["test_accuracy"] > 0.5
    assert not torch.equal(
        weights(events)["linear1.weight"], weights(run(data, spec("mlp", epochs=6)))["linear1.weight"]
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"lr": 0}, "learning rate is 0"),
        ({"lr": -1.0}, "learning rate is -1.0"),
        ({"lr": math.nan}, "learning rate is nan"),
        ({"lr": math.inf}, "learning rate is inf"),
        ({"lr": 1e6}, "learning rate is 1000000.0"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": 2.5}, "batch size is 2.5"),
        ({"batch_size": 151}, "batch size is 151, but random has only 150"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": math.nan}, "epochs is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"optimizer": "adamm"}, "no optimizer 'adamm'.*adamw"),
        ({"schedule": "fast"}, "no schedule 'fast'.*one_cycle"),
        ({"loss": "hinge"}, "no loss 'hinge'.*mse"),
        ({"precision": "int4"}, "precision is 'int4'"),
        ({"optimizer": "sgd", "options": {"momentum": 1.5}}, "momentum of sgd is 1.5"),
        ({"optimizer": "sgd", "options": {"beta": 1}}, "sgd has no option beta"),
        ({"optimizer": "sgd", "options": {"nesterov": True, "momentum": 0.0}}, "Nesterov needs momentum"),
        ({"options": {"betas": (0.9, 1.0)}}, "betas of adam"),
        ({"augmentation": Augmentation(rotate=-5)}, "rotate is -5"),
        ({"augmentation": Augmentation(shift=math.nan)}, "shift is nan"),
    ],
)
def test_bad_recipes_are_refused_before_anything_starts(
    data: Dataset, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(LabError, match=sentence):
        train(spec(**wrong), data, device=CPU)


def test_a_network_that_does_not_fit_is_refused(data: Dataset) -> None:
    with pytest.raises(ShapeError, match="gives 3"):
        train(RunSpec("random", sequence("x", "flatten", ("linear", {"out_features": 3}))), data, device=CPU)
    with pytest.raises(LabError, match="no weights"):
        train(
            RunSpec("random", sequence("x", "flatten"), Recipe(batch_size=8)),
            random_dataset((1, 2, 5)),
            device=CPU,
        )


def test_a_model_too_large_is_refused_before_it_is_made(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = sequence("huge", "flatten", ("linear", {"out_features": 10**9}), "linear")
    with pytest.raises(LabError, match=r"huge.*needs about \d+\.\d GB.*free"):
        train(RunSpec("random", huge, Recipe(batch_size=8)), data, device=CPU)
    monkeypatch.setattr(preflight, "free_memory", lambda device: 10**12 * 100)
    preflight.preflight(RunSpec("random", huge, Recipe(batch_size=8)), data.shape, 10, 150, CPU)


def test_json_of_a_run_spec() -> None:
    recipe = Recipe(
        optimizer="sgd", options={"momentum": 0.5}, augmentation=Augmentation(shift=0.1), epochs=0.5
    )
    given = RunSpec("mnist", preset("lenet"), recipe)
    assert RunSpec.from_json(json.loads(json.dumps(given.to_json()))) == given


def test_seeds_decide_everything(data: Dataset) -> None:
    moved = {"augmentation": Augmentation(shift=0.1, rotate=10, scale=0.1, shear=5, elastic=0.03)}
    first, second, other = (weights(run(data, spec(seed=s, **moved))) for s in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_all_presets_learn(data: Dataset) -> None:
    for name in ("convnet", "logistic", "mlp", "lenet", "net"):
        fitted = run(data, replace(spec(name, lr=0.005), recipe=Recipe(batch_size=16, epochs=12, lr=0.005)))[
            -1
        ]
        assert fitted.values["test_accuracy"] > 0.9, name
