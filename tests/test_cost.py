"""The estimate of a training's memory: what autograd keeps against torch's own hooks, weights to the byte,
and what a training too large is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from architectures import Sample, architectures
from helpers import SMALL, random_dataset
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.errors import LabError, ShapeError
from nnlab.export.script import training_script
from nnlab.nets.alive import Alive, Course, forward_pass, training_step
from nnlab.nets.architecture import Architecture, sequence
from nnlab.nets.cost import EVALUATED, TrainingCost, samples_at_a_time, training_cost
from nnlab.nets.presets import preset, preset_names
from nnlab.training import preflight
from nnlab.training.evaluate import chunk_size, evaluate
from nnlab.training.losses import LOSSES
from nnlab.training.optim import OPTIMIZERS, make_optimizer, optimizer_kind
from nnlab.training.recipe import Recipe, RunSpec

CPU = torch.device("cpu")


def kept_for_backward(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> int:
    """Bytes that a real forward pass keeps: the storages of what `saved_tensors_hooks` sees, besides the
    weights and the batch, and the loss itself."""
    saved: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = loss(model(images), labels)
    given = [*model.parameters(), *model.buffers(), images, labels, value]
    for tensor in given:
        saved.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values()) + value.nbytes


def kept_estimate(architecture: Architecture, in_shape: tuple[int, ...], classes: int, samples: int) -> int:
    with torch.device("meta"):
        model = architecture.build(in_shape, classes)
    return training_step(model, in_shape).kept.peak(samples)


@given(architectures())
@settings(max_examples=60, deadline=None)
def test_what_is_kept_is_what_torch_keeps(sample: Sample) -> None:
    architecture, in_shape, classes = sample
    samples = 5
    model = architecture.build(in_shape, classes)
    images = torch.rand(samples, *in_shape)
    labels = torch.arange(samples) % classes
    try:
        expected = kept_for_backward(model, images, labels)
    except ValueError as error:  # one value a channel: batch normalisation refuses, and so does the preflight
        assert "more than 1 value per channel" in str(error)
        return
    assert kept_estimate(architecture, in_shape, classes, samples) == expected


@pytest.mark.parametrize("name", SMALL)
def test_what_the_presets_keep(name: str) -> None:
    model = preset(name).build((1, 28, 28), 10)
    images, labels = torch.rand(3, 1, 28, 28), torch.arange(3)
    assert kept_estimate(preset(name), (1, 28, 28), 10, 3) == kept_for_backward(model, images, labels)


def test_a_layer_by_hand() -> None:
    """Linear keeps its input, which is the batch; ReLU its output; cross-entropy the logarithms and a sum."""
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(7, 20), nn.ReLU(), nn.Linear(20, 4))
    kept = training_step(model, (7,)).kept
    # The loss, and the weight of all samples that its backward pass divides by.
    assert kept.each == ((20 + 4) * 4,) and kept.fixed == (8,)


def test_storages_are_counted_once_and_until_they_go() -> None:
    given_one = torch.empty(10)
    with Alive([given_one]) as alive:
        one = torch.empty(100)
        view, other = one[10:].view(2, 45), given_one.view(2, 5)
        assert alive.bytes == 400
        more = view + 1
        assert alive.bytes == 400 + 360
        del one
        assert alive.bytes == 400 + 360
        del view
        assert alive.bytes == 360
    assert alive.course[-1] == 760 and more.shape == (2, 45) and other.shape == (2, 5)


def test_courses() -> None:
    course = Course((100, 0, 40), (1, 5, 0))
    assert course.at(10) == [110, 50, 40] and course.peak(10) == 110 and course.peak(100) == 500
    assert course.plus(1, 2).times(3).at(10) == [393, 213, 183]
    assert course.then(Course((7,), (0,))).at(10) == [110, 50, 40, 7]
    for room in (*range(95, 130), 500, 504, 505):
        most = course.most_samples(room)
        fitting = [samples for samples in range(1, 200) if course.peak(samples) <= room]
        assert most == (max(fitting) if fitting else 0)
    assert Course((8,), (0,)).most_samples(8) is None and Course((8,), (0,)).most_samples(7) == 0


def of(name: str, in_shape: tuple[int, int, int] = (3, 64, 64), on_cpu: bool = True) -> TrainingCost:
    return training_cost(preset(name), in_shape, 10, 2, on_cpu=on_cpu)


@pytest.mark.parametrize("name", preset_names())
def test_more_samples_take_more_and_weights_are_counted(name: str) -> None:
    cost = of(name)
    rows = preset(name).trace((3, 64, 64), 10)
    weights = sum(row.params for row in rows)
    with torch.device("meta"):
        buffers = sum(b.nbytes for b in preset(name).build((3, 64, 64), 10).buffers())
    assert cost.weights == 4 * weights + buffers
    assert cost.alone == 4 * weights * (1 + 1 + 2 + 2) + 3 * buffers  # weights, gradients, Adam's two, copies
    peaks = [cost.peak(batch) for batch in (1, 2, 16, 128, 1024)]
    assert peaks == sorted(peaks) and peaks[-1] > peaks[0] > cost.alone
    assert cost.peak(16, data=1000) == cost.peak(16) + 1000
    for free in (peaks[2], peaks[3], peaks[3] + 12345):
        largest = cost.largest_batch(free)
        assert largest and cost.peak(largest) <= free < cost.peak(largest + 1)
    assert cost.largest_batch(peaks[0] - 10**9) == 0
    assert of(name, on_cpu=False).peak(128) < cost.peak(128)


def test_the_estimate_has_room_for_all_that_a_step_keeps() -> None:
    cost = of("vgg16", (3, 224, 224))
    assert cost.peak(8) > cost.alone + 8 * cost.kept


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_optimizers_is_counted(name: str) -> None:
    weight = nn.Parameter(torch.rand(50, 20))
    optimizer = make_optimizer(name, [weight], 0.01, {})
    weight.sum().backward()
    optimizer.step()
    values = [
        v for v in optimizer.state[weight].values() if isinstance(v, Tensor) and v.shape == weight.shape
    ]
    assert len(values) <= optimizer_kind(name).state_per_parameter
    assert optimizer_kind(name).state_per_parameter - len(values) <= (
        name == "rmsprop"
    )  # without momentum: 1


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_followed(loss: str) -> None:
    model = preset("net").build((1, 28, 28), 10)
    found = training_cost(preset("net"), (1, 28, 28), 10, 0, LOSSES[loss])
    images, labels = torch.rand(4, 1, 28, 28), torch.arange(4)
    images = images.contiguous(memory_format=torch.channels_last)
    model = model.to(memory_format=torch.channels_last)
    few, more = (
        kept_for_backward(model, images[:count], labels[:count], LOSSES[loss]) for count in (3, 4)
    )  # fmt: skip
    assert found.kept == more - few


def test_a_network_that_does_not_fit_the_images_is_told() -> None:
    with pytest.raises(ShapeError, match="pool5"):
        of("vgg16", (1, 28, 28))


def test_a_forward_pass_uses_shapes_only() -> None:
    model = preset("lenet").build((1, 28, 28), 10).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    course = forward_pass(model, (1, 28, 28))
    with torch.device("meta"):
        assert course == forward_pass(preset("lenet").build((1, 28, 28), 10).eval(), (1, 28, 28))
    # Its first convolution: the images, padded, and what comes out.
    assert course.peak(100) >= 100 * 4 * (28 * 28 + 32 * 32 + 6 * 30 * 30)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", SMALL)
def test_small_networks_are_evaluated_a_thousand_at_a_time(name: str) -> None:
    for in_shape in ((1, 28, 28), (3, 32, 32)):
        assert chunk_size(preset(name).build(in_shape, 10).eval(), in_shape) == EVALUATED


def test_large_ones_fewer_at_a_time() -> None:
    with torch.device("meta"):
        model = preset("vgg16").build((3, 224, 224), 10).eval()
    course = forward_pass(model, (3, 224, 224))
    assert chunk_size(model, (3, 224, 224)) == samples_at_a_time(course) < EVALUATED
    assert course.peak(samples_at_a_time(course)) <= 2**28 < course.peak(samples_at_a_time(course) + 1)
    assert samples_at_a_time(Course((2**40,), (1,))) == 1


def test_chunks_change_nothing_but_the_last_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_dataset(test=90)
    model = preset("convnet").build(data.shape, 10)
    whole = evaluate(model, data.test, data.mean, data.std)
    monkeypatch.setattr("nnlab.nets.cost._EVALUATION", 7 * 10**5)
    assert 1 < chunk_size(model.eval(), data.shape) < 45
    found = evaluate(model, data.test, data.mean, data.std)
    assert found.accuracy == whole.accuracy and found.loss == pytest.approx(whole.loss, rel=1e-6)


def test_a_script_of_a_run_evaluates_as_many_at_a_time() -> None:
    data = random_dataset((3, 32, 32), train=16, test=10)
    for name, chunk in (("vgg11", 500), ("convnet", EVALUATED)):
        spec = RunSpec("random", preset(name), Recipe(batch_size=8))
        code = training_script(spec, data, name="script", root="data").code()
        assert f"x.split({chunk}), y.split({chunk})" in code


def test_a_model_that_looks_at_its_values_is_evaluated_all_the_same() -> None:
    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.eye(784)[:10])

        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            return x @ self.weight.T * (2.0 if x.max().item() > 0 else 1.0)

    data = random_dataset()
    assert chunk_size(Looks(), data.shape) == EVALUATED
    assert 0 <= evaluate(Looks(), data.test, data.mean, data.std).accuracy <= 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_refusal_names_the_largest_batch(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    spec = RunSpec("random", preset("convnet"), Recipe(batch_size=50_000, precision=precision))
    cost = preflight.cost_of(spec, (1, 28, 28), 10, CPU)
    data = 60_000 * 784
    free = cost.peak(777, data)
    monkeypatch.setattr(preflight, "free_memory", lambda device: free)
    with pytest.raises(LabError) as told:
        preflight.preflight(spec, (1, 28, 28), 10, 60_000, CPU)
    assert told.value.values["largest"] == 777 and str(told.value).endswith("batch that fits is 777.")
    assert told.value.values["needed"] == round(cost.peak(50_000, data) / 1e9, 1)
    fits = RunSpec("random", preset("convnet"), Recipe(batch_size=777))
    preflight.preflight(fits, (1, 28, 28), 10, 60_000, CPU)


def test_where_not_even_one_sample_fits_the_weights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "free_memory", lambda device: 10**9)
    spec = RunSpec("random", preset("vgg16"), Recipe(batch_size=8))
    with pytest.raises(
        LabError, match=r"vgg16 needs about \d\.\d GB .* even with batches of one, 3\.2 GB of "
    ):
        preflight.preflight(spec, (3, 32, 32), 10, 100, CPU)


def test_a_huge_network_costs_nothing_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "free_memory", lambda device: 10**10)
    huge = sequence("huge", "flatten", ("linear", {"out_features": 10**9}), "linear")
    with pytest.raises(LabError, match="even with batches of one"):
        preflight.preflight(RunSpec("random", huge, Recipe(batch_size=8)), (1, 28, 28), 10, 100, CPU)
