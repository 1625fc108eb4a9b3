"""A pipeline in training: torchvision's numbers bit for bit, and nothing else disturbed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from helpers import by_hand, random_dataset
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture
from nnlab.nets.presets import preset
from nnlab.training.batches import Batches
from nnlab.training.events import Event
from nnlab.training.loop import train
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.transforms import PRESETS, Augmenter, Pipeline

CPU = torch.device("cpu")
# Each with what training leaves of it, and the rest of the Compose that a plain loop would have.
FLOATS = "v2.ToImage(), v2.ToDtype(torch.float32, scale=True), "
PIPELINES = {
    "rotation;horizontal_flip": ("rotation;horizontal_flip", FLOATS),
    "random_crop;to_image;to_float": ("random_crop", FLOATS),
    "to_image;affine;to_float": ("to_image;affine", "v2.ToDtype(torch.float32, scale=True), "),
    "resize:size=40;random_crop;to_image;to_float;erasing": (
        "resize:size=40;random_crop;to_image;to_float;erasing", "",
    ),
}  # fmt: skip


def dataset(channels: int = 1) -> Dataset:
    return random_dataset(shape=(channels, 32, 32), train=50, test=20)


def finished(data: Dataset, transforms: Pipeline, **changes: Any) -> list[Event]:
    recipe = Recipe(batch_size=16, epochs=2, seed=3, transforms=transforms)
    return list(train(RunSpec("random", preset("net"), replace(recipe, **changes)), data, device=CPU))


def last_weights(events: list[Event]) -> dict[str, Tensor]:
    snapshots = [event.snapshot for event in events if event.kind == "snapshot"]
    assert events[-1].kind == "finished" and snapshots[-1] is not None
    return dict(snapshots[-1].tensors)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("text", PIPELINES)
def test_batches_are_those_of_a_plain_loop(text: str, channels: int) -> None:
    """The loop that one writes with a Dataset of PIL images and one v2.Compose, image by image."""
    data = dataset(channels)
    left, rest = PIPELINES[text]
    part = Pipeline.from_text(text).for_training(data)
    assert part.to_text() == left
    normalise = f"v2.Normalize({list(data.mean)}, {list(data.std)})"
    compose = eval(f"v2.Compose([{', '.join(part.code())}, {rest}{normalise}])")
    batches = iter(Batches(data.train, data.mean, data.std, 16, 3, CPU, augmenter=Augmenter(part, 3)))
    found = [next(batches) for _ in range(8)]  # two epochs of 50 in sixteens
    orders = torch.Generator().manual_seed(3)
    order = torch.cat([torch.randperm(50, generator=orders) for _ in range(2)])
    torch.manual_seed(3)
    expected = torch.stack([compose(to_pil_image(data.train.images[i])) for i in order.tolist()])
    assert [len(images) for images, _ in found] == [16, 16, 16, 2] * 2
    assert torch.equal(torch.cat([images for images, _ in found]), expected)
    assert torch.equal(torch.cat([labels for _, labels in found]), data.train.labels[order])


def test_training_is_a_plain_loop_over_the_transformed_images() -> None:
    data = random_dataset(train=40, test=20)
    text = "affine:interpolation=bilinear;to_image;to_float"
    events = finished(
        data,
        Pipeline.from_text(text),
        optimizer="sgd",
        lr=0.05,
        schedule="constant",
        options={"momentum": 0.0},
    )
    compose = v2.Compose(
        [
            v2.RandomAffine(10, (0.1, 0.1), (0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(data.mean), list(data.std)),
        ]
    )
    torch.manual_seed(3)
    model = by_hand("net")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    orders = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    for _ in range(2):
        for index in torch.randperm(40, generator=orders).split(16):
            x = torch.stack([compose(to_pil_image(data.train.images[i])) for i in index.tolist()])
            optimizer.zero_grad()
            F.cross_entropy(model(x), data.train.labels[index]).backward()
            optimizer.step()
    for ours, theirs in zip(last_weights(events).values(), model.state_dict().values(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_run_is_reproducible_and_its_seed_counts() -> None:
    data, flips = dataset(), Pipeline.from_text("rotation;random_crop")
    first, again = last_weights(finished(data, flips)), last_weights(finished(data, flips))
    assert all(torch.equal(first[name], again[name]) for name in first)
    plain = last_weights(finished(data, Pipeline()))
    assert any(not torch.equal(first[name], plain[name]) for name in first)
    transform = Augmenter(flips, 0), Augmenter(flips, 1)
    assert not torch.equal(*(augment(data.train.images[:8]) for augment in transform))


def test_a_pause_changes_nothing() -> None:
    data, flips = dataset(), Pipeline.from_text("rotation;random_crop")
    events = []
    recipe = Recipe(batch_size=16, epochs=2, seed=3, transforms=flips)
    for event in train(RunSpec("random", preset("net"), recipe), data, device=CPU, tick_seconds=0):
        torch.manual_seed(len(events))  # whoever holds an event may draw random numbers meanwhile
        torch.rand(1)
        events.append(event)
    paused, straight = last_weights(events), last_weights(finished(data, flips))
    assert all(torch.equal(paused[name], straight[name]) for name in paused)


def test_the_random_numbers_of_layers_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What dropout draws while it trains is the same with and without transforms."""
    drawn: list[Tensor] = []

    class Drawing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            drawn.append(torch.rand(3))
            return x

    build = Architecture.build

    def with_drawing(*arguments: Any, **options: Any) -> nn.Sequential:
        model = build(*arguments, **options)
        model.append(Drawing())
        return model

    monkeypatch.setattr(Architecture, "build", with_drawing)
    data = dataset()
    for text in ("", "rotation;affine"):
        torch.manual_seed(1)
        finished(data, Pipeline.from_text(text))
    half = len(drawn) // 2
    assert half >= 8 and torch.equal(torch.stack(drawn[:half]), torch.stack(drawn[half:]))


