"""The built-in dataset: its images, their size and place, and the file that keeps them."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nnlab.data.ink import centre_of_mass
from nnlab.data.strokes import TEST_COUNT, TRAIN_COUNT, build_strokes, cache, glyphs, load_strokes, pen
from nnlab.data.strokes.curves import spline
from nnlab.errors import LabError


@pytest.fixture(scope="module")
def written():
    return pen.write_digits(2000, seed=7)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A dataset of 40 + 20 images, built at once, and a user's cache directory of the test's own."""
    monkeypatch.setattr(cache, "build_strokes", lambda: build_strokes(40, 20))
    monkeypatch.setattr(cache, "cache_root", lambda: tmp_path / "user")
    return tmp_path


def cache_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.*")) if folder.exists() else []


def same(one, other):
    return all(
        torch.equal(a, b)
        for a, b in (
            (one.train.images, other.train.images),
            (one.train.labels, other.train.labels),
            (one.test.images, other.test.images),
            (one.test.labels, other.test.labels),
        )
    )


def test_whole_set(tmp_path):
    data = load_strokes(tmp_path)
    assert data.train.images.shape == (TRAIN_COUNT, 1, 28, 28) == (20_000, 1, 28, 28)
    assert data.test.images.shape == (TEST_COUNT, 1, 28, 28) == (4_000, 1, 28, 28)
    assert data.train.images.dtype == torch.uint8 and data.train.labels.dtype == torch.int64
    assert data.name == "strokes" and data.drawable and data.classes == tuple("0123456789")
    assert data.train.labels.bincount().tolist() == [2000] * 10
    assert data.test.labels.bincount().tolist() == [400] * 10
    scaled = data.train.images.double() / 255
    assert data.mean == pytest.approx((float(scaled.mean()),), abs=1e-9)
    assert data.std == pytest.approx((float(scaled.std(correction=0)),), abs=1e-9)
    # No image comes twice, within a split or across the two.
    every = torch.cat((data.train.images, data.test.images)).flatten(1)
    assert len(torch.unique(every, dim=0)) == len(every)
    assert same(data, load_strokes(tmp_path))


def test_seed_decides():
    one, again, other = (pen.write_digits(200, seed) for seed in (3, 3, 4))
    assert torch.equal(one.images, again.images) and torch.equal(one.labels, again.labels)
    assert not torch.equal(one.images, other.images) and not torch.equal(one.labels, other.labels)


def test_thread_count_does_not_matter():
    before, splits = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            splits.append(pen.write_digits(100, 5))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(splits[0].images, splits[1].images)


def test_building_leaves_torchs_threads_alone():
    before = torch.get_num_threads()
    build_strokes(20, 10)
    with ThreadPoolExecutor(1) as pool:
        assert torch.get_num_threads() == pool.submit(torch.get_num_threads).result() == before


def test_labels_are_balanced_and_mixed(written):
    assert written.labels.bincount().tolist() == [200] * 10
    assert written.labels.diff().ne(0).float().mean() > 0.8  # 0.9 when shuffled, 0.005 when sorted


@pytest.mark.parametrize("digit", range(10))
def test_masters_of_a_way_fit_together(digit):
    assert len(glyphs.DIGITS[digit]) >= 4
    for way in glyphs.DIGITS[digit]:
        plans = {re.sub(r"[0-9]+,[0-9]+", "point", master) for master in way.masters}
        assert len(plans) == 1 and re.fullmatch(r"point!?(?: /? ?point!?)+", plans.pop())


def test_a_steady_hand_draws_the_glyph():
    steady = pen.Pen(**{field.name: 0.0 for field in fields(pen.Pen)} | {"width": 2.4, "beyond": -1.0})
    split = pen.write_digits(2000, 0, steady)
    for digit in range(10):
        # Without chance, one image for each way of writing.
        found = split.images[split.labels == digit].flatten(1).unique(dim=0)
        assert len(found) == len(pen.ways_of(digit))


def test_spline():
    knots = torch.tensor([0.0, 1.0, 2.5, 3.0, 5.0], dtype=torch.float64)
    at = torch.linspace(0, 5, 5001, dtype=torch.float64)
    matrix = spline(knots, at)
    assert torch.allclose(spline(knots, knots), torch.eye(5, dtype=torch.float64), atol=1e-12)  # interpolates
    line = torch.stack((2 * knots - 1, torch.ones(5, dtype=torch.float64)), 1)
    assert torch.allclose(matrix @ line, torch.stack((2 * at - 1, torch.ones(5001).double()), 1), atol=1e-12)
    curve = matrix @ torch.tensor([0.0, 2.0, -1.0, 1.0, 0.5], dtype=torch.float64)
    second = curve.diff(n=2) / 1e-3**2
    assert second.diff().abs().max() < 0.05  # continuous: linear between knots, without a jump at them
    assert second[[0, -1]].abs().max() < 0.05  # natural ends


def test_more_chance_makes_hands_differ_more():
    calm, wild = (
        pen.write_digits(500, 1, replace(pen.Pen(), slant=slant)).images.float() for slant in (1.0, 25.0)
    )
    assert wild.std(0).mean() > calm.std(0).mean()


