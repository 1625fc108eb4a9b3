"""What is said of a parameter, against torch and numpy on the whole tensor."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nnlab.lens.parameters import Parameter, parameters_of
from nnlab.nets.presets import preset


def only(tensor: torch.Tensor) -> Parameter:
    (found,) = parameters_of({"it": tensor}).values()
    return found


def test_every_parameter_of_a_preset() -> None:
    state = preset("resnet18").build((3, 32, 32), 10, 0).state_dict()
    found = parameters_of(state)
    assert list(found) == [name for name in state if not name.endswith("num_batches_tracked")]
    for name, parameter in found.items():
        array = state[name].double().numpy()
        assert parameter.name == name and parameter.shape == array.shape and parameter.count == array.size
        spread = parameter.spread
        assert spread.mean == pytest.approx(array.mean(), abs=1e-6 * np.abs(array).max())
        assert spread.std == pytest.approx(array.std(), rel=1e-5)
        assert (spread.low, spread.high) == (array.min(), array.max())
        assert spread.zeros == pytest.approx((array == 0).mean())
        expected, _ = np.histogram(state[name].numpy(), parameter.edges.numpy())
        assert int(parameter.counts.sum()) == array.size
        assert np.abs(parameter.counts.numpy() - expected).sum() <= 1e-3 * array.size + 2  # at the edges
        printed = repr(eval(f"tensor{parameter.index}", {"tensor": state[name]}))
        assert parameter.printed == printed
        assert torch.equal(parameter.part, state[name][: len(parameter.part)])
        assert parameter.part.numel() <= 2**17


def test_the_histogram_has_zero_in_the_middle_of_a_bin() -> None:
    found = only(torch.tensor([-1.0, 0.0, 0.0, 0.5]))
    assert found.edges[0] == -1 and found.edges[-1] == 1
    middle = int(found.counts.argmax())
    assert found.counts[middle] == 2 and found.edges[middle] < 0 < found.edges[middle + 1]


@pytest.mark.parametrize("value", [0.0, 0.01, -3.0])
def test_numbers_that_are_all_alike_are_in_one_bin(value: float) -> None:
    found = only(torch.full((4, 5), value))
    assert int(found.counts.max()) == 20 and found.spread.std < 1e-8
    assert found.spread.zeros == (1 if value == 0 else 0)


def test_what_is_not_finite_is_left_out_of_the_histogram_and_told() -> None:
    found = only(torch.tensor([1.0, math.inf, 2.0, math.nan]))
    assert int(found.counts.sum()) == 2 and math.isnan(found.spread.mean)
    assert int(only(torch.tensor([math.nan])).counts.sum()) == 0


def test_a_single_number_and_large_rows() -> None:
    scalar = only(torch.tensor(0.25))
    assert scalar.shape == () and scalar.index == "" and scalar.printed == "tensor(0.2500)"
    wide = only(torch.zeros(3, 2**18))
    assert wide.part.shape == (1, 2**18)
