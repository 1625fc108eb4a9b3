"""What several tests need: small random datasets, and the presets as one writes them by hand."""

from __future__ import annotations

import torch
from torch import nn

from nnlab.data.dataset import Dataset, Split, measure
from nnlab.nets.presets import preset_names

# Made for photographs of 3 x 224 x 224: too much to build or train again and again, see
# test_presets_published.py. All the others run on 1 x 28 x 28.
LARGE = ("resnet18", "alexnet", "vgg11", "vgg16")
SMALL = [name for name in preset_names() if name not in LARGE]


def random_dataset(
    shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 10,
    train: int = 150,
    test: int = 40,
    seed: int = 0,
) -> Dataset:
    """Noise with a bright row whose height depends on the label, so that there is something to learn."""
    generator = torch.Generator().manual_seed(seed)

    def split(n: int) -> Split:
        labels = torch.arange(n) % classes
        images = torch.randint(0, 128, (n, *shape), generator=generator)
        images[torch.arange(n), :, labels * shape[1] // classes] += 127
        return Split(images.to(torch.uint8), labels)

    first, second = split(train), split(test)
    mean, std = measure(first.images)
    names = tuple(str(i) for i in range(classes))
    return Dataset("random", "Random", first, second, names, mean, std).validate()


def by_hand(name: str) -> nn.Sequential:
    """The preset of that name on (1, 28, 28) with ten classes, in plain torch.nn."""
    match name:
        case "logistic":
            return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        case "mlp":
            return nn.Sequential(
                nn.Flatten(),
                nn.Linear(784, 512),
                nn.ReLU(),
                nn.Linear(512, 512),
                nn.ReLU(),
                nn.Linear(512, 10),
            )
        case "lenet":
            return nn.Sequential(
                nn.ZeroPad2d(2),
                nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(6, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                nn.Linear(576, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
            )  # fmt: skip
        case "net":
            return nn.Sequential(
                nn.Conv2d(1, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(5, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(490, 10),
            )  # fmt: skip
        case "convnet":
            return nn.Sequential(
                nn.Conv2d(1, 16, 5), nn.MaxPool2d(2), nn.ReLU(),
                nn.Conv2d(16, 32, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
                nn.Linear(800, 64), nn.ReLU(), nn.Linear(64, 10),
            )  # fmt: skip
    raise AssertionError(f"no hand-written twin of the preset {name}: add one here")
