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


def sample_code(data: Dataset, view: View, index: int) -> str:
    """A script that loads the dataset, draws the same grid, and picks the same image."""
    if view.only is None:
        places = "places = torch.arange(len(split.labels))"
    else:
        places = f"places = (split.labels == {view.only}).nonzero().flatten()  # {data.classes[view.only]}"
    return _CODE.format(
        name=data.name,
        split=view.split,
        shape=tuple(getattr(data, view.split).images.shape),
        places=places,
        seed=view.seed,
        count=view.side**2,
        index=index,
    )
