"""The source "A photograph": digits on paper, each with its box and its own answer; one of them is read on.

For a network that has learned from other pictures than drawings, the whole photograph is brought to the size
of its images instead (`nnlab.ui.draw.photo_whole`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import streamlit as st
import torch
from PIL import Image

from nnlab.data.ink import PEN_WIDTH
from nnlab.data.own_images import is_own
from nnlab.drawing import drawing_for
from nnlab.drawing.photo.digits import Digit
from nnlab.training.weights import TrainedModel
from nnlab.ui.components.pad import MOST_BARS, Answer, sentence_of
from nnlab.ui.components.photo import Boxed, Layer, photo
from nnlab.ui.draw.photo_choice import choose_shot, title_of
from nnlab.ui.draw.photo_shots import Facts, Shot
from nnlab.ui.draw.photo_whole import whole_picture
from nnlab.ui.draw.reader import Reader, answer_to
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark

_LINKED = Linked("draw")

_LAYERS = {
    "photo": mark("Photograph"),
    "grey": mark("Grey"),
    "even": mark("Even light"),
    "ink": mark("Black and white"),
    "thin": mark("Lines"),
}
_STAGES = (mark("Cut out"), mark("Black and white"), mark("Thinned"), mark("What the network sees"))


def photographed(chosen: Reader) -> Subject | None:
    """Take or choose a photograph; its digits, and the selected one as the page's subject."""
    whole = _is_whole(chosen)
    label = _("Pictures") if whole else _("Photographs of written digits")
    shot = choose_shot(label, examples=not whole)
    if shot is None:
        return None
    if whole:
        return whole_picture(chosen, shot)
    classes = chosen.model.info.classes
    answers = _answers(shot, chosen.model)
    sheet, tiles = _sheet(shot.digits, answers)
    selected = photo(
        [Layer(_(title), _note(name, shot.facts), shot.files[name]) for name, title in _LAYERS.items()],
        shot.size,
        [_boxed(shot, i, answer, classes) for i, answer in enumerate(answers)],
        [_(stage) for stage in _STAGES],
        sheet,
        tiles,
        key=f"photo-{shot.key}",
        label=_("Photograph: {name}.", name=title_of(shot)),
    )
    dropped = _dropped(shot.facts)
    if dropped:
        st.caption(dropped)
    if selected is None:
        st.info(_("No digits were found."), icon=":material/info:")
        return None
    with st.expander(_("As a table"), icon=":material/table:"):
        _table(shot, answers, classes)
    return Subject(torch.from_numpy(answers[selected].image)[None])


def _is_whole(chosen: Reader) -> bool:
    """Whether the network is given the whole picture. For one that has learned a person's own images, which
    may be drawings or photographs, the reader decides; those in colour are usually photographs."""
    info = chosen.model.info
    if not chosen.drawable:
        return True
    if not is_own(info.dataset):
        return False
    usual = "whole" if info.in_shape[0] == 3 else "pieces"
    titles = {"pieces": _("Each piece of writing"), "whole": _("The whole picture")}
    now = _LINKED.choice("read", list(titles), usual)
    st.segmented_control(
        _("What the network is given"), list(titles), required=True, format_func=titles.__getitem__,
        **_LINKED.held("read", now, {"default": now}), on_change=_LINKED.note, args=("read", usual),
    )  # fmt: skip
    return now == "whole"


def _answers(shot: Shot, model: TrainedModel) -> list[Answer]:
    if model not in shot.answers:
        images = [torch.from_numpy(digit.image)[None, None] for digit in shot.digits]
        shot.answers[model] = [answer_to(model, drawing_for(model, image)) for image in images]
    return shot.answers[model]


def _boxed(shot: Shot, index: int, answer: Answer, classes: Sequence[str]) -> Boxed:
    width, height = shot.facts.size
    left, top, right, bottom = shot.places[index]
    order = np.argsort(-answer.probabilities, kind="stable").tolist()
    shown = range(len(classes)) if len(classes) <= MOST_BARS else order[:MOST_BARS]
    bars = [
        {"name": classes[i], "percent": round(100 * float(answer.probabilities[i]), 2), "best": i == order[0]}
        for i in shown
    ]
    name = None if answer.doubtful else classes[order[0]]
    box = (left / width, top / height, right / width, bottom / height)
    return Boxed(box, name, sentence_of(answer, classes), _pen(shot.digits[index]), bars)


