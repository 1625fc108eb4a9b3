"""The functions of a script that move its training images at random: a batch at once, or one by one."""

from __future__ import annotations

from collections.abc import Iterator

from nnlab.export.parts import statement
from nnlab.training.augment import ELASTIC_GRID, Augmentation
from nnlab.transforms import Pipeline


def augment_code(moved: Augmentation) -> str:
    """The function ``augment(x)`` for a batch of normalised images; ``moves`` is its generator.

    It draws what the augmentation does not use as well, so that the rest is what it is in a run.
    """
    lines = [
        "def augment(x):",
        '    """Move each image of a batch at random."""',
        "    n, channels, height, width = x.shape",
        "",
        "    def uniform(*shape):",
        "        return torch.rand(shape, generator=moves) * 2 - 1",
        "",
        *(f"    {line}" for line in _grid(moved)),
        "    black = normalise(torch.zeros(1, channels, 1, 1))",
        "    return F.grid_sample(x - black, grid, align_corners=False) + black",
    ]
    return "\n".join(lines)


def _grid(moved: Augmentation) -> Iterator[str]:
    """The lines that say where each pixel comes from; the sides of the grid are 2, from -1 to 1."""
    names = {"turn": moved.rotate, "slant": moved.shear, "zoom": moved.scale}
    if any(names.values()):
        yield f"{', '.join(name if used else '_' for name, used in names.items())} = uniform(3, n)"
    else:
        yield "uniform(3, n)  # nothing is turned, sheared or scaled"
    if moved.rotate:
        yield f"angle = turn * math.radians({moved.rotate!r})"
    if moved.shear:
        yield f"shear = torch.tan(slant * math.radians({moved.shear!r}))"
    if moved.scale:
        yield f"factor = 1 / (1 + zoom * {moved.scale!r})"
    yield from _matrix(moved)
    if moved.shift:
        yield f"offset = uniform(n, 2, 1) * {2 * moved.shift!r}  # of the grid's side, which is 2"
    else:
        yield "offset = uniform(n, 2, 1) * 0  # nothing is shifted"
    yield "theta = torch.cat([matrix, offset], dim=2)"
    yield "grid = F.affine_grid(theta, [n, 1, height, width], align_corners=False)"
    if moved.elastic:
        yield f"coarse = uniform(n, 2, {ELASTIC_GRID}, {ELASTIC_GRID}) * {2 * moved.elastic!r}"
        yield 'fine = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)'
        yield "grid = grid + fine.permute(0, 2, 3, 1)"


def _matrix(moved: Augmentation) -> Iterator[str]:
    """The lines for ``matrix`` (n, 2, 2)."""
    if not moved.rotate and not moved.shear:
        yield f"matrix = torch.eye(2).repeat(n, 1, 1){' * factor.view(n, 1, 1)' if moved.scale else ''}"
        return
    if moved.rotate:
        times = " * factor" if moved.scale else ""
        yield f"cos, sin = angle.cos(){times}, angle.sin(){times}"
    else:
        yield f"cos, sin = {'factor' if moved.scale else 'torch.ones(n)'}, torch.zeros(n)"
    rows = "shear * cos - sin, sin, shear * sin + cos" if moved.shear else "-sin, sin, cos"
    yield f"rows = [cos, {rows}]"
    yield "matrix = torch.stack(rows, dim=1).view(n, 2, 2)"


def transform_code(pipeline: Pipeline) -> str:
    """The constant ``transform``: from one image as it lies in the data to floats in [0, 1]."""
    steps = ["v2.ToPILImage()", *pipeline.code(), "v2.ToImage()", "v2.ToDtype(torch.float32, scale=True)"]
    return statement("transform", f"v2.Compose([{', '.join(steps)}])")
