"""Samples per second of our loop against a tutorial's loop and against our own upper bound.

    NNLAB_DATA=... python -m benchmarks.training_speed            # needs MNIST in the data root

Every variant runs in turn, round after round, in one process with two threads; the figures are medians,
the ratios are taken within each round. The upper bound is forward, backward and step on one resident
batch and nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

import nnlab
from nnlab.data.dataset import Dataset
from nnlab.paths import data_root
from nnlab.training.batches import normalise

# (model, batch size, steps of the tutorial's loop, steps of ours, the ratio that is aimed at)
CASES = [
    ("net", 64, 150, 400, 2.5),
    ("net", 1, 1500, 3000, 1.8),
    ("logistic", 64, 150, 2000, 14.0),
    ("mlp", 64, 150, 400, 2.5),
]


def tutorial(data: Dataset, name: str, batch: int, steps: int) -> float:
    """Samples per second of the loop of the first PyTorch tutorials."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    source = datasets.MNIST(str(data_root()), train=True, transform=transform)
    loader = DataLoader(source, batch_size=batch, shuffle=True)
    model = nnlab.preset(name).build(data.shape, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    start, seen = 0.0, 0
    for step, (images, labels) in enumerate(islice(loader, steps + 10)):
        if step == 10:
            start, seen = time.perf_counter(), 0
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        seen += len(labels)
    return seen / (time.perf_counter() - start)


def ours(data: Dataset, name: str, batch: int, steps: int, precision: str = "float32") -> float:
    """Samples per second of `nnlab.train` with every event taken, from its first tick to its last."""
    recipe = nnlab.Recipe(
        lr=1e-3,
        schedule="constant",
        batch_size=batch,
        epochs=steps * batch / len(data.train),
        precision=precision,
    )
    ticks = []
    for event in nnlab.train(nnlab.RunSpec("mnist", nnlab.preset(name), recipe), data):
        if event.kind == "tick":
            ticks.append((event.step, time.perf_counter()))
        if event.kind == "tick" and event.step >= steps:
            break
    (first_step, first), (last_step, last) = ticks[0], ticks[-1]
    return (last_step - first_step) * batch / (last - first)


def upper_bound(data: Dataset, name: str, batch: int, steps: int) -> float:
    """Samples per second of forward, backward and step on one batch that lies ready."""
    model: nn.Module = nnlab.preset(name).build(data.shape, 10)
    if any(isinstance(layer, nn.Conv2d) for layer in model.children()):
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    images = normalise(data.train.images[:batch], data.mean, data.std)
    labels = data.train.labels[:batch]
    start = 0.0
    for step in range(steps + 10):
        if step == 10:
            start = time.perf_counter()
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return steps * batch / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data = nnlab.load_dataset("mnist")
    print(f"{arguments.rounds} rounds, {arguments.threads} threads, torch {torch.__version__}")
    print(
        "| model | batch | tutorial | ours | ours / tutorial | aim | upper bound | ours / bound "
        "| bfloat16 / tutorial |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, batch, tutorial_steps, steps, aim in CASES:
        variants: dict[str, Callable[[], float]] = {
            "tutorial": lambda n=name, b=batch, s=tutorial_steps: tutorial(data, n, b, s),  # type: ignore[misc]
            "ours": lambda n=name, b=batch, s=steps: ours(data, n, b, s),  # type: ignore[misc]
            "bound": lambda n=name, b=batch, s=steps: upper_bound(data, n, b, s),  # type: ignore[misc]
        }
        if name == "mlp":
            variants["bfloat16"] = lambda n=name, b=batch, s=steps: ours(data, n, b, s, "bfloat16")  # type: ignore[misc]
        rounds = [{key: run() for key, run in variants.items()} for _ in range(arguments.rounds)]

        def median(key: str, of: str = "", rounds: list[dict[str, float]] = rounds) -> float:
            return statistics.median(r[key] / (r[of] if of else 1) for r in rounds)

        half = f"{median('bfloat16', 'tutorial'):.2f}" if "bfloat16" in variants else ""
        print(
            f"| {name} | {batch} | {median('tutorial'):,.0f} | {median('ours'):,.0f} "
            f"| {median('ours', 'tutorial'):.2f} | {aim} | {median('bound'):,.0f} "
            f"| {median('ours', 'bound'):.2f} | {half} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
