"""Train the network that comes with the package, measure it, and write weights and facts beside the code.

    NNLAB_DATA=... python -m benchmarks.ship_digits      # needs MNIST in the data root; minutes on a CPU

Trained on MNIST twice, the second time with the pad's pen; on our own strokes; on digits in
rare and in hurried ways by unsteady hands; and on what is no digit, all distorted anew in every epoch but the
last. Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) speeds the training up; afterwards it is
a scale and a shift of each channel, which are multiplied into the convolution before it.

What is no digit is an eleventh class: the outlier exposure of Hendrycks,
Mazeika and Dietterich (2019, arXiv:1812.04606), as a background class. A softmax does not change where all
its logits are shifted alike, so the eleventh row is afterwards subtracted from the others and left out:
its logit is then 0, what remains is a plain network of ten classes, and the share that the eleven gave to
the ten digits is the sigmoid of the ten logits' logsumexp, their free energy with its sign turned (Liu et
al. 2020, arXiv:2010.03759). That is `nnlab.drawing.digit_score`.

Facts are measured on images that no training sees: the test splits, other hands, and kinds of drawings
(`HELD_OUT`) that are left out of the training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import nnlab
from benchmarks.thin import redrawn
from nnlab.data.dataset import Dataset, Split, measure
from nnlab.data.ink import SIDE
from nnlab.data.strokes.others import OTHERS, write_others
from nnlab.data.strokes.pen import write_digits
from nnlab.devices import default_threads
from nnlab.drawing.shipped import FACTS, WEIGHTS
from nnlab.nets.architecture import Architecture, sequence
from nnlab.nets.spec import LayerSpec
from nnlab.training.batches import normalise
from nnlab.training.weights import WeightsInfo, load_model, save_weights


def architecture(normalised: bool) -> Architecture:
    """The network with its batch normalisation, as it is trained, or without, as it is shipped."""

    def convolution(channels: int, size: int, padding: int = 0) -> list[LayerSpec]:
        options = {"out_channels": channels, "kernel_size": size, "padding": padding}
        layers = [LayerSpec("conv2d", options | ({"bias": False} if normalised else {}))]
        return [*layers, *([LayerSpec("batch_norm2d")] if normalised else []), LayerSpec("max_pool2d"),
                LayerSpec("relu")]  # fmt: skip

    return sequence(
        "digits",
        *convolution(32, 5), *convolution(64, 3, 1), *convolution(128, 3, 1),
        "flatten", ("linear", {"out_features": 300}), "relu", "linear",
    )  # fmt: skip


TRAINED, SHIPPED = architecture(normalised=True), architecture(normalised=False)
RECIPE = nnlab.Recipe(
    lr=3e-3,
    batch_size=128,
    epochs=4,
    seed=0,
    precision="bfloat16",
    augmentation=nnlab.Augmentation(shift=0.06, rotate=10, scale=0.12, shear=10, elastic=0.03),
)
HELD_OUT = (
    "F", "K", "R", "W", "h", "m", "star", "house", "check", "umbrella", "moon", "infinity",
    "asterisk", "cloud",
)  # fmt: skip
SETTLING_LR = 1e-3
HARD_COUNT, OTHERS_COUNT, TEST_COUNT, PART = 60_000, 30_000, 5_000, 2_500
HARD_SEED, OTHERS_SEED, CHOICE_SEED, TEST_SEED = 3_000, 4_000, 5_000, 6_000
REFUSED = 0.015  # share of digits below the threshold, on digits that neither training nor test sees
BINS = 15


def training_data(threads: int, mnist: Dataset, strokes: Dataset) -> Dataset:
    """All that is trained on, in eleven classes; tested on MNIST's digits."""
    kinds = [kind for kind in OTHERS if kind not in HELD_OUT]
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        hard = pool.map(
            lambda seed: write_digits(PART, seed, hard=True),
            range(HARD_SEED, HARD_SEED + HARD_COUNT // PART),
        )
        others = pool.map(
            lambda seed: write_others(PART, seed, kinds),
            range(OTHERS_SEED, OTHERS_SEED + OTHERS_COUNT // PART),
        )
        redone = Split(redrawn(mnist.train.images), mnist.train.labels)
        digits = [mnist.train, redone, strokes.train, *hard]
        no_digits = [split.images for split in others]
    images = torch.cat([split.images for split in digits] + no_digits)
    labels = torch.cat(
        [split.labels for split in digits] + [torch.full((len(part),), 10) for part in no_digits]
    )
    mean, std = measure(images)
    classes = (*mnist.classes, "no digit")
    return replace(mnist, train=Split(images, labels), classes=classes, mean=mean, std=std).validate()


def settled(tensors: Mapping[str, Tensor], data: Dataset) -> nn.Module:
    """The network after one more epoch on the images as they are, at a small and falling rate.

    A distorted image is resampled, and so a little softer than any that the network will be shown.
    """
    model = TRAINED.build(data.shape, len(data.classes))
    model.load_state_dict(dict(tensors))
    model.to(memory_format=torch.channels_last)
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(RECIPE.seed))
    batches = order.split(RECIPE.batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=SETTLING_LR, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, len(batches))
    for batch in batches:
        images = normalise(data.train.images[batch], data.mean, data.std)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(images.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits.float(), data.train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def folded(model: nn.Module) -> dict[str, Tensor]:
    """The weights of `SHIPPED` that compute what `model`, built of `TRAINED`, does in evaluation mode."""
    tensors: list[Tensor] = []
    for layer in model.children():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            scale = layer.weight / (layer.running_var + layer.eps).sqrt()
            tensors[-1] = tensors[-1] * scale[:, None, None, None]
            tensors.append(layer.bias - layer.running_mean * scale)
        else:
            tensors += [parameter.detach() for parameter in layer.parameters()]
    names = SHIPPED.build((1, SIDE, SIDE), 11).state_dict()
    return {name: tensor.contiguous() for name, tensor in zip(names, tensors, strict=True)}


def ten_classes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights with the last output subtracted from the others and left out."""
    weight, bias = list(tensors)[-2:]
    for name in (weight, bias):
        tensors[name] = (tensors[name][:-1] - tensors[name][-1:]).contiguous()
    return tensors


@torch.inference_mode()
def logits_of(model: nn.Module, images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(N, 10), on the CPU."""
    return torch.cat([model(normalise(part, mean, std)) for part in images.split(1000)])


def scores(logits: Tensor) -> Tensor:
    """`nnlab.drawing.digit_score` of each row of logits."""
    return logits.double().logsumexp(1).sigmoid()


def calibration_error(logits: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """The expected calibration error (Guo et al. 2017, arXiv:1706.04599) with bins of equal width."""
    confidence, guess = logits.double().softmax(1).max(1)
    right = (guess == labels).double()
    which = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.float64).index_add_(0, which, confidence - right)
    return float(gaps.abs().sum() / len(labels))


def measured(path: Path, mnist: Dataset, strokes: Dataset) -> dict[str, Any]:
    """The facts about the weights in `path`."""
    model = load_model(path)
    info = model.info

    def of(images: Tensor) -> Tensor:
        return logits_of(model, images, info.mean, info.std)

    choice = [
        of(write_digits(TEST_COUNT, CHOICE_SEED, hard=True).images),
        of(mnist.train.images[:TEST_COUNT]),
    ]
    threshold = round(float(scores(torch.cat(choice)).quantile(REFUSED)), 3)
    hard = write_digits(TEST_COUNT, TEST_SEED, hard=True)
    splits = {"mnist": mnist.test, "strokes": strokes.test, "hard": hard}
    found = {name: of(split.images) for name, split in splits.items()}
    accuracy = {
        name: float((found[name].argmax(1) == split.labels).double().mean()) for name, split in splits.items()
    }
    others = scores(of(write_others(TEST_COUNT, TEST_SEED, HELD_OUT).images))
    return {
        "test_accuracy": accuracy["mnist"],
        "strokes_accuracy": accuracy["strokes"],
        "hard_accuracy": accuracy["hard"],
        "ece": calibration_error(found["mnist"], mnist.test.labels),
        "strokes_ece": calibration_error(found["strokes"], strokes.test.labels),
        "threshold": threshold,
        "refused_digits": float((scores(found["mnist"]) < threshold).double().mean()),
        "refused_others": float((others < threshold).double().mean()),
        "held_out": list(HELD_OUT),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=float, default=RECIPE.epochs)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--to", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    mnist, strokes = nnlab.load_dataset("mnist"), nnlab.load_dataset("strokes")
    data = training_data(arguments.threads, mnist, strokes)
    recipe = replace(RECIPE, epochs=arguments.epochs)
    last = None
    for event in nnlab.train(nnlab.RunSpec("mnist", TRAINED, recipe), data):
        if event.kind == "evaluated":
            print(
                f"epoch {event.values['epoch']:.0f}  MNIST test {event.values['test_accuracy']:.4f}",
                flush=True,
            )
        if event.values.get("reason") == "last":
            last = event.snapshot
    if last is None:
        raise SystemExit("The training did not finish.")
    info = replace(WeightsInfo.of(SHIPPED, data, last.step), classes=mnist.classes)
    save_weights(arguments.to, ten_classes(folded(settled(last.tensors, data))), info)
    drawn = len(strokes.train) + HARD_COUNT
    facts = measured(arguments.to, mnist, strokes) | {
        "trained_on": f"{len(mnist.train):,} MNIST digits, {drawn:,} drawn by our own pen, "
        f"and {OTHERS_COUNT:,} drawings that are no digits",
        "recipe": recipe.to_json(),
        "settling": {"epochs": 1, "lr": SETTLING_LR},
        "command": "python -m benchmarks.ship_digits",
    }
    arguments.to.with_suffix(FACTS.suffix).write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
