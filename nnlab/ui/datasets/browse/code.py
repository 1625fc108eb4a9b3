"""The script of the part Browse: the same grid, and the same image on its way into a network."""

from __future__ import annotations

from nnlab.data import Dataset
from nnlab.ui.datasets.code import script
from nnlab.ui.datasets.controls import View

_TAIL = """
# The grid: uint8, as in the files
raw = Images("{split}", v2.PILToTensor())
{grid}
images = torch.stack([raw[i][0] for i in grid.tolist()])  # (N, C, H, W)
print([int(labels[i]) for i in grid])

# One image, step by step
image, label = raw[{index}]
scaled = v2.functional.to_dtype(image, torch.float32, scale=True)
normalised, _ = dataset[{index}]
for name, x in {{"image": image, "scaled": scaled, "normalised": normalised}}.items():
    exact = x.double()
    print(name, x.dtype, tuple(x.shape), x.min().item(), x.max().item(),
          exact.mean().item(), exact.std(correction=0).item())
"""


def browse_code(data: Dataset, view: View, index: int) -> str:
    """A script that draws the grid of `view` and takes its image number `index` through every step."""
    if view.only is None:
        lines = ["places = torch.arange(len(labels))"]
    else:
        name = " ".join(data.classes[view.only].split())  # a comment ends with its line
        lines = [f"places = (labels == {view.only}).nonzero().flatten()  # {name}"]
    if view.span is None:
        lines += [
            f"generator = torch.Generator().manual_seed({view.seed})",
            f"grid = places[torch.randperm(len(places), generator=generator)[:{view.side**2}]]",
        ]
    else:
        lines.append("grid = places[places >= {}][:{}]".format(*view.span))
    return script(
        data, view.info, view.split,
        tail=_TAIL.format(split=view.split, grid="\n".join(lines), index=index),
    )  # fmt: skip