def test_presets_leave_what_augments() -> None:
    for channels in (1, 3):
        data = dataset(channels)
        left = {name: make(data).for_training(data).to_text() for name, make in PRESETS.items()}
        assert left["plain"] == left["usual"] == ""
        assert left["digits"].startswith("affine:") and ";" not in left["digits"]
        assert [part.partition(":")[0] for part in left["photos"].split(";")] == [
            "random_crop", "horizontal_flip", "colour_jitter",
        ]  # fmt: skip


REFUSED = [
    (1, "rotation;resize:size=28", "makes 1 x 28 x 28 of 1 x 32 x 32, but test images stay 1 x 32 x 32"),
    (3, "rotation;greyscale;to_image", "Greyscale changes every training image and no test image"),
    (3, "invert:p=1", "Invert changes every training image"),
    (1, "rotation;rgb", "makes 3 x 32 x 32 of 1 x 32 x 32"),
    (1, "resize:size=20;resize:size=32", "draws something at random"),
    (1, "rotation;to_image;to_float;normalise:mean=0.1,std=0.9", "but test images are normalised with those"),
    (1, "to_image;to_float:scale=false", "To float without scale leaves values up to 255"),
    (1, "to_image;to_float:scale=false;gaussian_noise", "To float without scale leaves values up to 255"),
    (1, "to_image;to_float;normalise:mean=0.5,std=0.5;erasing", "Normalise stands before other steps"),
    (
        1,
        "rotation;to_image;to_float;normalise:mean=0.266,std=0.169;normalise:mean=0.266,std=0.169",
        "Normalise stands before other steps",
    ),
    (1, "erasing", "Step 1, Erase a rectangle: it works on tensors"),
]


@pytest.mark.parametrize(("channels", "text", "words"), REFUSED)
def test_what_cannot_augment_is_refused_before_the_first_step(channels: int, text: str, words: str) -> None:
    data = dataset(channels)
    with pytest.raises(LabError) as caught:
        Pipeline.from_text(text).for_training(data)
    assert words in str(caught.value)
    spec = RunSpec("random", preset("net"), Recipe(transforms=Pipeline.from_text(text), batch_size=16))
    with pytest.raises(LabError):
        train(spec, data, device=CPU)


def test_what_is_left_is_taken_again() -> None:
    data = dataset()
    part = PRESETS["photos"](data).for_training(data)
    assert part.for_training(data) == part
    off = Pipeline.from_text("!greyscale;rotation").for_training(data)
    assert off.to_text() == "rotation"


def test_a_recipe_keeps_its_transforms() -> None:
    recipe = Recipe(transforms=Pipeline.from_text("rotation:degrees=5;!to_image;one_hot"))
    stored = json.loads(json.dumps(recipe.to_json()))
    assert Recipe.from_json(stored) == recipe
    del stored["transforms"]  # a run of before there were any
    assert Recipe.from_json(stored) == Recipe()
    with pytest.raises(LabError, match="There is no transform 'x'"):
        Recipe.from_json({**stored, "transforms": {"steps": [{"kind": "x"}]}})
