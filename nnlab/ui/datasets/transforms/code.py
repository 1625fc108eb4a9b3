"""The script of the part Transforms: the pipeline, and the tensors on the screen."""

from __future__ import annotations

from nnlab.data import Dataset
from nnlab.transforms import Pipeline
from nnlab.ui.datasets.code import script
from nnlab.ui.datasets.controls import View
from nnlab.ui.datasets.transforms.samples import COUNT

_TAIL = """
# One image, as it is after the last step
torch.manual_seed({seed})
image, label = dataset[{index}]

# The same image under {count} seeds
def again(seed):
    torch.manual_seed(seed)
    return dataset[{index}][0]


repeats = [again(seed) for seed in range({seed}, {last})]

# {count} random images
generator = torch.Generator().manual_seed({seed})
grid = torch.randperm(len(labels), generator=generator)[:{count}].tolist()
torch.manual_seed({seed})
samples = [dataset[i][0] for i in grid]
print(type(image), getattr(image, "dtype", ""), getattr(image, "shape", ""), label)
"""


def transforms_code(data: Dataset, view: View, pipeline: Pipeline, index: int, seed: int) -> str:
    """A script whose `image`, `label`, `repeats` and `samples` are those on the page."""
    tail = _TAIL.format(seed=seed, index=index, count=COUNT, last=seed + COUNT)
    return script(data, view.info, view.split, pipeline=pipeline, tail=tail)
