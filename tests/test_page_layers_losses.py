"""Losses on the Layers page: every number is plain torch's, what is typed stays, the code runs."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
import torch
from datasets_page import facts
from layers_page import run_code, show
from published import write_dataset
from streamlit.testing.v1 import AppTest
from torch import nn
from torch.nn import functional as F

from nnlab.data import load_dataset
from nnlab.drawing import shipped_model
from nnlab.lens import LOGIT_PATHS, LOSS_KINDS

_LOGITS = "1.5, -2, 0.25, 3"
_TARGETS = "0, 1, 0.5, 1"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset but the built-in one, and no runs."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))


def part(**query: object) -> AppTest:
    page = show(part="losses", **query)
    assert not page.exception, page.exception
    return page


def tables(page: AppTest) -> list[dict[str, list[str]]]:
    """The columns of each table by their titles; bars are the width of each in percent, with its sign."""
    found = []
    for block in page.get("html"):
        text = block.proto.body
        if "nnlab-bars" not in text:
            continue
        titles = [html.unescape(title) for title in re.findall(r'<th scope="col">(.*?)</th>', text)]
        columns: dict[str, list[str]] = {title: [] for title in titles}
        for row in re.findall(r"<tr(?: class=chosen)?>(.*?)</tr>", text.partition("<tbody>")[2]):
            cells = re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", row)
            for title, (kind, cell) in zip(titles, cells, strict=True):
                columns[title].append(_width(cell) if "bar" in kind else html.unescape(cell))
        found.append(columns)
    return found


def _width(bar: str) -> str:
    return re.search(r"width:([\d.]+)%", bar)[1]  # type: ignore[index]


def floats(column: list[str]) -> torch.Tensor:
    return torch.tensor([float(text) for text in column])


def query_of(kind: str, temperature: float) -> dict[str, object]:
    target = {"target": 2} if LOSS_KINDS[kind].takes_labels else {"targets": _TARGETS}
    return {"loss": kind, "logits": _LOGITS, "temperature": temperature, **target}


def torchs_own(kind: str, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and its gradient by the logits (K,), by a module of torch's own."""
    z = torch.tensor([[1.5, -2, 0.25, 3]], requires_grad=True)
    labels, values = torch.tensor([2]), torch.tensor([[0, 1, 0.5, 1]])
    loss = {
        "cross_entropy": lambda: nn.CrossEntropyLoss()(z / temperature, labels),
        "nll": lambda: nn.NLLLoss()(F.log_softmax(z / temperature, 1), labels),
        "mse": lambda: nn.MSELoss()(z, values),
        "bce": lambda: nn.BCELoss()(torch.sigmoid(z / temperature), values),
        "bce_with_logits": lambda: nn.BCEWithLogitsLoss()(z / temperature, values),
    }[kind]()
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.detach(), gradient[0]


