"""The windows of sliding layers, held to what the layers compute."""

from __future__ import annotations

import itertools
import random

import pytest
import torch
from torch import Tensor, nn

from nnlab.lens.windows import Axis, axes


def value(image: Tensor, rows: Axis, columns: Axis, place: tuple[int, int], constant: float) -> float:
    """What stands at a place of the padded input (H, W)."""
    row, column = rows.source(place[0]), columns.source(place[1])
    return constant if row is None or column is None else float(image[row, column])


def patch(image: Tensor, rows: Axis, columns: Axis, row: int, column: int, constant: float) -> Tensor:
    taps = itertools.product(rows.windows[row], columns.windows[column])
    return torch.tensor([value(image, rows, columns, tap, constant) for tap in taps], dtype=torch.float64)


def settings(seed: int) -> tuple[random.Random, tuple[int, int, int], Tensor]:
    choose = random.Random(seed)
    shape = (1, choose.randint(5, 9), choose.randint(5, 9))
    return choose, shape, torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("seed", range(150))
def test_windows_of_a_convolution_hold_what_it_sums(seed: int) -> None:
    choose, shape, x = settings(seed)
    mode = choose.choice(["zeros", "reflect", "replicate", "circular"])
    stride = (choose.randint(1, 3), choose.randint(1, 3))
    same = choose.random() < 0.25
    conv = nn.Conv2d(
        1, 1, (choose.randint(1, 3), choose.randint(1, 3)),
        stride=1 if same else stride,
        padding="same" if same else (choose.randint(0, 2), choose.randint(0, 2)),
        dilation=choose.randint(1, 2), padding_mode=mode, bias=False, dtype=torch.float64,
    )  # fmt: skip
    rows, columns = axes(conv, shape)
    found = conv(x)[0, 0]
    assert found.shape == (len(rows.windows), len(columns.windows))
    for row, column in itertools.product(range(found.shape[0]), range(found.shape[1])):
        terms = patch(x[0, 0], rows, columns, row, column, 0.0) * conv.weight.flatten()
        torch.testing.assert_close(terms.sum(), found[row, column])


@pytest.mark.parametrize("seed", range(150))
def test_windows_of_a_pooling_hold_what_it_takes(seed: int) -> None:
    choose, shape, x = settings(seed)
    kernel = (choose.randint(2, 4), choose.randint(2, 4))
    usual = {
        "kernel_size": kernel,
        "stride": (choose.randint(1, 3), choose.randint(1, 3)),
        "padding": (choose.randint(0, kernel[0] // 2), choose.randint(0, kernel[1] // 2)),
        "ceil_mode": choose.random() < 0.5,
    }
    out = (choose.randint(1, 5), choose.randint(1, 5))
    for pool in (
        nn.MaxPool2d(**usual),
        nn.AvgPool2d(**usual, count_include_pad=choose.random() < 0.5),
        nn.AdaptiveMaxPool2d(out),
        nn.AdaptiveAvgPool2d(out),
    ):
        largest = isinstance(pool, nn.MaxPool2d | nn.AdaptiveMaxPool2d)
        rows, columns = axes(pool, shape)
        found = pool(x)[0, 0]
        assert found.shape == (len(rows.windows), len(columns.windows))
        for row, column in itertools.product(range(found.shape[0]), range(found.shape[1])):
            seen = patch(x[0, 0], rows, columns, row, column, float("-inf") if largest else 0.0)
            mean = seen.sum() / (rows.counts[row] * columns.counts[column]) if not largest else None
            torch.testing.assert_close(seen.max() if mean is None else mean, found[row, column])
