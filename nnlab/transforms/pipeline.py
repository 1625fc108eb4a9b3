"""A pipeline of transforms: described, checked step by step, built, run with a seed, and written as code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import PIL.Image

from nnlab.data.dataset import Dataset
from nnlab.errors import LabError, Sentence, check
from nnlab.randomness import seeded
from nnlab.transforms.checks import error_of_torchvision, result_size
from nnlab.transforms.numbers import Numbers, Value, numbers
from nnlab.transforms.registry import TransformKind, transform_kind

if TYPE_CHECKING:
    from torchvision.transforms import v2

MAX_STEPS = 20
_OFF = "off"  # in JSON, beside the options: no transform has one of that name


@dataclass(frozen=True)
class Step:
    """A transform of the registry (`nnlab.transforms.registry`), with options in place of the defaults.

    A step that is not `enabled` keeps its place and does nothing.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True

    @property
    def entry(self) -> TransformKind:
        return transform_kind(self.kind)

    @property
    def complete(self) -> dict[str, Any]:
        """All options, defaults included."""
        return self.entry.options(self.options)

    def validate(self) -> Step:
        """Return self; raise `LabError` for an unknown kind or option or a bad value."""
        self.entry.options(self.options)
        return self

    def tidy(self) -> Step:
        """The same without options that are as usual; raises `LabError` as `validate`."""
        complete, usual = self.complete, self.entry.options({})
        return Step(self.kind, {k: v for k, v in complete.items() if v != usual[k]}, self.enabled)

    def make(self) -> v2.Transform:
        """The transform of torchvision."""
        return self.entry.make(self.complete)

    def code(self) -> str:
        """``v2.RandomRotation(degrees=15)``"""
        return self.entry.code(self.complete)

    def to_json(self) -> dict[str, Any]:
        """Every option, so that a stored pipeline stays what it was when a default changes."""
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in self.complete.items()}
        return {"kind": self.kind, **listed} | ({} if self.enabled else {_OFF: True})

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Step:
        options = {k: v for k, v in value.items() if k not in ("kind", _OFF)}
        return cls(str(value.get("kind", "")), options, not value.get(_OFF, False)).tidy()


@dataclass(frozen=True)
class Stage:
    """The image as a step left it; the first one is the image before any step.

    Attributes:
        step: None for the first.
        number: the place of the step in the pipeline, from 1; 0 for the first.
        note: what is odd about the step here, though it works.
    """

    step: Step | None
    number: int
    value: Value
    numbers: Numbers
    note: Sentence | None = None


