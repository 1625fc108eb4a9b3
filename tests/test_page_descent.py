"""The page Gradient descent: its pictures get torch.optim's numbers, what is typed stays, links work."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets_page import component, facts
from streamlit.testing.v1 import AppTest

from nnlab.lessons.descent import RACERS, SCHEDULES, SURFACES, rates
from nnlab.ui.learn.descent import PARTS, planes

_APP = Path(__file__).parents[1] / "app.py"
_OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD([p], lr=0.07),
    "Momentum": lambda p: torch.optim.SGD([p], lr=0.023, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD([p], lr=0.023, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: torch.optim.RMSprop([p], lr=0.02),
    "Adagrad": lambda p: torch.optim.Adagrad([p], lr=0.5),
    "Adadelta": lambda p: torch.optim.Adadelta([p], lr=1.0),
    "Adam": lambda p: torch.optim.Adam([p], lr=0.1),
    "AdamW": lambda p: torch.optim.AdamW([p], lr=0.1),
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No dataset but the built-in one, and no runs."""
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNLAB_RUNS", str(tmp_path / "runs"))


def show(**query: object) -> AppTest:
    """The page at ``/descent?...``."""
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    app.switch_page("pages/learn/descent.py")
    for key, value in query.items():
        app.query_params[key.replace("_", "-")] = str(value)
    app.run()
    assert not app.exception, app.exception
    return app


def picture(page: AppTest, part: str) -> tuple[dict[str, Any], list[torch.Tensor]]:
    header, blobs = component(page, f"descent-picture-{part}")
    return header, [torch.from_numpy(np.frombuffer(blob, "<f4").copy()) for blob in blobs]


