"""How well a network that has seen only the built-in strokes reads real digits.

    python -m benchmarks.strokes_to_mnist [--epochs 8] [--seeds 3]

Trains the preset `net` (5,420 parameters) on `strokes`, without augmentation, once for each seed, and
prints its accuracy on the test splits of `strokes` and of MNIST (which must be in the data root), then
how many of MNIST's digits of each class were read right, and what the others were taken for.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import torch

import nnlab
from nnlab.data.strokes import build_strokes
from nnlab.training.batches import normalise


def main() -> int:
    parser = argparse.ArgumentParser(description="Train on strokes alone, test on MNIST.")
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)

    try:
        mnist = nnlab.load_dataset("mnist")
    except nnlab.DataError as error:
        print(error, file=sys.stderr)
        return 1
    begun = time.perf_counter()
    strokes = build_strokes()
    seconds = time.perf_counter() - begun
    print(f"strokes: {len(strokes.train)} + {len(strokes.test)} images written in {seconds:.1f} s")

    accuracies, counts = [], torch.zeros(10, 10, dtype=torch.int64)
    for seed in range(asked.seeds):
        recipe = nnlab.Recipe(optimizer="adam", lr=7e-3, schedule="one_cycle", batch_size=64,
                              epochs=asked.epochs, seed=seed)  # fmt: skip
        architecture = nnlab.preset("net")
        spec = nnlab.RunSpec(dataset="strokes", architecture=architecture, recipe=recipe)
        events = list(nnlab.train(spec, strokes, device=torch.device("cpu")))
        weights = next(event.snapshot for event in reversed(events) if event.kind == "snapshot")
        assert weights is not None
        model = architecture.build(strokes.shape, len(strokes.classes), seed)
        model.load_state_dict(dict(weights.tensors))
        model.eval()
        with torch.inference_mode():
            guesses = torch.cat(
                [
                    model(normalise(images, strokes.mean, strokes.std)).argmax(1)
                    for images in mnist.test.images.split(1000)
                ]
            )
        counts += torch.bincount(mnist.test.labels * 10 + guesses, minlength=100).view(10, 10)
        accuracies.append((guesses == mnist.test.labels).float().mean().item())
        own = events[-1].values["test_accuracy"]
        print(f"seed {seed}: {100 * own:.2f} % on strokes, {100 * accuracies[-1]:.2f} % on MNIST", flush=True)

    mean, worst = statistics.mean(accuracies), min(accuracies)
    print(f"MNIST: {100 * mean:.2f} % in the mean, {100 * worst:.2f} % at worst")
    print("read right, and taken most often for:")
    for digit, row in enumerate(counts.tolist()):
        wrong = sorted((count, guess) for guess, count in enumerate(row) if guess != digit)[:-4:-1]
        others = ", ".join(f"{guess} ({100 * count / sum(row):.1f} %)" for count, guess in wrong)
        print(f"  {digit}: {100 * row[digit] / sum(row):.1f} %; {others}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
