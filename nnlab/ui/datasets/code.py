"""The plain PyTorch code that gives the tensors on the page: a `Dataset` class, transforms, a `DataLoader`.

Every part of the page builds its script from the same skeleton, `script`, and adds what it shows at the end.
"""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnlab.data import Dataset, DatasetInfo
from nnlab.data.images_source import ImagesSource
from nnlab.paths import data_root

_SKELETON = """\
{constants}

class Images(Dataset):
    \"\"\"{title}: item i is (image, label).\"\"\"

    def __init__(self, split, transform=None):
{opened}
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
{item}
        if self.transform is not None:
            image = self.transform(image)
        return image, label


transform = v2.Compose([
{steps}
])
{dataset}
{rest}"""

_WHOLE = """\
dataset = Images("{split}", transform)
labels = dataset.labels  # {shape} int64
"""

_DIVIDED = """\
both = [Images("train", transform), Images("test", transform)]
parts = places(both[0].labels, both[1].labels, {division!r})
dataset = Subset(ConcatDataset(both), parts.{split}.tolist())
labels = torch.cat([both[0].labels, both[1].labels])[parts.{split}]  # {shape} int64
"""

_ONE_HOT = """\
        label = torch.zeros({classes}).scatter(0, torch.tensor(label), 1.0)  # one-hot"""


@dataclass(frozen=True)
class _Reader:
    """How the class opens a dataset's files, and how it gets the PIL image and the label of one item."""

    opened: str
    item: str = "image = self.files[index][0]  # a PIL image\nlabel = int(self.labels[index])"


def _by_torchvision(call: str, labels: str = "self.files.targets", **item: str) -> _Reader:
    return _Reader(f"self.files = datasets.{call}\nself.labels = torch.as_tensor({labels}).long()", **item)


_TURNED = (
    "image = self.files[index][0].transpose(Image.Transpose.TRANSPOSE)  # stored column by column\n"
    "label = int(self.labels[index])"
)
_TRAIN = 'train=split == "train"'
_PUBLISHED = {
    "mnist": _by_torchvision(f"MNIST(ROOT, {_TRAIN})"),
    "fashion_mnist": _by_torchvision(f"FashionMNIST(ROOT, {_TRAIN})"),
    "kmnist": _by_torchvision(f"KMNIST(ROOT, {_TRAIN})"),
    "qmnist": _by_torchvision(f"QMNIST(ROOT, {_TRAIN})", "self.files.targets[:, 0]"),
    "emnist_letters": _by_torchvision(
        f'EMNIST(ROOT, "letters", {_TRAIN})', "self.files.targets - 1", item=_TURNED
    ),
    "emnist_balanced": _by_torchvision(f'EMNIST(ROOT, "balanced", {_TRAIN})', item=_TURNED),
    "usps": _by_torchvision(f"USPS(ROOT, {_TRAIN})"),
    "cifar10": _by_torchvision(f"CIFAR10(ROOT, {_TRAIN})"),
    "cifar100": _by_torchvision(f"CIFAR100(ROOT, {_TRAIN})"),
    "svhn": _by_torchvision("SVHN(ROOT, split=split)", "self.files.labels"),
}

# The pictures of a person's own, from the files that were uploaded. What was transparent, of 16 bits and the
# like is brought to eight bits by the lab's own functions; for plain photographs Pillow's say it better.
_OWN = """\
with safe_open(f"{FOLDER}/dataset.safetensors", framework="pt") as kept:
    self.labels = kept.get_tensor(f"{split}.labels")
    names = json.loads(bytes(kept.get_tensor("files").tolist()))  # training first
names = names[: len(self)] if split == "train" else names[-len(self) :]
with zipfile.ZipFile(f"{FOLDER}/source.zip") as archive:
    self.files = [archive.read(name) for name in names]"""
_PHOTOGRAPH = """\
picture = ImageOps.exif_transpose(Image.open(io.BytesIO(self.files[index]))).convert("{mode}")
image = {fitted}
label = int(self.labels[index])"""
_ANY_PICTURE = """\
picture = open_picture(self.files[index]).picture
image = prepare_picture(picture, {size}, {channels}, "{fit}")
label = int(self.labels[index])"""
_FITTED = {
    "fit": "ImageOps.pad(picture, ({size}, {size}), Image.Resampling.BILINEAR, color=0)",
    "fill": "ImageOps.fit(picture, ({size}, {size}), Image.Resampling.BILINEAR)",
    "stretch": "picture.resize(({size}, {size}), Image.Resampling.BILINEAR)",
}

# What a script may use, and where it comes from; only what occurs in it is imported.
_IMPORTS: dict[str, tuple[str, ...]] = {
    "io": (),
    "json": (),
    "zipfile": (),
    "torch": (),
    "PIL": ("Image", "ImageOps"),
    "safetensors": ("safe_open",),
    "torch.utils.data": (
        "BatchSampler", "ConcatDataset", "DataLoader", "Dataset", "RandomSampler", "SequentialSampler",
        "Subset", "WeightedRandomSampler",
    ),
    "torchvision": ("datasets",),
    "torchvision.transforms": ("v2",),
    "torchvision.transforms.functional": ("to_pil_image",),
    "nnlab": (),
    "nnlab.pictures.decode": ("open_picture", "prepare_picture"),
    "nnlab.data.division": ("Division", "places"),
}  # fmt: skip


