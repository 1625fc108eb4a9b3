"""The PyTorch code that does what the page just did."""

from __future__ import annotations

from nnlab.data import Dataset
from nnlab.ui.datasets.controls import View

_CODE = """\
import torch
import nnlab

data = nnlab.load_dataset({name!r})
split = data.{split}  # images: uint8 {shape}, labels: int64

# The grid
{places}
generator = torch.Generator().manual_seed({seed})
grid = places[torch.randperm(len(places), generator=generator)[:{count}]]
images, labels = split.images[grid], split.labels[grid]

# One image, and the numbers beside it
image, label = split.images[{index}], int(split.labels[{index}])
print(data.classes[label], image.dtype, tuple(image.shape), int(image.min()), int(image.max()))
print(image.double().mean(), image.double().std(correction=0))

# Mean and standard deviation of the training images, and the image as a network is given it
values = data.train.images / 255
mean, std = values.mean((0, 2, 3)), values.std((0, 2, 3), correction=0)
normalised = (image / 255 - mean[:, None, None]) / std[:, None, None]
"""

# The expression that opens the same files by torchvision, and what makes its items (image, label) ours.
_TORCHVISION = {
    "mnist": ("MNIST(root, train={train})", "image", "label"),
    "fashion_mnist": ("FashionMNIST(root, train={train})", "image", "label"),
    "kmnist": ("KMNIST(root, train={train})", "image", "label"),
    "qmnist": ("QMNIST(root, train={train})", "image", "label"),
    "emnist_letters": ('EMNIST(root, "letters", train={train})', "image.mT", "label - 1"),
    "emnist_balanced": ('EMNIST(root, "balanced", train={train})', "image.mT", "label"),
    "usps": ("USPS(root, train={train})", "image", "label"),
    "cifar10": ("CIFAR10(root, train={train})", "image", "label"),
    "cifar100": ("CIFAR100(root, train={train})", "image", "label"),
    "svhn": ("SVHN(root, split={split!r})", "image", "label"),
}
_TORCHVISION_CODE = """
# The same image by torchvision
from nnlab.paths import data_root
from torchvision.datasets import {kind}
from torchvision.transforms.functional import pil_to_tensor

root = data_root()
picture, label = {expression}[{index}]
image = pil_to_tensor(picture)
{mend}"""


def sample_code(data: Dataset, view: View, index: int) -> str:
    """A script that loads the dataset, draws the same grid, and picks the same image."""
    if view.only is None:
        places = "places = torch.arange(len(split.labels))"
    else:
        places = f"places = (split.labels == {view.only}).nonzero().flatten()  # {data.classes[view.only]}"
    code = _CODE.format(
        name=data.name,
        split=view.split,
        shape=tuple(getattr(data, view.split).images.shape),
        places=places,
        seed=view.seed,
        count=view.side**2,
        index=index,
    )
    if data.name in _TORCHVISION:
        expression, image, label = _TORCHVISION[data.name]
        code += _TORCHVISION_CODE.format(
            kind=expression.partition("(")[0],
            expression=expression.format(train=view.split == "train", split=view.split),
            mend="" if (image, label) == ("image", "label") else f"image, label = {image}, {label}\n",
            index=index,
        )
    return code
