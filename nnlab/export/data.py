"""The part of a script that gets the images: from torchvision's datasets or a file beside it, divided."""

from __future__ import annotations

from nnlab.data import Dataset
from nnlab.data.division import Division
from nnlab.export.parts import Part, statement

# How torchvision calls a dataset, and what makes of its split uint8 images (N, C, H, W) and labels (N,).
_GREY = "split.data.unsqueeze(1)"
_COLOUR = "torch.from_numpy(split.data).permute(0, 3, 1, 2).contiguous()"
_SPLIT = "train=train"
_PUBLISHED = {
    "mnist": ("MNIST", _SPLIT, _GREY, "split.targets"),
    "fashion_mnist": ("FashionMNIST", _SPLIT, _GREY, "split.targets"),
    "kmnist": ("KMNIST", _SPLIT, _GREY, "split.targets"),
    "qmnist": ("QMNIST", _SPLIT, _GREY, "split.targets[:, 0]"),
    "emnist_letters": (
        "EMNIST", f'split="letters", {_SPLIT}', "split.data.mT.unsqueeze(1).contiguous()", "split.targets - 1"
    ),
    "emnist_balanced": (
        "EMNIST", f'split="balanced", {_SPLIT}', "split.data.mT.unsqueeze(1).contiguous()", "split.targets"
    ),
    "usps": ("USPS", _SPLIT, "torch.from_numpy(split.data).unsqueeze(1)", "torch.tensor(split.targets)"),
    "cifar10": ("CIFAR10", _SPLIT, _COLOUR, "torch.tensor(split.targets)"),
    "cifar100": ("CIFAR100", _SPLIT, _COLOUR, "torch.tensor(split.targets)"),
    "svhn": (
        "SVHN", 'split="train" if train else "test"', "torch.from_numpy(split.data).contiguous()",
        "torch.from_numpy(split.labels)",
    ),
}  # fmt: skip

_LOAD = '''\
def load(train):
    """Images (N, {channels}, {height}, {width}) uint8 and labels (N,)."""
    split = datasets.{call}
    return {images}, {labels}'''

_STRATIFIED = '''\
def hold_out(x, y, count):
    """Draw `count` samples, of each class its share: the others, then these."""
    sizes = torch.bincount(y)
    quotas, remainders = count * sizes // len(y), count * sizes % len(y)
    largest = remainders.argsort(descending=True, stable=True)
    quotas[largest[: count - quotas.sum()]] += 1
    held = torch.zeros(len(y), dtype=torch.bool)
    for label, quota in enumerate(quotas):
        places = (y == label).nonzero().flatten()
        held[places[torch.randperm(len(places), generator=draws)[:quota]]] = True
    return x[~held], y[~held], x[held], y[held]'''
_PLAIN = '''\
def hold_out(x, y, count):
    """Draw `count` samples at random: the others, then these."""
    held = torch.zeros(len(y), dtype=torch.bool)
    held[torch.randperm(len(y), generator=draws)[:count]] = True
    return x[~held], y[~held], x[held], y[held]'''

_GREY_NORMALISE = '''\
def normalise(x):
    """Values in [0, 1] brought to mean 0 and standard deviation 1."""
    return (x - MEAN) / STD'''
_COLOUR_NORMALISE = '''\
def normalise(x):
    """Values in [0, 1] brought to mean 0 and standard deviation 1 in each channel."""
    mean, std = torch.tensor([MEAN, STD])[:, :, None, None]
    return (x - mean) / std'''


def is_published(name: str) -> bool:
    """Whether torchvision has the dataset; any other travels in a file beside the script."""
    return name in _PUBLISHED


def moments(data: Dataset) -> str:
    """The constants ``MEAN`` and ``STD`` of the training images."""
    values = {"MEAN": data.mean, "STD": data.std}
    if len(data.mean) == 1:
        lines = [f"{name} = {of!r}" for name, (of,) in values.items()]
    else:
        lines = [statement(name, repr(list(of))) for name, of in values.items()]
    return "\n".join(
        [
            "# Of the training images, in each channel" if len(data.mean) > 1 else "# Of the training images",
            *lines,
        ]
    )


def data_part(data: Dataset, division: Division) -> Part:
    """What loads and divides the images of `data`, which is not divided yet, and brings them to scale.

    ``ROOT`` is the folder of torchvision's datasets, ``DATA`` the file beside the script.
    """
    definitions = [_GREY_NORMALISE if len(data.mean) == 1 else _COLOUR_NORMALISE]
    if is_published(data.name):
        definitions.insert(0, _load(data))
        read = "train_x, train_y = load(train=True)\ntest_x, test_y = load(train=False)"
    else:
        channels, height, width = data.shape
        read = (
            f"# Images (N, {channels}, {height}, {width}) uint8 and labels (N,)\n"
            "splits = torch.load(DATA, weights_only=True)\n"
            'train_x, train_y = splits["train"]\ntest_x, test_y = splits["test"]'
        )
    held = _held(data, division)
    if held:
        definitions.insert(-1, _STRATIFIED if division.stratified else _PLAIN)
        held = f"draws = torch.Generator().manual_seed({division.seed})\n{held}"
    return Part("Data", tuple(definitions), tuple(filter(None, (read, held))))


def _load(data: Dataset) -> str:
    name, split, images, labels = _PUBLISHED[data.name]
    channels, height, width = data.shape
    call = f"{name}(ROOT, {split}, download=True)"
    text = _LOAD.format(
        channels=channels, height=height, width=width, call=call, images=images, labels=labels
    )  # fmt: skip
    if max(map(len, text.split("\n"))) <= 88:
        return text
    return text.replace(f"return {images},", f"images = {images}\n    return images,")


def _held(data: Dataset, division: Division) -> str:
    """The lines that hold parts out of what was loaded; "" where the published splits stay as they are."""
    counts = division.counts(len(data.train), len(data.test))
    lines = []
    if division.test is not None:
        lines += [
            "x, y = torch.cat([train_x, test_x]), torch.cat([train_y, test_y])",
            f"train_x, train_y, test_x, test_y = hold_out(x, y, {counts.test})",
        ]
    if counts.validation:
        lines.append(f"train_x, train_y, valid_x, valid_y = hold_out(train_x, train_y, {counts.validation})")
    return "\n".join(lines)
