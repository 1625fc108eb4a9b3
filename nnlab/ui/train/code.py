"""The PyTorch code of the training that the strip describes."""

from __future__ import annotations

from nnlab.training.recipe import RunSpec

_CODE = """\
import nnlab

data = nnlab.load_dataset({dataset!r})
recipe = nnlab.Recipe(
{recipe}
)
spec = nnlab.RunSpec({dataset!r}, nnlab.preset({model!r}), recipe)

for event in nnlab.train(spec, data):
    if event.kind == "evaluated":
        print(event.step, event.values["test_loss"], event.values["test_accuracy"])
"""


def training_code(spec: RunSpec) -> str:
    """A script that trains the same network to the same weights, in the process it runs in."""
    recipe = spec.recipe
    lines = []
    for name in recipe.__dataclass_fields__:
        value = getattr(recipe, name)
        text = f"nnlab.{value!r}" if name == "augmentation" else repr(value)
        if name != "augmentation" or value:
            lines.append(f"    {name}={text},")
    return _CODE.format(dataset=spec.dataset, model=spec.architecture.name, recipe="\n".join(lines))