@pytest.mark.parametrize("count", [0, -10, 15])
def test_counts_that_cannot_be_balanced(count):
    with pytest.raises(LabError, match="shared out"):
        pen.write_digits(count, 0)


def test_place_is_mnists(written):
    astray = (centre_of_mass(written.images[:, 0]) - 14.0).abs().amax(1) > 0.1
    edges = (written.images[..., [0, -1], :].amax((1, 2, 3)), written.images[..., [0, -1]].amax((1, 2, 3)))
    at_the_edge = torch.maximum(*edges) > 40
    # A long tail may leave no room for centring; such digits end at the image's edge instead.
    assert not (astray & ~at_the_edge).any()
    assert astray.float().mean() < 0.005


def longest_side(images, threshold):
    """From the first inked row or column to the last, (N,)."""
    inked, index = images[:, 0] > threshold, torch.arange(28)
    sides = []
    for lines in (inked.any(1), inked.any(2)):
        first = torch.where(lines, index, 28).amin(1)
        sides.append(torch.where(lines, index, -1).amax(1) - first + 1)
    return torch.maximum(*sides)


def test_longest_side_is_mnists(written):
    # 20 pixels of ink touch 21 pixels unless they lie on the grid, and leave little in the outermost.
    touched, dark = longest_side(written.images, 0), longest_side(written.images, 100)
    assert touched.min() >= 20 and touched.max() <= 21
    assert dark.min() >= 19 and dark.max() <= 21


def test_grey_and_dark_are_like_mnists(written):
    # MNIST: mean 0.1307, standard deviation 0.3081, some 60 % of the ink neither black nor white.
    values = written.images.float() / 255
    assert values.mean() == pytest.approx(0.1307, abs=0.01)
    assert values.std() == pytest.approx(0.3081, abs=0.01)
    inked = written.images[written.images > 0]
    assert (inked < 255).float().mean() == pytest.approx(0.62, abs=0.05)


def test_kept_and_read_again(small, monkeypatch):
    first = load_strokes(small / "data")
    (path,) = cache_files(small / "data")
    assert path.parent == small / "data" / "strokes" and not cache_files(small / "user")
    with safe_open(path, framework="pt") as file:
        assert "dataset" in file.metadata()
    monkeypatch.setattr(cache, "build_strokes", lambda: pytest.fail("built although there is a file"))
    again = load_strokes(small / "data")
    assert same(first, again)
    assert (again.mean, again.std, again.to_json()) == (first.mean, first.std, first.to_json())


def test_data_root_from_the_environment(small, monkeypatch):
    monkeypatch.setenv("NNLAB_DATA", str(small / "elsewhere"))
    load_strokes()
    assert len(cache_files(small / "elsewhere")) == 1


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def _empty(path):
    path.write_bytes(b"")


def _garbage(path):
    path.write_bytes(os.urandom(5000))


def _flip(path):
    whole = bytearray(path.read_bytes())
    whole[-500] ^= 1
    path.write_bytes(whole)


def _other_header(path):
    save_file(load_file(path), path, {"dataset": "{", "sha256": "0"})


def _bad_json(path):
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file(load_file(path), path, {**header, "dataset": "{"})


@pytest.mark.parametrize("damage", [_cut, _empty, _garbage, _flip, _other_header, _bad_json])
def test_damaged_file_is_replaced(small, damage, monkeypatch):
    first = load_strokes(small)
    (path,) = cache_files(small / "strokes")
    whole = path.read_bytes()
    damage(path)
    assert path.read_bytes() != whole
    assert same(first, load_strokes(small))
    assert cache_files(small / "strokes") == [path]
    monkeypatch.setattr(cache, "build_strokes", lambda: pytest.fail("the file was not replaced"))
    assert same(first, load_strokes(small))


def test_a_changed_pen_is_not_served_old_images(small, monkeypatch):
    old = load_strokes(small)
    changed = small / "pen.py"
    changed.write_text(Path(pen.__file__).read_text() + "\n# thicker\n")
    monkeypatch.setattr(cache.pen, "__file__", str(changed))
    monkeypatch.setattr(cache, "build_strokes", lambda: build_strokes(30, 10))
    new = load_strokes(small)
    assert len(new.train) == 30 != len(old.train)
    assert len(cache_files(small / "strokes")) == 2


def test_data_root_that_nobody_may_write_to(small):
    root = small / "readonly"
    root.mkdir()
    root.chmod(0o555)
    first = load_strokes(root)
    assert list(root.iterdir()) == []
    assert len(cache_files(small / "user")) == 1
    assert same(first, load_strokes(root))


def test_nowhere_to_write(small, monkeypatch):
    (small / "file").write_text("in the way")
    monkeypatch.setattr(cache, "cache_root", lambda: small / "file")
    assert len(load_strokes(small / "file").train) == 40
    assert (small / "file").read_text() == "in the way"


def test_full_disk_leaves_nothing_behind(small, monkeypatch):
    def no_space(tensors, path, header):
        Path(path).write_bytes(b"half a fi")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "save_file", no_space)
    assert len(load_strokes(small / "data").train) == 40
    assert [path for path in cache_files(small) if path.is_file()] == []