def script(
    data: Dataset,
    info: DatasetInfo,
    split: str,
    *,
    pipeline: Any = None,
    loading: Any = None,
    division: Any = None,
    before: str = "",
    tail: str = "",
) -> str:
    """A script that, copied into an empty file, gives the tensors of the page.

    In it are `dataset` (items: transformed image, label), `labels` (int64, of the whole `dataset`),
    `transform` and `loader`.

    Args:
        split: ``"train"``, ``"test"``, or for a divided dataset also ``"validation"``.
        pipeline: has ``code()``, the constructors of its steps, and ``one_hot``; None for what a network is
            given without augmentation: float in [0, 1], normalised by `data`'s mean and std.
        loading: has ``code()``, the expression of a `DataLoader` over `dataset`; None for batches of 64.
        division: how `data` was divided.
        before: what stands before the loader; it may put others in the place of `dataset` and `labels`.
        tail: what follows.
    """
    reader = _reader(info)
    shape = f"({len(getattr(data, split)):,},)"
    item = reader.item
    if pipeline is not None and pipeline.one_hot:
        item += "\n" + _ONE_HOT.format(classes=len(data.classes)).strip()
    dataset = (_WHOLE if division is None else _DIVIDED).format(split=split, shape=shape, division=division)
    load = "DataLoader(dataset, batch_size=64)" if loading is None else loading.code()
    rest = f"loader = {load}\n" + (f"\n{tail.strip()}\n" if tail else "")
    if loading is not None and loading.workers:
        # Each worker may import this file: what it should not do again stands apart.
        rest = 'if __name__ == "__main__":\n' + _indented(rest, 4) + "\n"
    steps = _normalised(data) if pipeline is None else pipeline.code()
    body = _SKELETON.format(
        constants=_constants(info),
        title=" ".join(info.title.split()).replace("\\", "/").replace('"', "'"),
        opened=_indented(reader.opened, 8),
        item=_indented(item, 8),
        steps="\n".join(f"    {step}," for step in steps),
        dataset=f"{dataset.rstrip()}\n{before}".rstrip(),
        rest=rest,
    )
    return _imports(body) + body


def _reader(info: DatasetInfo) -> _Reader:
    if info.name in _PUBLISHED:
        return _PUBLISHED[info.name]
    source = info.source
    if isinstance(source, ImagesSource) and source.archive is not None:
        options = source.options
        values = {"size": options.image_size, "channels": options.channels, "fit": options.fit}
        if source.are_photographs:
            fitted = _FITTED[options.fit].format(**values)
            mode = "L" if options.channels == 1 else "RGB"
            return _Reader(_OWN, _PHOTOGRAPH.format(mode=mode, fitted=fitted))
        return _Reader(_OWN, _ANY_PICTURE.format(**values))
    return _Reader(
        f"data = nnlab.load_dataset({info.name!r})\n"
        "self.images = getattr(data, split).images  # uint8 (N, C, H, W)\n"
        "self.labels = getattr(data, split).labels",
        "image = to_pil_image(self.images[index])\nlabel = int(self.labels[index])",
    )


def _constants(info: DatasetInfo) -> str:
    """Where the files are, in one line that is easy to change."""
    title = " ".join(info.title.split())  # a comment ends with its line
    if info.name in _PUBLISHED:
        return f"\nROOT = {_quoted(data_root())}  # where the files of {title} lie\n"
    if isinstance(info.source, ImagesSource) and info.source.archive is not None:
        return f"\nFOLDER = {_quoted(info.source.archive.parent)}  # where {title} is kept\n"
    return ""


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)


def _normalised(data: Dataset) -> list[str]:
    """The steps from a PIL image to what a network is given."""
    return [
        "v2.ToImage()",
        "v2.ToDtype(torch.float32, scale=True)",
        f"v2.Normalize(mean={list(data.mean)}, std={list(data.std)})",
    ]


def _imports(text: str) -> str:
    """The import statements for the names that `text` uses and does not bind itself: Python's own, others,
    and the lab's."""
    nodes = list(ast.walk(ast.parse(text)))
    names_in = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.id for node in names_in if isinstance(node.ctx, ast.Store)}
    needed = {node.id for node in names_in} - bound
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for module, names in _IMPORTS.items():
        used = [name for name in names or (module,) if name in needed]
        if used:
            group = 0 if module in sys.stdlib_module_names else 1 + module.startswith("nnlab")
            groups[group].append(f"from {module} import {', '.join(used)}" if names else f"import {module}")
    return "\n\n".join("\n".join(lines) for lines in groups if lines) + "\n"


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else line for line in text.rstrip().split("\n"))
