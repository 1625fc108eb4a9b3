"""The PyTorch code of the training that the strip describes."""

from __future__ import annotations

from nnlab.data.division import Division
from nnlab.training.recipe import RunSpec

_CODE = """\
import nnlab

data = nnlab.load_dataset({dataset!r})
recipe = nnlab.Recipe(
{recipe}
)
{division}spec = nnlab.RunSpec({dataset!r}, nnlab.preset({model!r}), recipe{divided})

for event in nnlab.train(spec, data):
    if event.kind == "evaluated":
        print(event.step, event.values["{part}_loss"], event.values["{part}_accuracy"])
"""


def training_code(spec: RunSpec) -> str:
    """A script that trains the same network to the same weights, in the process it runs in."""
    recipe, divided = spec.recipe, spec.division != Division()
    lines = []
    for name in recipe.__dataclass_fields__:
        value = getattr(recipe, name)
        if name in ("augmentation", "transforms") and not value:
            continue
        text = repr(value)
        if name == "augmentation":
            text = f"nnlab.{text}"
        elif name == "transforms":
            text = f"nnlab.Pipeline.from_text({value.to_text()!r})"
        lines.append(f"    {name}={text},")
    return _CODE.format(
        dataset=spec.dataset,
        model=spec.architecture.name,
        recipe="\n".join(lines),
        division=f"division = nnlab.{spec.division!r}\n" if divided else "",
        divided=", division" if divided else "",
        part="validation" if spec.division.validation else "test",
    )
