"""Changes of a drawing against torchvision's and plain numpy's, and the search against trying one by one."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

from nnlab.data import load_dataset
from nnlab.data.ink import CENTRE, PEN_WIDTH, grey, ink
from nnlab.drawing import drawing_for, drawing_to_image, image_logits, shipped_model
from nnlab.drawing.changes import Change, Inked, Resampled
from nnlab.drawing.flips import KINDS, Flip, Kind, find_flips
from nnlab.errors import LabError
from nnlab.nets.architecture import sequence
from nnlab.nets.presets import preset
from nnlab.training.weights import TrainedModel, WeightsInfo

SEVEN = [np.array([[90, 80], [190, 80], [170, 130], [125, 220]], float)]
NINE = [np.array([[180, 90], [130, 80], [110, 120], [150, 140], [180, 90], [170, 230]], float)]


def untrained(shape: tuple[int, int, int] = (1, 28, 28), seed: int = 0, name: str = "mlp") -> TrainedModel:
    """A network that is sure of nothing, so that small changes flip it."""
    architecture = preset(name)
    model = TrainedModel(OrderedDict(architecture.build(shape, 10, seed).named_children()))
    classes = tuple("abcdefghij")
    model.info = WeightsInfo(0, architecture, shape, classes, "x", (0.3,) * shape[0], (0.5,) * shape[0])
    return model.eval()


def test_a_drawing_that_is_not_changed_is_the_drawing() -> None:
    inked = Inked(SEVEN)
    assert torch.equal(inked.changed([Change()]), drawing_to_image(SEVEN))
    resampled = Resampled(inked.image)
    assert torch.equal(resampled.changed([Change(), Change(width=2)]), inked.image.expand(2, -1, -1, -1))


@pytest.mark.parametrize(
    "change",
    [Change(x=3, y=-2), Change(rotate=30), Change(slant=20), Change(scale=-0.3), Change(width=1.5),
     Change(x=0.5, rotate=-12, slant=8, scale=0.1)],
)  # fmt: skip
def test_paths_move_as_the_words_say(change: Change) -> None:
    inked = Inked(SEVEN)
    x, y = (inked.points - CENTRE).numpy().T
    x = x - math.tan(math.radians(change.slant)) * y  # upwards, which is where y is negative, to the right
    x, y = x * (1 + change.scale), y * (1 + change.scale)
    turn = np.exp(1j * math.radians(change.rotate)) * (x + 1j * y)  # y points down, so this is clockwise
    points = torch.from_numpy(np.stack([turn.real + change.x, turn.imag + change.y], 1) + CENTRE)
    radii = torch.full((1, len(points)), (PEN_WIDTH + change.width) / 2)
    by_hand = grey(ink(points[None], inked.joined[None], radii))
    found = inked.changed([Change(), change])[1]
    # The last bits of the points may differ, and a rounding of a pixel with them.
    assert (found.int() - by_hand.int()).abs().max() <= 1


@pytest.mark.parametrize(
    ("change", "degrees", "scale", "move"),
    [(Change(x=3, y=-2), 0, 1, [3, -2]), (Change(rotate=25), 25, 1, [0, 0]),
     (Change(scale=0.2), 0, 1.2, [0, 0]), (Change(x=1, rotate=-10, scale=-0.1), -10, 0.9, [1, 0])],
)  # fmt: skip
def test_images_are_resampled_as_torchvision_does(
    change: Change, degrees: float, scale: float, move: list[int]
) -> None:
    image = load_dataset("strokes").test.images[:1]
    side = image.shape[-1]
    wanted = tv.affine(
        image.float(), degrees, move, scale, [0.0, 0.0], InterpolationMode.BILINEAR,
        center=[side / 2 + 0.5, side / 2 + 0.5],  # it counts from the corner of the first pixel
    )  # fmt: skip
    found = Resampled(image).changed([change])
    assert (found.float() - wanted).abs().max() <= 1


def test_whole_pixels_are_moved_without_loss() -> None:
    image = load_dataset("strokes").test.images[3:4]
    moved = Resampled(image).changed([Change(x=3, y=-2)])
    assert torch.equal(moved[..., :-2, 3:], image[..., 2:, :-3])


def one_by_one(
    model: TrainedModel, drawing: Inked | Resampled, right: int, kind: Kind, step: float
) -> float | None:
    """The size of the smallest change on the grid, every one tried on its own."""
    said = int(image_logits(model, drawing_for(model, drawing.changed([Change()]))).argmax())
    found = []
    steps = np.arange(-200, 201) * step
    line = [value for value in steps if kind.low - 1e-9 <= value <= kind.high + 1e-9]
    places = [(x, y) for x in line for y in line] if kind.name == "shift" else [(value,) for value in line]
    for place in places:
        size = math.hypot(*place)
        if not 0 < size <= max(-kind.low, kind.high) + 1e-9:
            continue
        change = Change(x=place[0], y=place[1]) if kind.name == "shift" else Change(**{kind.name: place[0]})
        image = drawing_for(model, drawing.changed([change]))
        answer = int(image_logits(model, image).argmax())
        if (answer == right) if said != right else (answer != right):
            found.append(size)
    return min(found, default=None)


def size_of(flip: Flip) -> float | None:
    change = flip.change
    if change is None:
        return None
    return (
        math.hypot(change.x, change.y) if flip.kind.name == "shift" else abs(getattr(change, flip.kind.name))
    )


@pytest.mark.parametrize("as_image", [False, True], ids=["strokes", "image"])
def test_nothing_smaller_flips_the_answer(as_image: bool) -> None:
    """Against trying every value of every grid: the same, up to the refinement within one step."""
    some, nothing = 0, 0
    for seed, strokes in ((0, SEVEN), (1, NINE)):
        model, drawing = untrained(seed=seed), Inked(strokes)
        subject = Resampled(drawing.image) if as_image else drawing
        said = int(image_logits(model, drawing.image).argmax())
        for right in (said, (said + 1) % 10, (said + 2) % 10):
            found = find_flips(model, subject, right)
            assert found.said == said and found.is_right == (right == said)
            assert [flip.kind.name for flip in found.found] == [
                kind.name for kind in KINDS if not (as_image and kind.needs_pen)
            ]
            for flip in found.found:
                smallest, size = one_by_one(model, subject, right, flip.kind, flip.step), size_of(flip)
                if smallest is None:
                    nothing += 1
                    assert size is None and flip.image is None and flip.answer == -1
                    continue
                some += 1
                assert size is not None and flip.change is not None and flip.image is not None
                if flip.kind.name == "shift":
                    assert size == pytest.approx(smallest)
                else:
                    assert smallest - flip.step < size <= smallest + 1e-9
                # What is shown is the changed drawing, and the answer is the network's.
                assert torch.equal(flip.image, subject.changed([flip.change]))
                probabilities = image_logits(model, flip.image).softmax(0)
                assert int(probabilities.argmax()) == flip.answer
                assert (flip.answer == right) != found.is_right
                assert flip.probability == pytest.approx(float(probabilities.max()), abs=1e-5)
    assert some > 5 and nothing > 5


def test_the_refined_value_is_where_the_answer_changes() -> None:
    model, drawing = untrained(), Inked(SEVEN)
    said = int(image_logits(model, drawing.image).argmax())
    flips = {flip.kind.name: flip for flip in find_flips(model, drawing, said).found}
    change = flips["rotate"].change
    assert change is not None
    part = flips["rotate"].step / 64  # two rounds of eight parts
    before = Change(rotate=change.rotate - math.copysign(part, change.rotate))
    assert int(image_logits(model, drawing.changed([before])).argmax()) == said


def test_the_shipped_network_and_its_weights_stay_as_they_are() -> None:
    model = shipped_model()
    strides = [tensor.stride() for tensor in model.state_dict().values()]
    found = find_flips(model, Inked(SEVEN), 7)
    assert found.is_right and float(found.probabilities[7]) > 0.9
    assert strides == [tensor.stride() for tensor in model.state_dict().values()] and not model.training


def test_other_images_and_large_networks() -> None:
    model = untrained((3, 32, 32))
    image = torch.randint(0, 256, (1, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    assert [flip.kind.needs_pen for flip in find_flips(model, Resampled(image), 0).found] == [False] * 4
    drawn = find_flips(model, Inked(SEVEN), 0)
    shown = [flip.image.shape for flip in drawn.found if flip.image is not None]
    assert len(drawn.found) == 5 and all(shape == (1, 3, 32, 32) for shape in shown)
    wide = sequence("wide", ("conv2d", {"out_channels": 64, "padding": 1}),
                    ("conv2d", {"out_channels": 64, "padding": 1}), "flatten", "linear")  # fmt: skip
    large = TrainedModel(OrderedDict(wide.build((1, 28, 28), 10, 0).named_children()))
    large.info = WeightsInfo(0, wide, (1, 28, 28), tuple("abcdefghij"), "x", (0.1,), (0.3,))
    coarse = find_flips(large, Inked(SEVEN), 0).found
    assert all(flip.step > flip.kind.step and flip.tried for flip in coarse)


def test_there_is_no_such_class() -> None:
    with pytest.raises(LabError, match="classes 0 to 9"):
        find_flips(untrained(), Inked(SEVEN), 10)
    with pytest.raises(LabError, match="Nothing is drawn yet"):
        Inked([])