def _pen(digit: Digit) -> str:
    if digit.redrawn:
        return _(
            "Its pen would be {pen:.1f} pixels wide in the image: thinned, and inked {usual} pixels wide.",
            pen=digit.pen, usual=PEN_WIDTH,
        )  # fmt: skip
    return _("Its pen is {pen:.1f} pixels wide in the image.", pen=digit.pen)


def _sheet(digits: Sequence[Digit], answers: Sequence[Answer]) -> tuple[bytes, list[list[tuple[int, int]]]]:
    """The stages of all digits as one PNG, a row for each, and how much of each tile they fill."""
    if not digits:
        return b"", []
    seen = [answer.image[0] for answer in answers]
    side = max(max(digit.shape.shape) for digit in digits)
    side = max(side, *(max(image.shape) for image in seen))
    sheet = np.full((len(digits) * side, len(_STAGES) * side), 255, np.uint8)
    tiles = []
    for row, (digit, image) in enumerate(zip(digits, seen, strict=True)):
        stages = (digit.grey, np.where(digit.shape, 0, 255), np.where(digit.thin, 0, 255), image)
        for column, stage in enumerate(stages):
            height, width = stage.shape
            sheet[row * side : row * side + height, column * side : column * side + width] = stage
        tiles.append([(stage.shape[1], stage.shape[0]) for stage in stages])
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue(), tiles


def _note(stage: str, facts: Facts) -> str:
    """A line of numbers about the photograph at one of its stages."""
    match stage:
        case "photo":
            return _(
                "{format}, {width:,} × {height:,} pixels; worked on at {wide:,} × {high:,}",
                format=facts.format, width=facts.size[0], height=facts.size[1],
                wide=facts.worked[0], high=facts.worked[1],
            )  # fmt: skip
        case "grey":
            low, mean, high = facts.brightness
            return _("From {low} to {high} of 255, {mean:.1f} in the mean", low=low, high=high, mean=mean)
        case "even":
            window = facts.window
            if facts.ink == "dark":
                return _("Dark ink; light found by a closing of {window} × {window} pixels", window=window)
            return _("Light ink; light found by a closing of {window} × {window} pixels", window=window)
        case "ink":
            if facts.level is None:
                return _("Nothing stands out of the page.")
            return _(
                "Ink from {ratio:.2f} times the page's brightness on: {percent:.1f}% of the pixels",
                ratio=np.exp(-facts.level if facts.ink == "dark" else facts.level), percent=100 * facts.inked,
            )  # fmt: skip
        case _:
            return _("Pens {pen:.1f} pixels wide in an image of 28 × 28, in the median", pen=facts.pen)


def _dropped(facts: Facts) -> str:
    """What of the ink is none of a digit, in one line."""
    told = []
    if facts.lines:
        told.append(_("Printed lines taken out: {count}", count=facts.lines))
    if facts.specks:
        told.append(_("Specks left out: {count:,}", count=facts.specks))
    if facts.edges:
        told.append(_("Pieces at the border left out: {count}", count=facts.edges))
    if facts.more:
        told.append(_("Digits too many to show: {count:,}", count=facts.more))
    return " · ".join(told)


def _table(shot: Shot, answers: Sequence[Answer], classes: Sequence[str]) -> None:
    st.dataframe(
        {
            _("Number"): list(range(1, len(answers) + 1)),
            _("Place (x, y)"): [
                f"{left}–{right}, {top}–{bottom}" for left, top, right, bottom in shot.places
            ],
            _("Answer"): [
                _("no digit") if answer.doubtful else classes[int(answer.probabilities.argmax())]
                for answer in answers
            ],
            _("Share"): [f"{answer.probabilities.max():.1%}" for answer in answers],
        },
        hide_index=True,
        width="stretch",
    )
