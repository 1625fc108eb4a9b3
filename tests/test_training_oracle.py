"""The training loop against a plain PyTorch loop: bitwise equal weights on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from helpers import SMALL, by_hand, random_dataset
from torch import nn
from torch.nn import functional as F
from torchvision import transforms

from nnlab.data.dataset import Dataset
from nnlab.nets.presets import preset
from nnlab.training.events import Snapshot
from nnlab.training.loop import train
from nnlab.training.losses import LOSSES
from nnlab.training.optim import OPTIMIZERS
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.schedules import SCHEDULES

BATCH, EPOCHS, SEED, LR = 32, 2, 3, 0.01
STEPS_PER_EPOCH = 5  # 150 samples in batches of 32: the last one is short

PLAIN_OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=LR, fused=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=LR, weight_decay=0.01, fused=True),
    "sgd": lambda p: torch.optim.SGD(p, lr=LR, momentum=0.9, fused=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=LR),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=LR, fused=True),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=LR),
}
PLAIN_SCHEDULES = {
    "constant": lambda o: None,
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, STEPS_PER_EPOCH, gamma=0.5),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, EPOCHS * STEPS_PER_EPOCH),
    "one_cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, LR, total_steps=EPOCHS * STEPS_PER_EPOCH),
}
PLAIN_LOSSES = {
    "cross_entropy": nn.CrossEntropyLoss(),
    "nll": lambda x, y: nn.NLLLoss()(nn.LogSoftmax(dim=1)(x), y),
    "mse": lambda x, y: nn.MSELoss()(x, torch.eye(10)[y]),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return random_dataset()


def plain_loop(data: Dataset, name: str, optimizer: str, schedule: str, loss: str) -> nn.Module:
    """What a tutorial would write, over the same order of samples."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(data.mean, data.std)])
    images = torch.stack([transform(image.permute(1, 2, 0).numpy()) for image in data.train.images])
    torch.manual_seed(SEED)
    model = by_hand(name)
    if any(isinstance(layer, nn.Conv2d) for layer in model):
        model = model.to(memory_format=torch.channels_last)
    opt = PLAIN_OPTIMIZERS[optimizer](model.parameters())
    scheduler = PLAIN_SCHEDULES[schedule](opt)
    order = torch.Generator().manual_seed(SEED)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(data.train), generator=order).split(BATCH):
            opt.zero_grad()
            output = model(images[index])
            PLAIN_LOSSES[loss](output, data.train.labels[index]).backward()
            opt.step()
            if scheduler:
                scheduler.step()
    return model


def last_weights(data: Dataset, name: str, **recipe: Any) -> Snapshot:
    spec = RunSpec(
        "random", preset(name), Recipe(lr=LR, batch_size=BATCH, epochs=EPOCHS, seed=SEED, **recipe)
    )
    events = list(train(spec, data, device=torch.device("cpu")))
    assert events[-1].kind == "finished"
    last = [event.snapshot for event in events if event.values.get("reason") == "last"]
    assert last[0] is not None and last[0].step == EPOCHS * STEPS_PER_EPOCH
    return last[0]


