"""Sequences on the Layers page: what it shows is plain torch's, what is typed stays, its code runs."""

from __future__ import annotations

import html
import math
from pathlib import Path

import pytest
import torch
from datasets_page import facts
from layers_page import floats, parts, run_code, show
from streamlit.testing.v1 import AppTest
from torch import nn

from nnlab.data import load_dataset
from nnlab.nets.layers import LAYERS

_PULSES = [0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]
_GATES = {"rnn": "", "gru": "rzn", "lstm": "ifgo"}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset but the built-in one, and no runs."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))


def part(**query: object) -> AppTest:
    page = show(part="sequences", **query)
    assert not page.exception, page.exception
    return page


def pictures(page: AppTest) -> list[dict[str, torch.Tensor]]:
    """Of each picture of strips: what it shows, by the name that stands before it."""
    found = []
    for header, blobs in parts(page, "strips"):
        wide = len(header["labels"])
        found.append(
            {
                strip["name"]: floats(blob, [strip["rows"], wide])
                for strip, blob in zip(header["strips"], blobs, strict=True)
            }
        )
    return found


def torchs_own(kind: str, x: torch.Tensor, seed: int = 0, hidden: int = 8) -> tuple[nn.Module, torch.Tensor]:
    """The layer and its states (T, hidden)."""
    torch.manual_seed(seed)
    rnn = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](x.shape[1], hidden, batch_first=True)
    return rnn, rnn(x[None])[0][0].detach()


def one(page: AppTest, start: str) -> float:
    """The fact whose name begins so."""
    (found,) = [text for name, text in facts(page).items() if html.unescape(name).startswith(start)]
    return float(found)


@pytest.mark.parametrize("kind", _GATES)
def test_every_state_and_gate_is_torchs(kind: str) -> None:
    page = part(sequence=kind, step=7, unit=3, seed=5)
    x = torch.tensor(_PULSES, dtype=torch.float32)[:, None]
    rnn, states = torchs_own(kind, x, seed=5)
    steps = pictures(page)[0]
    assert torch.equal(steps["x"], x.T)
    assert torch.equal(steps["h state"], states.T)
    assert torch.tensor(one(page, "PyTorch")) == states[7, 3]
    words = {name.partition(" ")[0]: rows for name, rows in steps.items()}
    assert list(words) == ["x", *_GATES[kind], *(["c"] if kind == "lstm" else []), "h"]
    if kind == "lstm":
        _, (_, cell) = rnn(x[None])
        assert torch.equal(words["c"][:, -1], cell.flatten().detach())
        torch.testing.assert_close(words["o"] * words["c"].tanh(), states.T)
    if kind == "gru":
        before = torch.cat([torch.zeros(1, 8), states[:-1]]).T
        torch.testing.assert_close((1 - words["z"]) * words["n"] + words["z"] * before, states.T)


@pytest.mark.parametrize(("kind", "gate"), [(kind, gate) for kind in _GATES for gate in _GATES[kind] or "h"])
def test_a_gate_is_taken_apart_into_its_own_rows_of_the_weights(kind: str, gate: str) -> None:
    page = part(sequence=kind, step=3, unit=2, gate=gate, series="0 1; 1 0; 2 -1; 0.5 0.25")
    x = torch.tensor([[0, 1], [1, 0], [2, -1], [0.5, 0.25]])
    rnn, states = torchs_own(kind, x)
    row = max(_GATES[kind].find(gate), 0) * 8 + 2
    steps, read, kept = pictures(page)
    assert torch.equal(read["x[3]"], x[3:])
    assert torch.equal(read[f"× W_ih[{row}]"][0], rnn.weight_ih_l0[row].detach())
    assert torch.equal(read["="], read["x[3]"] * read[f"× W_ih[{row}]"])
    assert torch.equal(kept["h[2]"][0], states[2])
    assert torch.equal(kept["="], kept["h[2]"] * rnn.weight_hh_l0[row].detach())
    assert one(page, "Σ x · W_ih") == pytest.approx(float(read["="].sum()), rel=1e-6)
    shown = steps["h state"] if kind == "rnn" else next(v for k, v in steps.items() if k.startswith(gate))
    assert one(page, f"{gate} = ") == pytest.approx(float(shown[2, 3]), rel=1e-5)
    assert one(page, "= h" if kind != "rnn" else "h = ") == pytest.approx(float(states[3, 2]), rel=1e-5)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sequence": "rnn", "nonlinearity": "relu", "bias": False, "hidden_size": 3},
        {"sequence": "gru", "read": "wave", "steps": 9, "period": 4},
        {"sequence": "lstm", "read": "random", "steps": 5, "features": 2, "noise": 3, "seed": 9},
        {"sequence": "gru", "read": "image", "dataset": "strokes", "sample": 4},
        {"sequence": "embedding"},
        {"sequence": "embedding", "words": "3 1 3 it's", "embedding_dim": 2},
        {"sequence": "embedding", "words": "7 0 7"},
    ],
)
def test_the_script_gives_the_numbers_on_screen(query: dict[str, object]) -> None:
    page = part(**query)
    assert not page.error and not page.warning
    names = run_code(page)
    y, same = names["y"], names["same"]
    assert isinstance(y, torch.Tensor) and torch.equal(y, same)  # type: ignore[arg-type]
    shown = pictures(page)[0]
    assert torch.equal(list(shown.values())[-1], y[0].detach().T)


