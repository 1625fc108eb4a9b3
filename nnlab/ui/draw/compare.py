"""The part Compare: the same drawing through several networks, moved, turned, with another pen."""

from __future__ import annotations

from collections import OrderedDict
from weakref import WeakKeyDictionary

import streamlit as st
import torch
from torch import Tensor
from torch.nn import functional as F

from nnlab.data.ink import SIDE
from nnlab.drawing import drawing_for, is_bright
from nnlab.drawing.changes import Change, Inked, Resampled
from nnlab.drawing.fooled import SPAN, Grid, shift_grid, shifted
from nnlab.errors import LabError
from nnlab.training.weights import TrainedModel
from nnlab.ui.components.fooled import Moves, Network, fooled
from nnlab.ui.draw.compare_runs import MOST, Offer, missing, offers, still_going, train_missing, usual
from nnlab.ui.draw.reader import Reader, answer_to, network_of
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.owned import dataset_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, say
from nnlab.ui.url import as_code

_LINKED = Linked("draw")
_MOST_MACS = 4e7  # of a network for one image: 81 shifts of it should not keep the pen waiting
_KEPT = 16  # grids of a network

_grids: WeakKeyDictionary[TrainedModel, OrderedDict[bytes, Grid]] = WeakKeyDictionary()
_macs: WeakKeyDictionary[TrainedModel, int] = WeakKeyDictionary()


def show(reader: Reader, subject: Subject) -> None:
    """Draw the part."""
    if not reader.drawable:
        st.info(_("Compared are networks that read drawings; this one has learned photographs."))
        return
    store = run_store()
    training = still_going()
    offered = offers(store)
    chosen = _chosen(offered, reader)
    going = train_missing(missing(offered, reader), reader, training)
    if not chosen:
        st.info(_("Choose the networks that should read the same drawing."))
        return
    moves = _moves(has_pen=subject.strokes is not None)
    drawing = _turned(reader, subject, moves)
    own = subject.strokes is None  # then what comes in from outside is the edge, else paper
    networks = []
    for run_id in chosen:
        try:
            model = network_of(store, run_id)
            # The label is one of the reader's classes.
            label = subject.label if model.info.classes == reader.model.info.classes else None
            networks.append(
                _network(offered[run_id], model, drawing, moves, own, label, moving=subject.moving)
            )
        except LabError as error:
            st.error(say(error), icon=":material/error:")
    moved = shifted(drawing, moves.x, moves.y, None if own else 0)
    fooled(
        moved[0, 0].numpy(), networks, moves, key="fooled", going=going,
        on_move=lambda told: _LINKED.choose("move", told, ""),
    )  # fmt: skip


def _chosen(offered: dict[str, Offer], reader: Reader) -> list[str]:
    """Draw the choice of networks; the URL holds it as ``?runs=``, and without one it is the usual one."""
    asked = _LINKED.text("runs", "")
    ids = (
        ["" if run_id == "shipped" else run_id for run_id in asked.split(",")]
        if asked
        else usual(offered, reader)
    )
    known = [run_id for run_id in dict.fromkeys(ids) if run_id in offered][:MOST]
    unknown = [run_id for run_id in ids if run_id not in offered]
    if unknown:
        st.warning(
            _("There is no run `{run}` that could read a drawing.", run=as_code(unknown[0])),
            icon=":material/link_off:",
        )  # fmt: skip
    key = "draw-runs"
    st.session_state[key] = known
    lines = {run_id: offer.line for run_id, offer in offered.items()}

    def note() -> None:
        picked = [run_id or "shipped" for run_id in st.session_state[key]]
        _LINKED.choose("runs", ",".join(picked), "")

    st.multiselect(
        _("Networks that read the same drawing"), list(offered), format_func=lambda run_id: lines[run_id],
        key=key, on_change=note, max_selections=MOST,
    )  # fmt: skip
    return known


def _moves(has_pen: bool) -> Moves:
    """What ``?move=x,y,degrees,pixels`` says; nonsense gets a sentence."""
    asked = _LINKED.text("move", "")
    try:
        return Moves.read(asked, has_pen)
    except LabError as error:
        st.warning(say(error), icon=":material/link_off:")
        return Moves(has_pen=has_pen)


def _turned(reader: Reader, subject: Subject, moves: Moves) -> Tensor:
    """The drawing (1, 1, 28, 28) uint8, light on dark, with everything done to it but the shift."""
    change = Change(rotate=moves.rotate, width=moves.width)
    if subject.strokes is not None:
        return Inked(subject.strokes, subject.size).changed([change])
    return Resampled(_light_on_dark(subject.image, reader.model)).changed([change])


def _light_on_dark(image: Tensor, model: TrainedModel) -> Tensor:
    """The image that a network was given, (1, C, H, W) uint8, as a drawing (1, 1, 28, 28)."""
    grey = image.float().mean(1, keepdim=True)
    if tuple(grey.shape[2:]) != (SIDE, SIDE):
        grey = F.interpolate(grey, (SIDE, SIDE), mode="bilinear", antialias=True)
    if is_bright(model.info):
        grey = 255 - grey
    return grey.round().to(torch.uint8)


def _network(
    offer: Offer, model: TrainedModel, drawing: Tensor, moves: Moves, own: bool, label: int | None, *,
    moving: bool,
) -> Network:  # fmt: skip
    """What one network says of the drawing as it is moved, and of it at all shifts."""
    info = model.info
    image = drawing_for(model, drawing)
    fill = None if own else 255 if is_bright(info) else 0
    answer = answer_to(model, shifted(image, moves.x, moves.y, fill))
    probabilities = torch.from_numpy(answer.probabilities)
    about = dataset_title(offer.dataset)
    if offer.accuracy is not None:
        about += f" · {offer.accuracy:.2%}"
    if answer.doubtful:
        about += f" · {_('no digit')}"
    if _cost(model) > _MOST_MACS:
        return Network(offer.name, about, info.classes, probabilities, None, None)
    if moving:  # what it says where the drawing is is enough; 81 more would keep the pen waiting
        return Network(offer.name, about, info.classes, probabilities, None, None, waiting=True)
    grid = _grid(model, image, fill)
    middle = int(grid.answers[SPAN, SPAN])
    return Network(
        offer.name, about, info.classes, probabilities, grid, middle if label is None else label,
        right=label is not None,
    )  # fmt: skip


def _grid(model: TrainedModel, image: Tensor, fill: int | None) -> Grid:
    """Where only the place of the drawing has changed, the grid is that of before."""
    known = _grids.setdefault(model, OrderedDict())
    key = image.numpy().tobytes()
    found = known.get(key)
    if found is None:
        found = known[key] = shift_grid(model, image, SPAN, fill)
        while len(known) > _KEPT:
            known.popitem(last=False)
    return found


def _cost(model: TrainedModel) -> int:
    """Multiply-adds for one image."""
    if model not in _macs:
        info = model.info
        rows = info.architecture.trace(info.in_shape, len(info.classes))
        _macs[model] = sum(row.macs for row in rows)
    return _macs[model]
