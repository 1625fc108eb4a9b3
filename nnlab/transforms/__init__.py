"""Pipelines of torchvision's transforms, described to be built, checked, drawn and trained with.

    from nnlab.transforms import Pipeline

    pipeline = Pipeline.from_text("rotation:degrees=10;to_image;to_float;normalise:mean=0.1307,std=0.3081")
    for stage in pipeline.trace(picture, seed=0):      # a PIL image
        print(stage.step, stage.numbers)
    transform = pipeline.build()                       # torchvision.transforms.v2.Compose

Covers transforms of single images. Not covered: those of boxes, masks and videos, and those that mix the
images of a batch (CutMix, MixUp).
"""

from nnlab.transforms.numbers import Numbers, Value, as_tensor, numbers
from nnlab.transforms.pipeline import Pipeline, Stage, Step, pipeline
from nnlab.transforms.presets import PRESETS
from nnlab.transforms.registry import TRANSFORMS, TransformKind, starting_options
from nnlab.transforms.target import one_hot, one_hot_code
from nnlab.transforms.training import Augmenter, to_picture

__all__ = [
    "PRESETS",
    "TRANSFORMS",
    "Augmenter",
    "Numbers",
    "Pipeline",
    "Stage",
    "Step",
    "TransformKind",
    "Value",
    "as_tensor",
    "numbers",
    "one_hot",
    "one_hot_code",
    "pipeline",
    "starting_options",
    "to_picture",
]