def test_what_can_be_read(tmp_path: Path) -> None:
    wave = pictures(part(read="wave", steps=9, period=4))[0]["x"]
    torch.testing.assert_close(wave[0], torch.tensor([math.sin(math.pi * t / 2) for t in range(9)]))
    noise = pictures(part(read="random", steps=6, features=2, noise=3))[0]["x"]
    assert torch.equal(noise, torch.randn(1, 6, 2, generator=torch.Generator().manual_seed(3))[0].T)
    rows = pictures(part(read="image", dataset="strokes", sample=4))[0]["x"]
    image = load_dataset("strokes").test.images[4, 0] / 255
    assert torch.equal(rows, image.T)


def test_the_table_and_the_weights_hold_the_same_numbers() -> None:
    page = part(sequence="gru")
    steps = pictures(page)[0]
    table = page.dataframe[0].value
    assert len(table.columns) == 1 + sum(len(rows) for rows in steps.values())
    for name, rows in steps.items():
        for unit, row in enumerate(rows):
            assert torch.equal(torch.tensor(table[f"{name} [{unit}]"].to_numpy(), dtype=torch.float32), row)
    rnn, _ = torchs_own("gru", torch.zeros(1, 1))
    drawn = [floats(blobs[0], header["shape"]) for header, blobs in parts(page, "tiles")]
    for shown, weight in zip(drawn, rnn.parameters(), strict=True):
        assert torch.equal(shown.flatten(), weight.detach().flatten())


def test_a_step_and_a_unit_are_chosen_by_number_and_stay_in_the_url() -> None:
    page = part(sequence="lstm")
    page.number_input(key="layers-step").set_value(9).run()
    page.number_input(key="layers-unit").set_value(6).run()
    page.selectbox(key="layers-gate").select("o").run()
    assert [page.query_params[name] for name in ("step", "unit", "gate")] == ["9", "6", "o"]
    (header, _), *_rest = parts(page, "strips")
    assert header["selected"] == [9, 6]
    # Fewer steps and units than what is chosen: the last of them, and no complaint.
    page.text_input(key="layers-series").set_value("1 2 3").run()
    page.text_input(key="layers-hidden_size").set_value("4").run()
    assert not page.warning and not page.error
    assert parts(page, "strips")[0][0]["selected"] == [2, 3]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("0 1 x", "“x” is not a number."),
        ("0 1 nan", "“nan” is not a number."),
        ("1e40", "“1e40” is not a number."),
        ("0 1; 2", "Step 1 has 1 features, but step 0 has 2: each step needs the same."),
        (" ; ", "There is no step yet: type numbers, for example 0 0 1 0 0 0 1 1 1 0 0 0."),
        ("1 " * 201, "201 steps of 1 features are too many to follow; at most 200 of 64."),
    ],
)
def test_what_is_no_sequence_gets_a_sentence_and_stays(typed: str, sentence: str) -> None:
    page = part(series=typed)
    assert [error.value for error in page.error] == [sentence]
    assert page.text_input(key="layers-series").value == typed
    page.text_input(key="layers-series").set_value("−1; 2").run()
    assert not page.error
    assert pictures(page)[0]["x"].tolist() == [[-1, 2]]


def test_a_bad_option_of_the_registry_is_told() -> None:
    page = part(hidden_size="many")
    assert "hidden_size of RNN is 'many'" in page.error[0].value
    assert page.text_input(key="layers-hidden_size").value == "many"


def test_every_option_of_the_registry_has_its_control() -> None:
    for kind in [kind for kind in LAYERS.values() if kind.takes in ("sequence", "tokens")]:
        page = part(sequence=kind.name)
        keys = {element.key for group in ("text_input", "toggle", "selectbox") for element in page.get(group)}
        assert {f"layers-{field.name}" for field in kind.fields} <= keys


def test_an_embedding_looks_its_rows_up() -> None:
    page = part(sequence="embedding", step=4, seed=2)
    torch.manual_seed(2)
    weight = nn.Embedding(10, 4).weight.detach()
    out, table = pictures(page)
    assert torch.equal(out["y"].T, weight[[0, 1, 2, 3, 0, 4]])
    assert torch.equal(table["weight"].T, weight)
    header = parts(page, "strips")[1][0]
    assert header["marked"] == [0, 1, 2, 3, 4] and header["selected"][0] == 0
    assert header["labels"][:6] == ["0 the", "1 cat", "2 sat", "3 on", "4 mat", "5"]
    found = page.dataframe[0].value
    assert found["word"].tolist() == ["the", "cat", "sat", "on", "the", "mat"]
    assert found["x"].tolist() == [0, 1, 2, 3, 0, 4]


def test_a_table_too_small_for_the_words_can_be_mended() -> None:
    page = part(sequence="embedding", words="a b c d", num_embeddings=3)
    assert page.error[0].value == "“d” is number 3, but the table has 3 rows, 0 to 2."
    page.button(key="layers-fix").click().run()
    assert not page.error and page.query_params["num_embeddings"] == "4"
    page = part(sequence="embedding", words="99999999")
    assert "“99999999” is number 99999999" in page.error[0].value
    assert not [button for button in page.button if button.key == "layers-fix"]


def test_of_a_large_table_the_rows_that_matter_are_drawn() -> None:
    page = part(sequence="embedding", words="3 900", num_embeddings=1000)
    header = parts(page, "strips")[1][0]
    assert len(header["labels"]) == 129 and header["labels"][-1] == "900"
    assert header["marked"] == [3, 128]
