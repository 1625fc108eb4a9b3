"""nnlab: datasets, networks and their training in plain PyTorch; the engine below the lab's pages.

    import nnlab

    data = nnlab.load_dataset("strokes")
    spec = nnlab.RunSpec(dataset="strokes", architecture=nnlab.preset("net"), recipe=nnlab.Recipe())
    for event in nnlab.train(spec, data):
        print(event.kind, event.step)

Everything a page does can be done from here or from ``python -m nnlab``. Names are imported when first
used, so that ``python -m nnlab doctor`` can speak even where torch cannot be imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnlab.data import dataset_names, load_dataset
    from nnlab.data.dataset import Dataset, Split
    from nnlab.data.division import Division, divide
    from nnlab.data.images import load_images
    from nnlab.devices import describe_device, detect_device
    from nnlab.drawing import drawing_to_image, predict_drawing, shipped_model
    from nnlab.errors import DataError, LabError, RunError, ShapeError
    from nnlab.nets.architecture import Architecture, LayerSpec
    from nnlab.nets.presets import preset, preset_names
    from nnlab.runs import Run, RunStore
    from nnlab.training.augment import Augmentation
    from nnlab.training.evaluate import evaluate
    from nnlab.training.events import Event, Snapshot
    from nnlab.training.loop import Controls, train
    from nnlab.training.recipe import Recipe, RunSpec
    from nnlab.transforms import Pipeline

_HOMES = {
    "nnlab.data": ("dataset_names", "load_dataset"),
    "nnlab.data.dataset": ("Dataset", "Split"),
    "nnlab.data.division": ("Division", "divide"),
    "nnlab.data.images": ("load_images",),
    "nnlab.devices": ("describe_device", "detect_device"),
    "nnlab.drawing": ("drawing_to_image", "predict_drawing", "shipped_model"),
    "nnlab.errors": ("DataError", "LabError", "RunError", "ShapeError"),
    "nnlab.nets.architecture": ("Architecture", "LayerSpec"),
    "nnlab.nets.presets": ("preset", "preset_names"),
    "nnlab.runs": ("Run", "RunStore"),
    "nnlab.training.augment": ("Augmentation",),
    "nnlab.training.evaluate": ("evaluate",),
    "nnlab.training.events": ("Event", "Snapshot"),
    "nnlab.training.loop": ("Controls", "train"),
    "nnlab.training.recipe": ("Recipe", "RunSpec"),
    "nnlab.transforms": ("Pipeline",),
}
_PARTS = ("drawing", "lens")  # packages that are looked into by their own name: nnlab.lens.conv_terms
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [
    "Architecture",
    "Augmentation",
    "Controls",
    "DataError",
    "Dataset",
    "Division",
    "Event",
    "LabError",
    "LayerSpec",
    "Pipeline",
    "Recipe",
    "Run",
    "RunError",
    "RunSpec",
    "RunStore",
    "ShapeError",
    "Snapshot",
    "Split",
    "dataset_names",
    "describe_device",
    "detect_device",
    "divide",
    "drawing_to_image",
    "evaluate",
    "load_dataset",
    "load_images",
    "predict_drawing",
    "preset",
    "preset_names",
    "shipped_model",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"nnlab.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'nnlab' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
