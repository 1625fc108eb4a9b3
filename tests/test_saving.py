"""Save and load: stories told by plain PyTorch, what pickles hold, and what the two modes change."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter, OrderedDict, deque

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nnlab.lessons.saving.modes import alone, passes
from nnlab.lessons.saving.network import build, images
from nnlab.lessons.saving.pickled import MESSAGE, imported, loaded, written
from nnlab.lessons.saving.story import ACTIONS, MOST, after, fingerprint, load_into, possible
from nnlab.program import own_environment


def test_training_is_sgds() -> None:
    net = build(7)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = images()
    for round_ in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(10 * round_)
            for step in range(10 * round_, 10 * round_ + 10):
                xb, yb = x[64 * step :][:64], y[64 * step :][:64]
                optimizer.zero_grad()
                F.cross_entropy(net(xb), yb).backward()
                optimizer.step()
    state = after(["train", "train"]).state
    assert all(torch.equal(state[name], tensor) for name, tensor in net.state_dict().items())
    net.eval()
    assert after(["train", "train"]).loss == F.cross_entropy(net(x[:64]), y[:64]).item()


def test_what_was_saved_comes_back_bit_for_bit() -> None:
    saved = after(["train", "save"])
    lost = after(["train", "save", "train", "new"])
    back = after(["train", "save", "train", "new", "load"])
    assert back.reply == "<All keys matched successfully>" and back.steps == 10 and lost.steps == 0
    assert back.loss == saved.loss != lost.loss
    for name, tensor in saved.state.items():
        assert fingerprint(back.state[name]) == fingerprint(tensor)
        if name.endswith("weight") and "norm" not in name:
            assert fingerprint(lost.state[name]) != fingerprint(tensor)
    assert saved.saved is not None
    held = torch.load(io.BytesIO(saved.saved), weights_only=True)
    assert list(held) == list(saved.state) and after(["new", "new"]).loss != after(["new"]).loss


@pytest.mark.parametrize("story", ["tntsnl", "tstlsl", "tsntsl", "tsnlsnl", "sttln"])
def test_the_steps_are_those_that_batch_normalisation_has_counted(story: str) -> None:
    """It counts the batches of training itself, and what it has counted is saved and loaded."""
    letters = {name[0]: name for name in ACTIONS}
    now = after([letters[letter] for letter in story])
    assert now.steps == int(now.state["norm.num_batches_tracked"])


def test_what_cannot_be_done_is_refused() -> None:
    assert possible([]) == ["train", "save", "new"] and possible(["save"]) == list(ACTIONS)
    assert possible(["train"] * MOST) == []
    for wrong in (["load"], ["fly"], ["train"] * (MOST + 1)):
        with pytest.raises(ValueError):
            after(wrong)


@pytest.mark.parametrize(("hidden", "last", "strict", "loose"), [
    (48, "out", "size mismatch for hidden.weight", "RuntimeError: Error(s) in loading"),
    (32, "fc", 'Missing key(s) in state_dict: "fc.weight"', "unexpected_keys=['out.weight', 'out.bias']"),
    (32, "out", "All keys matched", "All keys matched"),
])  # fmt: skip
def test_what_does_not_fit(hidden: int, last: str, strict: str, loose: str) -> None:
    saved = after(["save"]).saved
    assert saved is not None
    told = load_into(saved, hidden, last)
    assert strict in told.error and loose in told.loose


class Own:
    pass


def test_the_names_that_a_pickle_imports() -> None:
    assert imported(written(OrderedDict(a=torch.zeros(2)))) == [
        "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage",
    ]  # fmt: skip
    own = f"{Own.__module__}.Own"
    assert own in imported(written(Own())) and loaded(written(Own()), weights_only=False) == own
    assert loaded(written(Own()), weights_only=True).startswith("UnpicklingError: Weights only load failed")
    several = [OrderedDict(a=1), Counter("aa"), Own(), deque([1])]  # the third name comes from the memo
    names = ["collections.OrderedDict", "collections.Counter", own, "collections.deque"]
    for protocol in (2, 3, 4, 5):
        file = io.BytesIO()
        torch.save(several, file, pickle_protocol=protocol)
        assert imported(file.getvalue()) == names


def test_the_three_files() -> None:
    command = [sys.executable, "-P", "-m", "nnlab.lessons.saving.pickled"]
    done = subprocess.run(command, capture_output=True, text=True, env=own_environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    state, whole, trap = found["state"], found["whole"], found["trap"]
    assert state["safe"] == state["unsafe"] == state["later"] == "collections.OrderedDict"
    assert whole["unsafe"] == "nnlab.lessons.saving.network.Net" in whole["imports"]
    assert whole["safe"].startswith("UnpicklingError") and whole["later"].startswith("AttributeError")
    assert trap["imports"] == ["__builtin__.print"] and trap["unsafe"] == MESSAGE
    assert trap["safe"].startswith("UnpicklingError") and MESSAGE not in trap["safe"]


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_what_each_layer_does_in_each_mode(training: bool, norm: bool, drop: bool) -> None:
    found = passes(training, drop, norm, image=3)
    same = [bool((rows == rows[0]).all()) for rows in (found.repeated, found.companions, found.running)]
    assert same == [not (training and drop), not (training and norm), not (training and norm)]


def test_evaluation_uses_what_training_has_gathered() -> None:
    net = build(0)
    net.load_state_dict(after(["train"] * 4).state)
    net.eval()
    x, _ = images()
    with torch.no_grad():
        expected = net(torch.cat((x[3:4], x[100:107])))[0].softmax(0)
        assert torch.equal(passes(False, True, True, image=3).repeated[0], expected)
        moved = passes(True, False, True, image=3).running
        batch = net.conv(torch.cat((x[3:4], x[100:107])))
    torch.testing.assert_close(moved[1], 0.9 * moved[0] + 0.1 * batch.mean((0, 2, 3)))


def test_a_single_sample_is_refused_as_pytorch_refuses_it() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel") as caught:
        nn.BatchNorm1d(3)(torch.zeros(1, 3))
    assert alone() == str(caught.value)