def trails(page: AppTest, part: str) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Points and losses by the names on the picture."""
    header, (_grid, *blobs) = picture(page, part)
    each = 2 + len(header["charts"])
    return {
        trail["name"]: (blobs[at * each].view(-1, 2), blobs[at * each + 1])
        for at, trail in enumerate(header["trails"])
    }


def run_code(page: AppTest) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(page.code[-1].value, names)
    return names


def ravine_by_hand(optimizer: Any, steps: int) -> torch.Tensor:
    point = torch.tensor([-4.5, 1.8], requires_grad=True)
    found, points = optimizer(point), [point.detach().clone()]
    for _ in range(steps):
        found.zero_grad()
        ((point[0] ** 2 + 25 * point[1] ** 2) / 2).backward()
        found.step()
        points.append(point.detach().clone())
    return torch.stack(points)


def answered(page: AppTest) -> bool:
    return any(":green[" in one.value for one in page.markdown)


# The race


def test_all_eight_race_by_torchs_own_steps() -> None:
    page = show(part="race", steps=30)
    found = trails(page, "race")
    assert list(found) == list(_OPTIMIZERS)
    for name, (points, losses) in found.items():
        assert torch.equal(points, ravine_by_hand(_OPTIMIZERS[name], 30)), name
        assert torch.equal(losses, (points[:, 0] ** 2 + 25 * points[:, 1] ** 2) / 2)
    ends = run_code(page)["ends"]
    assert all(torch.equal(ends[name], points[-1]) for name, (points, _) in found.items())


def test_looks_tell_the_racers_apart_without_colour() -> None:
    header, _ = picture(show(part="race"), "race")
    looks = [(one["look"]["dash"], one["look"]["marker"]) for one in header["trails"]]
    assert len(set(looks)) == len(looks) == 8


def test_a_setting_changes_its_racer_alone_and_the_url_holds_it() -> None:
    page = show(part="race", steps=20)
    before = trails(page, "race")
    page.selectbox(key="descent-of").select("adam").run()
    page.number_input(key="descent-set-adam-lr").set_value(0.3).run()
    page.number_input(key="descent-set-adam-beta1").set_value(0.5).run()
    assert page.query_params["set"] in ("adam.lr:0.3,adam.beta1:0.5", ["adam.lr:0.3,adam.beta1:0.5"])
    after = trails(page, "race")
    changed = {name for name in before if not torch.equal(before[name][0], after[name][0])}
    assert changed == {"Adam"}
    own = lambda p: torch.optim.Adam([p], lr=0.3, betas=(0.5, 0.999))  # noqa: E731
    assert torch.equal(after["Adam"][0], ravine_by_hand(own, 20))
    header, _ = picture(show(part="race", steps=20, set="adam.lr:0.3"), "race")
    assert [one["note"] for one in header["trails"] if one["name"] == "Adam"] == ["η 0.3"]


def test_who_races_is_chosen_and_colours_stay() -> None:
    page = show(part="race", steps=20)
    page.pills(key="descent-racers").set_value(["adam", "sgd"]).run()
    assert page.query_params["racers"] in ("sgd,adam", ["sgd,adam"])
    header, _ = picture(page, "race")
    assert [(one["name"], one["look"]["color"]) for one in header["trails"]] == [("SGD", 0), ("Adam", 6)]
    page.pills(key="descent-racers").set_value([]).run()
    assert "choose at least one" in page.info[0].value and not page.exception
    page.pills(key="descent-racers").set_value(["adamw"]).run()
    assert list(trails(page, "race")) == ["AdamW"]


def test_another_surface_has_its_own_start_and_the_grid_is_torchs() -> None:
    page = show(part="race", x=1, y=-1, steps=20, set="adam.lr:9")
    page.selectbox(key="descent-surface").select("himmelblau").run()
    himmelblau = SURFACES["himmelblau"]
    header, (grid, *_rest) = picture(page, "race")
    assert header["start"] == list(himmelblau.start) and "set" not in page.query_params
    assert torch.equal(grid.view(81, 81), himmelblau.grid(81))
    assert header["levels"] == sorted(header["levels"])


def test_a_racer_that_diverges_is_named() -> None:
    header, _ = picture(show(part="race", set="sgd.lr:1"), "race")
    (sgd,) = (one for one in header["trails"] if one["name"] == "SGD")
    assert sgd["diverged"] < 10 and sgd["lost"] == f"diverged at step {sgd['diverged']}"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"set": "adam.lr:much"}, "“much” is not a number."),
        ({"set": "adam.lr:-1"}, "-1.0 is not a learning rate"),
        ({"set": "lion.lr:1"}, "There is no optimizer 'lion'"),
        ({"racers": "lion,sgd"}, "There is no optimizer `lion`"),
        ({"surface": "hill"}, "`surface=hill`"),
        ({"x": "99"}, "`x=99`"),
        ({"y": "nan"}, "`y=nan`"),
        ({"steps": "1000000000000"}, "`steps=1000000000000`"),
    ],
)
def test_nonsense_in_a_link_gets_a_sentence(query: dict[str, str], sentence: str) -> None:
    page = show(part="race", **query)
    told = [one.value for one in (*page.warning, *page.error)]
    assert any(sentence in one.replace("\\", "") for one in told), told
    assert trails(page, "race")


def test_nobody_leaves_the_ridge_of_the_saddle() -> None:
    page = show(part="race", surface="saddle", y=0.5)
    assert not answered(page)
    page.number_input(key="descent-y").set_value(0.0).run()
    assert answered(page)
    assert all(float(points[-1, 1]) == 0 for points, _ in trails(page, "race").values())


# One dimension


def test_the_ball_takes_sgds_steps() -> None:
    page = show(part="line")
    _header, (xs, ys, points, losses, slopes, steps) = picture(page, "line")
    assert torch.equal(ys, xs**2) and len(points) == 31
    assert torch.equal(slopes, 2 * points) and torch.equal(losses, points**2)
    x = torch.tensor(2.0)
    for at in range(5):
        assert points[at] == x and steps[at] == torch.tensor(0.1)
        x = x - 0.1 * (2 * x)
    assert float(run_code(page)["point"].detach()) == float(points[-1])
    assert facts(page)["diverges from η ="] == "1"


def test_half_goes_down_in_one_step() -> None:
    page = show(part="line")
    assert not answered(page)
    page.select_slider(key="descent-eta").set_value(0.5).run()
    assert answered(page) and page.query_params["eta"] in ("0.5", ["0.5"])
    assert not answered(show(part="line", eta=0.45))


@pytest.mark.parametrize("curve", ["double_well", "waves", "plateau", "kink"])
def test_every_curve_is_drawn(curve: str) -> None:
    page = show(part="line", curve=curve, walker="adam")
    _header, (xs, ys, points, *_rest) = picture(page, "line")
    assert len(xs) == len(ys) == 401 and len(points) == 31


def test_a_rate_that_diverges_is_told() -> None:
    page = show(part="line", eta=3.2)
    assert any("diverged at step" in value for value in facts(page).values())


# One update


def table(page: AppTest) -> list[tuple[str, float, str]]:
    """Symbol, value and what is said of torch's, line by line."""
    (text,) = (one.proto.body for one in page.get("html") if "nnlab-update" in one.proto.body)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>.*?class="value">(.*?)<small>(.*?)</small></td>', text)
    return [(html.unescape(symbol), float(value), html.unescape(said)) for symbol, value, said in rows]