def check(data: Dataset, name: str, optimizer: str, schedule: str, loss: str) -> None:
    expected = plain_loop(data, name, optimizer, schedule, loss)
    found = last_weights(data, name, optimizer=optimizer, schedule=schedule, loss=loss)
    weights = list(found.tensors.values())
    for ours, theirs in zip(weights, expected.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("name", SMALL)
def test_every_preset_and_optimizer(data: Dataset, name: str, optimizer: str) -> None:
    check(data, name, optimizer, "constant", "cross_entropy")


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_every_schedule(data: Dataset, schedule: str) -> None:
    check(data, "net", "sgd", schedule, "cross_entropy")
    check(data, "net", "adam", schedule, "cross_entropy")


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss(data: Dataset, loss: str) -> None:
    check(data, "lenet", "adam", "constant", loss)


def test_losses_are_those_of_the_steps(data: Dataset) -> None:
    """The recorded losses, one by one, against the plain loop's ``loss.item()``."""
    torch.manual_seed(SEED)
    model = by_hand("logistic")
    opt = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    mean, std = torch.tensor(data.mean).view(1, 1, 1, 1), torch.tensor(data.std).view(1, 1, 1, 1)
    order, expected = torch.Generator().manual_seed(SEED), []
    for _ in range(EPOCHS):
        for index in torch.randperm(len(data.train), generator=order).split(BATCH):
            opt.zero_grad()
            loss = F.cross_entropy(
                model((data.train.images[index] / 255 - mean) / std), data.train.labels[index]
            )
            loss.backward()
            opt.step()
            expected.append(loss.item())
    recipe = Recipe(lr=LR, batch_size=BATCH, epochs=EPOCHS, seed=SEED, schedule="constant")
    events = train(RunSpec("random", preset("logistic"), recipe), data, device=torch.device("cpu"))
    found = [value for event in events if event.kind == "tick" for value in event.values["loss"]]
    assert torch.equal(torch.tensor(found), torch.tensor(expected))


def test_tiny_batches_by_torchs_own_kernels(data: Dataset) -> None:
    """Below 16 samples oneDNN is left out; the switch is as it was whenever the caller has an event."""
    recipe = Recipe(optimizer="sgd", schedule="constant", lr=LR, batch_size=4, epochs=0.5, seed=SEED)
    weights = None
    for event in train(RunSpec("random", preset("net"), recipe), data, device=torch.device("cpu")):
        assert torch.backends.mkldnn.enabled
        weights = event.snapshot if event.values.get("reason") == "last" else weights
    torch.manual_seed(SEED)
    model = by_hand("net")
    opt = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9, fused=True)
    normalize = transforms.Normalize(data.mean, data.std)
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(SEED))
    with torch.backends.mkldnn.flags(enabled=False):
        for index in order.split(4)[:19]:
            opt.zero_grad()
            F.cross_entropy(
                model(normalize(data.train.images[index] / 255)), data.train.labels[index]
            ).backward()
            opt.step()
    assert weights is not None
    for ours, theirs in zip(weights.tensors.values(), model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_colour_convnet_is_bitwise_too() -> None:
    """Three channels lie in memory another way (channels_last) from start to end."""
    colour = random_dataset((3, 32, 32))
    torch.manual_seed(SEED)
    model = preset("convnet").build((3, 32, 32), 10, SEED).to(memory_format=torch.channels_last)
    opt = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9, fused=True)
    normalize = transforms.Normalize(colour.mean, colour.std)
    order = torch.Generator().manual_seed(SEED)
    for _ in range(EPOCHS):
        for index in torch.randperm(150, generator=order).split(BATCH):
            images = normalize(colour.train.images[index] / 255).contiguous(memory_format=torch.channels_last)
            opt.zero_grad()
            F.cross_entropy(model(images), colour.train.labels[index]).backward()
            opt.step()
    found = last_weights(colour, "convnet", optimizer="sgd", schedule="constant")
    for ours, theirs in zip(found.tensors.values(), model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_images_of_any_size(batch: int) -> None:
    """Where in memory a batch starts decides the last bits of a matrix product."""
    odd = random_dataset((1, 5, 3), classes=2)
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Flatten(), nn.Linear(15, 2))
    opt = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    normalize = transforms.Normalize(odd.mean, odd.std)
    order = torch.Generator().manual_seed(SEED)
    for index in torch.randperm(150, generator=order).split(batch):
        opt.zero_grad()
        F.cross_entropy(model(normalize(odd.train.images[index] / 255)), odd.train.labels[index]).backward()
        opt.step()
    recipe = Recipe(schedule="constant", lr=LR, batch_size=batch, epochs=1, seed=SEED)
    events = list(train(RunSpec("random", preset("logistic"), recipe), odd, device=torch.device("cpu")))
    (last,) = (event.snapshot for event in events if event.values.get("reason") == "last")
    assert last is not None
    for ours, theirs in zip(last.tensors.values(), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
