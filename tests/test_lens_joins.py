"""Joins of branches taken apart, bit for bit what torch gives."""

from __future__ import annotations

from functools import reduce
from operator import add

import pytest
import torch
from architectures import Sample, architectures
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnlab.errors import LabError
from nnlab.lens import feature_maps, join_terms
from nnlab.nets.branches import Concat, Residual


@settings(max_examples=80)
@given(sample=architectures(), data=st.data())
def test_a_join_is_what_its_branches_give(sample: Sample, data: st.DataObject) -> None:
    model = sample.architecture.build(sample.in_shape, sample.classes, seed=2).eval()
    joins = {name: one for name, one in model.named_modules() if isinstance(one, Residual | Concat)}
    assume(joins)
    name = data.draw(st.sampled_from(sorted(joins)))
    join, inputs = joins[name], {}
    handle = join.register_forward_pre_hook(lambda module, given: inputs.update(x=given[0].clone()))
    maps = feature_maps(model, torch.randn(1, *sample.in_shape))
    handle.remove()
    with torch.no_grad():
        given = [branch(inputs["x"]) for branch in join]
    place = tuple(data.draw(st.integers(0, count - 1)) for count in maps[name].shape[1:])
    terms = join_terms(join, given, *place)
    expected = maps[name][0][place]
    assert torch.equal(terms.output.nan_to_num(), expected.nan_to_num())
    assert torch.equal(terms.sums[-1].nan_to_num(), expected.nan_to_num())
    if isinstance(join, Residual):
        assert terms.branch is None and len(terms.values) == len(join)
        for value, one in zip(terms.values, given, strict=True):
            assert torch.equal(value.nan_to_num(), one[0][place].nan_to_num())
        assert torch.equal(reduce(add, terms.values).nan_to_num(), expected.nan_to_num())
    else:
        assert terms.branch is not None
        before = sum(one.shape[1] for one in given[: terms.branch])
        assert before + terms.channel == place[0]
        assert torch.equal(
            given[terms.branch][0][terms.channel, *place[1:]].nan_to_num(), expected.nan_to_num()
        )


def test_the_order_of_a_sum_is_that_of_its_branches() -> None:
    big, one = torch.full((1, 1, 1, 1), 2.0**24), torch.ones(1, 1, 1, 1)
    terms = join_terms(Residual([torch.nn.Identity()] * 3), [big, one, one], 0, 0, 0)
    assert [float(value) for value in terms.sums] == [2.0**24, 2.0**24, 2.0**24]  # 1 is lost twice
    terms = join_terms(Residual([torch.nn.Identity()] * 3), [one, one, big], 0, 0, 0)
    assert float(terms.output) == 2.0**24 + 2


def test_places_that_are_not_there() -> None:
    maps = [torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 3)]
    join = Residual([torch.nn.Identity()] * 2)
    with pytest.raises(LabError, match="row 3 is not there; it runs from 0 to 2"):
        join_terms(join, maps, 0, 3, 0)
    with pytest.raises(LabError, match="is not a place"):
        join_terms(join, maps, 0)
    with pytest.raises(LabError, match="unit 5 is not there"):
        join_terms(Concat([torch.nn.Identity()] * 2), [torch.zeros(1, 2), torch.zeros(1, 3)], 5)