@pytest.mark.parametrize("kind", LOGIT_PATHS)
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_value_terms_and_gradient_are_torchs(kind: str, temperature: float) -> None:
    page = part(**query_of(kind, temperature))
    loss, gradient = torchs_own(kind, temperature)
    shown = facts(page)
    assert torch.tensor(float(shown[f"nn.{LOGIT_PATHS[kind].module}"])) == loss
    _before, steps, slopes = tables(page)
    torch.testing.assert_close(floats(slopes["autograd"]), gradient, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(floats(slopes["formula"]), gradient, rtol=1e-4, atol=1e-6)
    half = 50 if bool((gradient < 0).any()) else 100  # a bar from zero in the middle, or at the edge
    widths = half * gradient.abs() / gradient.abs().max()
    torch.testing.assert_close(floats(slopes["∂loss / ∂logit"]), widths, atol=0.011, rtol=0)
    last = [text for text in list(steps.values())[-1] if text]
    assert float(loss) == pytest.approx(sum(map(float, last)) / len(last), rel=1e-3)
    if not LOSS_KINDS[kind].takes_labels:
        assert len(last) == 4
        assert float(shown["÷ 4 = mean"]) == pytest.approx(float(loss), rel=1e-6)
        assert float(shown["sum of 4 terms"]) == pytest.approx(4 * float(loss), rel=1e-6)
    which = 2 if LOSS_KINDS[kind].takes_labels else 0
    assert float(shown["slope"]) == pytest.approx(float(gradient[which]), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_probabilities_are_torchs_softmax(temperature: float) -> None:
    z = torch.tensor([1.5, -2, 0.25, 3])
    softmax = tables(part(**query_of("nll", temperature)))[0]
    wanted = F.softmax(z / temperature, 0)
    torch.testing.assert_close(floats(softmax["probability"]), wanted, rtol=1e-3, atol=0)
    torch.testing.assert_close(floats(softmax[""]) / 100, wanted, rtol=0, atol=1e-4)
    assert softmax["class"] == ["0", "1", "2, target", "3"]
    sigmoid = tables(part(**query_of("bce", temperature)))[0]
    torch.testing.assert_close(
        floats(sigmoid["probability"]), torch.sigmoid(z / temperature), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("kind", LOGIT_PATHS)
def test_the_script_gives_the_numbers_on_screen(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = part(**query_of(kind, 2.5))
    names = run_code(page)
    loss, gradient = torchs_own(kind, 2.5)
    assert torch.equal(names["loss"].detach(), loss)  # type: ignore[attr-defined]
    assert torch.equal(names["loss"], names["same"])  # type: ignore[arg-type]
    assert torch.equal(names["logits"].grad[0], gradient)  # type: ignore[attr-defined]
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].endswith("True")


@pytest.mark.parametrize("kind", LOGIT_PATHS)
def test_the_curve_goes_through_the_present_point(kind: str) -> None:
    page = part(**query_of(kind, 1.0), move=1)
    loss, gradient = torchs_own(kind, 1.0)
    (chart,) = page.get("plotly_chart")
    curve, slope, now = json.loads(chart.proto.spec)["data"]
    assert now["x"] == [-2] and now["y"][0] == pytest.approx(float(loss))
    assert (slope["y"][1] - slope["y"][0]) / 4 == pytest.approx(float(gradient[1]), rel=1e-4)
    assert (curve["x"][0], curve["x"][-1]) == (-10, 10) and len(curve["x"]) == len(curve["y"])
    near = min(range(len(curve["x"])), key=lambda at: abs(curve["x"][at] + 2))
    assert curve["y"][near] == pytest.approx(float(loss), rel=1e-2)


def test_a_slider_moves_its_logit_and_the_url_follows() -> None:
    page = part(logits="2, 1, 0.1")
    page.slider(key="layers-logit-1").set_value(-3.5).run()
    assert page.query_params["logits"] == "2, -3.5, 0.1"
    assert page.text_input(key="layers-logits").value == "2, -3.5, 0.1"
    assert tables(page)[0]["logit"] == ["2", "-3.5", "0.1"]
    page.slider(key="layers-temperature").set_value(2.0).run()
    page.number_input(key="layers-target").set_value(2).run()
    page.selectbox(key="layers-loss").select("nll").run()
    found = [page.query_params[name] for name in ("loss", "target", "temperature")]
    assert found == ["nll", "2", "2"]
    page.text_input(key="layers-logits").set_value("25, -30").run()  # beyond the usual ends of the sliders
    assert page.slider(key="layers-logit-1").value == -30 and page.slider(key="layers-logit-0").max == 30
    assert page.query_params["target"] == "1" and not page.warning  # class 2 is gone


def test_classes_that_are_taken_away_come_back() -> None:
    page = part(logits="2, 1, 0.1, 7", loss="mse", targets="1, 0, 0, 5")
    page.number_input(key="layers-classes").set_value(2).run()
    assert page.query_params["logits"] == "2, 1" and page.query_params["targets"] == "1, 0"
    assert not page.error
    page.number_input(key="layers-classes").set_value(5).run()
    assert page.query_params["logits"] == "2, 1, 0.1, 7, 0" and not page.error


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"logits": "1, two, 3"}, "“two” is not a number."),
        ({"logits": "1, inf"}, "“inf” is not a number."),
        ({"logits": "1"}, "There are 1 logits; from 2 to 10 can be shown."),
        ({"logits": "0 " * 11}, "There are 11 logits; from 2 to 10 can be shown."),
        ({"logits": "1e9, 0"}, "1e+09 is too large to show; at most 1e+06."),
        (
            {"loss": "mse", "targets": "1, 0"},
            "There are 3 logits, but 2 numbers in the target: one for each is needed.",
        ),
        ({"loss": "bce", "targets": "1, 0, 2"}, "2 is no probability: these lie in 0 to 1."),
        ({"loss": "bce_with_logits", "targets": "1, 0, -1"}, "-1 is no probability: these lie in 0 to 1."),
        ({"loss": "mse", "targets": "1, 0, yes"}, "“yes” is not a number."),
    ],
)
def test_nonsense_gets_a_sentence_and_stays(query: dict[str, str], sentence: str) -> None:
    page = part(**query)
    assert [error.value for error in page.error] == [sentence]
    name = "targets" if "targets" in query else "logits"
    assert page.text_input(key=f"layers-{name}").value == query[name]
    page.text_input(key=f"layers-{name}").set_value("0, 1, 0").run()
    assert not page.error and len(tables(page)) == 3


@pytest.mark.parametrize("temperature", ["warm", "0", "nan", "99"])
def test_a_temperature_that_cannot_be_is_told(temperature: str) -> None:
    page = part(temperature=temperature)
    assert f"`temperature={temperature}`" in page.warning[0].value
    assert "a number from 0.1 to 5. 1 is used instead" in page.warning[0].value.replace("allowed: ", "")
    assert page.slider(key="layers-temperature").value == 1


def test_a_saturated_sigmoid_is_told() -> None:
    page = part(loss="bce", logits="200, 0", targets="0, 1")
    assert "BCEWithLogitsLoss keeps it" in page.warning[0].value
    assert not part(loss="bce_with_logits", logits="200, 0", targets="0, 1").warning
    assert not part(loss="bce", logits="2, 0", targets="0, 1").warning


@pytest.mark.parametrize("name", ["mnist", "strokes"])  # the second where the first is not there
def test_the_shipped_networks_logits_are_a_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "mnist":
        write_dataset(name, tmp_path / "data", monkeypatch)
    data, model = load_dataset(name), shipped_model()
    page = part(sample=5)
    page.button(key="layers-take-logits").click().run()
    mean, std = torch.tensor(model.info.mean), torch.tensor(model.info.std)
    with torch.no_grad():
        wanted = model((data.test.images[5:6] / 255 - mean[:, None, None]) / std[:, None, None])[0]
    found = torch.tensor([float(text) for text in page.query_params["logits"].split(",")])
    torch.testing.assert_close(found, wanted)
    assert int(page.query_params.get("target", "0")) == int(data.test.labels[5])
    loss = F.cross_entropy(found[None], data.test.labels[5:6])
    assert torch.tensor(float(facts(page)["nn.CrossEntropyLoss"])) == loss
