"""What torchvision's transforms cost a training, against none and against our own augmentation.

    NNLAB_DATA=... python -m benchmarks.transforms_speed          # needs MNIST in the data root

Images a second through the transforms alone (a plain loop of one `v2.Compose` and one PIL image after the
other, and ours, which gives the same numbers), and of a training of the preset `net` in batches of 128 with
them. Every variant runs in turn, round after round, with one thread; the figures are medians, the ratios are
taken within each round.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torchvision.transforms import v2
from torchvision.transforms.functional import to_pil_image

import nnlab
from nnlab.data.dataset import Dataset
from nnlab.training.batches import normalise
from nnlab.transforms import Augmenter, Pipeline

PIPELINES = [
    "random_crop:size=28",
    "rotation:degrees=10",
    "affine:interpolation=bilinear,shear=5",
    "random_crop:size=28;horizontal_flip;colour_jitter",
    "to_image;to_float;erasing",
    "elastic",
]
OURS = nnlab.Augmentation(shift=0.1, rotate=10, scale=0.1, shear=5)
_COUNT = 640  # images a round


def plain(data: Dataset, pipeline: Pipeline) -> float:
    """Images a second of the loop that one writes by hand, normalised."""
    steps = [step.make() for step in pipeline.steps]
    last = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(data.mean, data.std)]
    compose = v2.Compose([*steps, *last])
    start = time.perf_counter()
    torch.stack([compose(to_pil_image(image)) for image in data.train.images[:_COUNT]])
    return _COUNT / (time.perf_counter() - start)


def ours(data: Dataset, pipeline: Pipeline) -> float:
    """Images a second of what the training does, normalised."""
    augment = Augmenter(pipeline, 0)
    start = time.perf_counter()
    for images in data.train.images[:_COUNT].split(64):
        normalise(augment(images), data.mean, data.std)
    return _COUNT / (time.perf_counter() - start)


def training(data: Dataset, steps: int, **augmented: object) -> float:
    """Samples per second of `nnlab.train`, from its first tick to its last."""
    recipe = nnlab.Recipe(epochs=steps * 128 / len(data.train), **augmented)  # type: ignore[arg-type]
    ticks = [
        (event.step, time.perf_counter())
        for event in nnlab.train(nnlab.RunSpec("mnist", nnlab.preset("net"), recipe), data, tick_seconds=0.1)
        if event.kind == "tick"
    ]
    (first_step, first), (last_step, last) = ticks[0], ticks[-1]
    return (last_step - first_step) * 128 / (last - first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = nnlab.load_dataset("mnist")
    print(f"{arguments.rounds} rounds, 1 thread, torch {torch.__version__}\n")
    print("| transforms | plain loop, images/s | ours | ours / plain | training, images/s | of none |")
    print("| --- | --- | --- | --- | --- | --- |")
    for text in ["", "ours", *PIPELINES]:
        pipeline = Pipeline() if text == "ours" else Pipeline.from_text(text)
        rounds = []
        for _ in range(arguments.rounds):
            found = {"none": training(data, 300)}
            if not text:
                found["with"] = found["none"]
            elif text == "ours":
                found["with"] = training(data, 150, augmentation=OURS)
            else:
                found["plain"], found["ours"] = plain(data, pipeline), ours(data, pipeline)
                found["with"] = training(data, 5 if text == "elastic" else 40, transforms=pipeline)
            rounds.append(found)

        def median(key: str, of: str = "", rounds: list[dict[str, float]] = rounds) -> float:
            return statistics.median(r[key] / (r[of] if of else 1) for r in rounds)

        loop = "| |"
        if "plain" in rounds[0]:
            loop = f"{median('plain'):,.0f} | {median('ours'):,.0f} | {median('ours', 'plain'):.1f}"
        name = {"": "none", "ours": "our own augmentation, batched"}.get(text, f"`{text}`")
        print(f"| {name} | {loop} | {median('with'):,.0f} | {median('with', 'none'):.2f} |", flush=True)


if __name__ == "__main__":
    main()
