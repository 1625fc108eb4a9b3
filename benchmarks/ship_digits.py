"""Train the network that comes with the package, measure it, and write weights and facts beside the code.

    NNLAB_DATA=... python -m benchmarks.ship_digits      # needs MNIST in the data root; minutes on a CPU

Trained on MNIST and on our own strokes, both distorted anew in every epoch. Facts are measured on the
test splits, which no training sees.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

import torch

import nnlab
from nnlab.data.dataset import Dataset, Split, measure
from nnlab.devices import default_threads
from nnlab.drawing.shipped import FACTS, WEIGHTS
from nnlab.nets.architecture import sequence
from nnlab.training.weights import WeightsInfo, save_weights

ARCHITECTURE = sequence(
    "digits",
    ("conv2d", {"out_channels": 24, "kernel_size": 5}), "max_pool2d", "relu",
    ("conv2d", {"out_channels": 48, "kernel_size": 3}), "max_pool2d", "relu",
    "flatten", ("linear", {"out_features": 96}), "relu", "linear",
)  # fmt: skip
RECIPE = nnlab.Recipe(
    lr=4e-3,
    batch_size=128,
    epochs=12,
    seed=0,
    augmentation=nnlab.Augmentation(shift=0.06, rotate=12, scale=0.12, shear=12, elastic=0.035),
)


def together(first: Dataset, second: Dataset) -> Dataset:
    """Both training splits in one; the test split of the first."""
    images = torch.cat([first.train.images, second.train.images])
    labels = torch.cat([first.train.labels, second.train.labels])
    mean, std = measure(images)
    return replace(first, train=Split(images, labels), mean=mean, std=std).validate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=float, default=RECIPE.epochs)
    parser.add_argument("--threads", type=int, default=default_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    mnist, strokes = nnlab.load_dataset("mnist"), nnlab.load_dataset("strokes")
    data = together(mnist, strokes)
    recipe = replace(RECIPE, epochs=arguments.epochs)
    spec = nnlab.RunSpec("mnist", ARCHITECTURE, recipe)
    last = None
    for event in nnlab.train(spec, data):
        if event.kind == "evaluated":
            print(
                f"epoch {event.values['epoch']:.0f}  MNIST test {event.values['test_accuracy']:.4f}",
                flush=True,
            )
        if event.values.get("reason") == "last":
            last = event.snapshot
    if last is None:
        raise SystemExit("The training did not finish.")
    save_weights(WEIGHTS, last.tensors, WeightsInfo.of(ARCHITECTURE, data, last.step))
    model = ARCHITECTURE.build(data.shape, len(data.classes))
    model.load_state_dict(dict(last.tensors))
    facts = {
        "test_accuracy": nnlab.evaluate(model, mnist.test, data.mean, data.std).accuracy,
        "strokes_accuracy": nnlab.evaluate(model, strokes.test, data.mean, data.std).accuracy,
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained_on": f"{len(mnist.train):,} MNIST digits and {len(strokes.train):,} drawn by our own pen",
        "recipe": recipe.to_json(),
        "command": "python -m benchmarks.ship_digits",
    }
    FACTS.write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