@pytest.mark.parametrize("name", RACERS)
def test_the_update_on_screen_is_torchs(name: str) -> None:
    page = show(part="update", optimizer=name, step=4, parameter="y")
    lines = table(page)
    expected = ravine_by_hand(_OPTIMIZERS[RACERS[name].title], 4)
    gradient = 25 * expected[3, 1]
    assert torch.tensor(lines[0][1]) == gradient
    assert lines[-1][0] == "y new"
    torch.testing.assert_close(torch.tensor(lines[-1][1]), expected[4, 1], rtol=3e-7, atol=0)
    assert ("same bits" in lines[-1][2]) == (torch.tensor(lines[-1][1]) == expected[4, 1])
    assert torch.equal(run_code(page)["point"].detach(), expected[4])
    header, _ = picture(page, "update")
    assert header["step"] == 4


def test_the_step_is_walked_and_momentum_overshoots() -> None:
    page = show(part="update", optimizer="momentum", parameter="y")
    seen = set()
    for step in range(1, 12):
        page.slider(key="descent-step").set_value(step).run()
        lines = {symbol: value for symbol, value, _ in table(page)}
        seen.add(lines["v"] * lines["g"] < 0)
        if answered(page):
            break
    assert seen == {False, True} and answered(page)


def test_a_descent_that_is_over_early_has_fewer_steps() -> None:
    page = show(part="update", surface="rosenbrock", optimizer="sgd", lr=5, step=50)
    assert not page.exception and page.slider(key="descent-step").value < 10
    assert table(page)


# Rates and schedules


def test_three_rates_and_ones_own() -> None:
    page = show(part="rate", own=0.05)
    found = trails(page, "rate")
    names = ["too small", "just right", "too large", "yours"]
    assert list(found) == names
    for name, lr in zip(names, (0.0016, 0.04, 0.088, 0.05), strict=True):
        points, _ = found[name]
        sgd = lambda p, lr=lr: torch.optim.SGD([p], lr=lr)  # noqa: E731
        assert torch.equal(points, ravine_by_hand(sgd, len(points) - 1))
    assert facts(page)["diverges from η = 2 / λmax"] == "0.08"
    assert not answered(page)
    ends = run_code(page)["ends"]
    assert all(torch.equal(ends[name], found[name][0][-1]) for name in names)
    assert answered(show(part="rate", own=0.077))


@pytest.mark.parametrize("method", ["momentum", "nesterov"])
def test_the_bound_is_that_of_the_method(method: str) -> None:
    page = show(part="rate", method=method, surface="bowl")
    (shown,) = (value for name, value in facts(page).items() if name.startswith("diverges"))
    expected = {"momentum": 2 * 1.9 / 2, "nesterov": 2 * 1.9 / (2.8 * 2)}[method]
    assert float(shown) == pytest.approx(expected, rel=1e-5)