@dataclass(frozen=True)
class Pipeline:
    """Steps from a PIL image to what a network is given; `one_hot` also turns the label into a vector.

    A pipeline is true where it has a step that is enabled.
    """

    steps: tuple[Step, ...] = ()
    one_hot: bool = False

    def __bool__(self) -> bool:
        return bool(self.active)

    @property
    def active(self) -> tuple[Step, ...]:
        """The steps that are enabled."""
        return tuple(step for step in self.steps if step.enabled)

    def validate(self) -> Pipeline:
        """Return self; raise `LabError` for a step that is not of the registry or has bad options."""
        check(
            len(self.steps) <= MAX_STEPS,
            "The pipeline has {count} steps; at most {most} are possible.",
            count=len(self.steps), most=MAX_STEPS,
        )  # fmt: skip
        for step in self.steps:
            step.validate()
        return self

    def build(self) -> v2.Compose:
        """What torchvision makes of the enabled steps; where there are none, what changes nothing."""
        from torchvision.transforms import v2

        return v2.Compose([step.make() for step in self.active] or [v2.Identity()])

    def look(self, picture: PIL.Image.Image, seed: int = 0) -> tuple[list[Stage], LabError | None]:
        """The image before and after each step, up to the first that cannot work, and why it cannot.

        The random numbers are those of ``torch.manual_seed(seed)`` and the built pipeline.
        """
        stages = [Stage(None, 0, picture, numbers(picture))]
        with seeded(seed):
            for number, step in enumerate(self.steps, 1):
                if not step.enabled:
                    continue
                try:
                    stages.append(_next_stage(step, number, stages[-1]))
                except LabError as problem:
                    title = step.entry.title
                    return stages, LabError(
                        "Step {number}, {title}: {problem}", number=number, title=title, problem=problem
                    )
        return stages, None

    def trace(self, picture: PIL.Image.Image, seed: int = 0) -> list[Stage]:
        """As `look`.

        Raises:
            LabError: a step cannot work on what reaches it; the sentence says which and why.
        """
        stages, problem = self.look(picture, seed)
        if problem is not None:
            raise problem
        return stages

    def apply(self, picture: PIL.Image.Image, seed: int = 0) -> Value:
        """What the pipeline makes of a PIL image after ``torch.manual_seed(seed)``.

        Raises:
            LabError: as `trace`.
        """
        return self.trace(picture, seed)[-1].value

    def apply_all(self, pictures: Sequence[PIL.Image.Image], seed: int = 0) -> list[Value]:
        """What it makes of one PIL image after the other, after one ``torch.manual_seed(seed)``.

        Raises:
            LabError: as `trace`.
        """
        if pictures:
            self.trace(pictures[0], seed)
        transform = self.build()
        with seeded(seed):
            return [run(transform, picture) for picture in pictures]

    def under_seeds(self, picture: PIL.Image.Image, seeds: Sequence[int]) -> list[Value]:
        """What it makes of one PIL image after ``torch.manual_seed(seed)``, for each of the seeds.

        Raises:
            LabError: as `trace`.
        """
        self.trace(picture)
        transform = self.build()
        values = []
        for seed in seeds:
            with seeded(seed):
                values.append(run(transform, picture))
        return values

    def code(self) -> list[str]:
        """The steps between the brackets of ``v2.Compose([...])``, with `torch` and `v2` imported."""
        return [step.code() for step in self.active] or ["v2.Identity()"]

    def to_text(self) -> str:
        """In one line (see `nnlab.transforms.text`); "" for a pipeline without steps."""
        from nnlab.transforms.text import to_text

        return to_text(self)

    @classmethod
    def from_text(cls, text: str) -> Pipeline:
        """The inverse of `to_text`; raises `LabError` as `validate`."""
        from nnlab.transforms.text import from_text

        return from_text(text)

    def for_training(self, data: Dataset) -> Pipeline:
        """The part that augments a training on `data` (see `nnlab.transforms.training`).

        Raises:
            LabError: the training cannot take it; the sentence says why and what to do.
        """
        from nnlab.transforms.training import training_part

        return training_part(self, data)

    def to_json(self) -> dict[str, Any]:
        """``{"steps": [{"kind": ..., option: value, ...}, ...], "one_hot": ...}``"""
        return {"steps": [step.to_json() for step in self.steps], "one_hot": self.one_hot}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Pipeline:
        """The inverse of `to_json`; raises `LabError` as `validate`."""
        steps = tuple(Step.from_json(step) for step in value.get("steps", ()))
        return cls(steps, bool(value.get("one_hot", False))).validate()


def pipeline(*steps: str | tuple[str, Mapping[str, Any]]) -> Pipeline:
    """A pipeline from kinds and (kind, options) pairs."""
    return Pipeline(tuple((Step(x) if isinstance(x, str) else Step(*x)).tidy() for x in steps)).validate()


def run(transform: v2.Transform, value: Value) -> Value:
    """`transform` of one image; what torchvision refuses comes as a `LabError`."""
    try:
        return transform(value)
    except (
        TypeError,
        ValueError,
        RuntimeError,
        IndexError,
        ZeroDivisionError,
        OverflowError,
        OSError,
    ) as error:
        raise error_of_torchvision(error) from error


def _next_stage(step: Step, number: int, before: Stage) -> Stage:
    entry, options = step.entry, step.complete
    if entry.check is not None:
        entry.check(before.numbers, options)
    note = entry.note(before.numbers, options) if entry.note is not None else None
    value = run(entry.make(options), before.value)
    after = numbers(value)
    result_size(after.shape)
    return Stage(step, number, value, after, note)
