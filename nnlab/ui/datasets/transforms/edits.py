"""What the buttons of the builder do to a pipeline."""

from __future__ import annotations

from typing import Any

from nnlab.data import Dataset
from nnlab.transforms import TRANSFORMS, Pipeline, Step, starting_options


def added(pipeline: Pipeline, name: str, data: Dataset) -> Pipeline:
    """With a new step where it usually stands: before the conversions, among them, or behind them."""
    options = starting_options(name, data.shape, data.mean, data.std)
    steps = list(pipeline.steps)
    steps.insert(_usual_place(steps, name), Step(name, options).tidy())
    return Pipeline(tuple(steps), pipeline.one_hot)


def _usual_place(steps: list[Step], name: str) -> int:
    kinds = [step.kind for step in steps]
    if TRANSFORMS[name].place == "picture":
        return kinds.index("to_image") if "to_image" in kinds else len(kinds)
    if name == "to_image":
        return next((i for i, kind in enumerate(kinds) if TRANSFORMS[kind].place != "picture"), len(kinds))
    if name == "normalise" or "normalise" not in kinds:
        return len(kinds)
    return kinds.index("normalise")


def moved(pipeline: Pipeline, place: int, by: int) -> Pipeline:
    """With the step at `place` exchanged for its neighbour."""
    steps = list(pipeline.steps)
    other = place + by
    if 0 <= place < len(steps) and 0 <= other < len(steps):
        steps[place], steps[other] = steps[other], steps[place]
    return Pipeline(tuple(steps), pipeline.one_hot)


def removed(pipeline: Pipeline, place: int) -> Pipeline:
    steps = pipeline.steps
    return Pipeline((*steps[:place], *steps[place + 1 :]), pipeline.one_hot)


def changed(pipeline: Pipeline, place: int, option: str, value: Any) -> Pipeline:
    """With another value of one option. Raises `LabError` where the value is not allowed."""
    step = pipeline.steps[place]
    return _with(pipeline, place, Step(step.kind, {**step.options, option: value}, step.enabled).tidy())


def switched(pipeline: Pipeline, place: int, enabled: bool) -> Pipeline:
    """With the step at `place` enabled or not."""
    step = pipeline.steps[place]
    return _with(pipeline, place, Step(step.kind, step.options, enabled))


def normalised(pipeline: Pipeline, data: Dataset) -> Pipeline:
    """With the dataset's measured mean and std, after what Normalize needs; an old Normalize goes."""
    own = starting_options("normalise", data.shape, data.mean, data.std)
    kept = tuple(step for step in pipeline.steps if step.kind != "normalise")
    found = Pipeline(kept, pipeline.one_hot)
    for name in ("to_image", "to_float"):
        found = _switched_on(found, name, data)
    return Pipeline((*found.steps, Step("normalise", own).tidy()), pipeline.one_hot)


def _switched_on(pipeline: Pipeline, name: str, data: Dataset) -> Pipeline:
    """With a step of that name that is enabled."""
    kinds = [step.kind for step in pipeline.steps]
    if name in (step.kind for step in pipeline.active):
        return pipeline
    return switched(pipeline, kinds.index(name), True) if name in kinds else added(pipeline, name, data)


def _with(pipeline: Pipeline, place: int, step: Step) -> Pipeline:
    steps = pipeline.steps
    return Pipeline((*steps[:place], step, *steps[place + 1 :]), pipeline.one_hot)