def test_schedules_are_drawn_as_torch_sets_them() -> None:
    page = show(part="schedules", schedules=",".join(SCHEDULES), run=40)
    header, (_grid, *blobs) = picture(page, "schedules")
    assert len(header["trails"]) == len(SCHEDULES)
    for at, name in enumerate(SCHEDULES):
        assert torch.equal(blobs[4 * at + 2], torch.tensor(rates(name, 0.07, 40), dtype=torch.float32)), name
    names = run_code(page)
    assert names["scheduler"].last_epoch == 40


def test_a_schedule_saves_what_would_diverge() -> None:
    page = show(part="schedules")
    assert not answered(page)
    page.select_slider(key="descent-peak").set_value(0.09).run()
    assert answered(page)
    found = trails(page, "schedules")
    assert float(found["Constant"][1][-1]) > 100 > 0.1 > float(found["CosineAnnealingLR"][1][-1])


# A network's loss


def test_a_race_on_a_networks_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "GRID", 3)
    monkeypatch.setattr("nnlab.ui.learn.descent.network.GRID", 3)
    query = {"part": "race", "surface": "network", "racers": "sgd,adam", "net_steps": 5, "plane": 7}
    page = show(**query)
    for _ in range(2):  # the map, then the race
        for program in list(planes._programs._kept.values()):
            program.wait()
            assert program.problem is None, program.problem
        page.run()
        assert not page.exception
    found = trails(page, "network")
    assert list(found) == ["SGD", "Adam"]
    for points, losses in found.values():
        assert len(points) == len(losses) == 6 and float(losses[-1]) < float(losses[0])
    assert not page.error
    other = page.selectbox(key="descent-surface").select("bowl").run()
    assert list(trails(other, "race")) == ["SGD", "Adam"]


class _Lingering(planes.Program):
    """A program that has told all but not ended yet."""

    def __init__(self) -> None:
        self.rows = tuple({"row": [3.0, 2.0, 1.0]} for _ in range(3))
        self.lines, self.problem, self.stopped, self.waiting = self.rows[:2], None, False, False
        self._seen = {}

    @property
    def running(self) -> bool:
        return not self.stopped

    def stop(self) -> None:
        self.stopped = True


def test_a_map_that_is_here_but_has_not_ended_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "GRID", 3)
    monkeypatch.setattr("nnlab.ui.learn.descent.network.GRID", 3)
    lingering = _Lingering()
    monkeypatch.setattr("nnlab.ui.learn.descent.network.map_program", lambda plane: lingering)
    page = show(part="race", surface="network", racers="sgd", plane=9)
    lingering.lines = lingering.rows
    page.run()
    assert not lingering.stopped and not page.exception
    page.button(key="descent-network-stop").click().run()  # that of the race


def test_a_network_that_cannot_be_read_is_told_and_not_begun_again_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    monkeypatch.setattr("nnlab.ui.learn.descent.network.networks", lambda: {planes.SHIPPED: ("", broken)})
    page = show(part="race", surface="network", racers="sgd", plane=10)
    (program,) = (one for one in planes._programs._kept.values() if one.running)
    program.wait()
    for _ in range(2):
        page.run()
        assert len(page.error) == 1 and not page.exception
    page.button(key="descent-network-run").click().run()
    (again,) = (one for one in planes._programs._kept.values() if one.running)
    assert again is not program
    again.stop()


def test_stopping_leads_back_to_the_usual_surface() -> None:
    page = show(part="race", surface="network", plane=8)
    (program,) = (one for one in planes._programs._kept.values() if one.running)
    page.button(key="descent-network-stop").click().run()
    assert program.stopped and "surface" not in page.query_params and not page.exception
    assert len(trails(page, "race")) == 8


def test_the_other_parts_do_not_know_a_networks_plane() -> None:
    page = show(part="update", surface="network", x=0.5)
    assert not page.warning and table(page)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_part_is_drawn_in_both_languages(part: str, language: str) -> None:
    page = show(part=part, lang=language)
    assert page.code and picture(page, part)[0]["label"]
