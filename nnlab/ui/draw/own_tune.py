"""Fine-tuning on kept drawings: a run like any other, which goes on from the chosen network."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from nnlab.data import dataset_info, is_present
from nnlab.data.dataset import Split
from nnlab.data.division import Division
from nnlab.drawing.own import OwnSet
from nnlab.errors import LabError
from nnlab.runs import Run
from nnlab.training.augment import Augmentation
from nnlab.training.recipe import Recipe, RunSpec
from nnlab.training.start import Given, Mixture, Start, own_digest
from nnlab.ui.components.pulse import pulse
from nnlab.ui.draw.own_result import result
from nnlab.ui.draw.reader import SHIPPED, Reader
from nnlab.ui.draw.subject import Subject
from nnlab.ui.linked import Linked
from nnlab.ui.owned import dataset_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, plain, say
from nnlab.ui.train.history import history
from nnlab.ui.url import set_query

_LINKED = Linked("own")
_TUNED = "tuned"  # the run that the URL names
_RATES = ("0.0001", "0.0003", "0.001", "0.003", "0.01")
_RATE, _REPEAT, _REHEARSAL = "0.001", 40, 1000
_MOST_REPEATS, _MOST_REHEARSED = 200, 10_000
_BATCH = 32
# What a hand does anyway from one time to the next.
_MOVED = Augmentation(shift=0.06, rotate=10, scale=0.1, shear=8, elastic=0.02)


def tuning(reader: Reader, subject: Subject | None, drawings: OwnSet) -> None:
    """The strip with its button, then the run of the URL: its progress, in the end what it changed."""
    st.subheader(_("Fine-tune the network on them"))
    split, left_out = drawings.split(reader.model)
    if left_out:
        st.caption(
            _("Left out: {count} of your drawings. This network has no such class, or takes other images.",
              count=left_out)
        )  # fmt: skip
    if split is not None:
        _controls(reader, split)
    run = _shown()
    if run is None:
        return
    if run.status.has_ended:
        result(run, subject)
    else:
        _progress(run)


def tuning_spec(
    reader: Reader, split: Split, *, rate: float, repeat: int, rehearsal: int
) -> tuple[RunSpec, Given]:
    """The run that goes on from the network of `reader`, on the images of `split` and some of its old ones.

    Raises:
        LabError: its run is gone.
    """
    model = reader.model
    if reader.run_id == SHIPPED:
        dataset, division, source = ("mnist" if is_present("mnist") else "strokes"), Division(), "nnlab"
    else:
        spec = run_store().open(reader.run_id).spec
        dataset, source = spec.dataset, reader.run_id
        division = replace(spec.division, validation=0.0)
    recipe = Recipe(
        lr=rate, schedule="constant", batch_size=min(_BATCH, len(split) * repeat + rehearsal), epochs=1,
        augmentation=_MOVED,
    )  # fmt: skip
    mixture = Mixture(own_digest(split), len(split), repeat, rehearsal)
    start = Start.of(model, source)
    given = Given(model.state_dict(), split)
    return RunSpec(dataset, model.info.architecture, recipe, division, start, mixture), given


def _controls(reader: Reader, split: Split) -> None:
    """How often each drawing is shown, how much of the old is shown with them, how fast is learned."""
    try:
        spec, _given = tuning_spec(reader, split, rate=0.001, repeat=1, rehearsal=0)
        info = dataset_info(spec.dataset)
        train = spec.division.counts(info.train_count, info.test_count).train
    except LabError as error:
        st.info(say(error), icon=":material/info:")
        return
    step = 1 if train < 1000 else 100
    most = min(train, _MOST_REHEARSED) // step * step
    repeat = _LINKED.number("repeat", _REPEAT, low=1, high=_MOST_REPEATS)
    rehearsal = _LINKED.number("rehearsal", min(_REHEARSAL, most), low=0, high=most)
    rate = _LINKED.choice("rate", _RATES, _RATE)
    left, middle, right = st.columns(3, gap="medium")
    left.slider(
        _("Times each drawing is shown"), 1, _MOST_REPEATS, **_LINKED.held("repeat", repeat),
        on_change=_LINKED.note, args=("repeat", _REPEAT),
        help=_("Moved, turned and bent a little each time"),
    )  # fmt: skip
    middle.slider(
        _("Rehearsal: images of {title} beside them", title=plain(dataset_title(spec.dataset))), 0, most,
        step=step, key=_LINKED.bound("rehearsal", rehearsal), on_change=_LINKED.note,
        args=("rehearsal", min(_REHEARSAL, most)),
        help=_("Without any, the network forgets what it is not shown any more"),
    )  # fmt: skip
    right.select_slider(
        _("Learning rate"),
        _RATES,
        **_LINKED.held("rate", rate),
        on_change=_LINKED.note,
        args=("rate", _RATE),
    )
    with st.container(horizontal=True, vertical_alignment="center", key="own-tune-row"):
        pressed = st.button(_("Fine-tune"), type="primary", icon=":material/play_arrow:", key="own-tune")
        spec, given = tuning_spec(reader, split, rate=float(rate), repeat=repeat, rehearsal=rehearsal)
        samples = len(split) * repeat + rehearsal
        st.caption(
            _("{own} × {repeat} + {rehearsal:,} = {samples:,} images, {steps:,} steps",
              own=len(split), repeat=repeat, rehearsal=rehearsal, samples=samples,
              steps=spec.recipe.steps(samples)),
            width="content",
        )  # fmt: skip
    if pressed:
        try:
            run = run_store().start(spec, given)
        except LabError as error:
            st.error(say(error), icon=":material/error:")
        else:
            set_query(_TUNED, run.id)


def _shown() -> Run | None:
    """The run of the URL, as long as it is one of fine-tuning."""
    asked = _LINKED.text(_TUNED)
    if not asked:
        return None
    try:
        run = run_store().open(asked)
        if run.spec.start is not None:
            return run
    except LabError as error:
        st.warning(say(error), icon=":material/link_off:")
    _LINKED.choose(_TUNED, "", "")
    return None


def _progress(run: Run) -> None:
    told = history(run)
    steps, done = told.started.get("steps"), len(told.steps)
    with st.container(horizontal=True, vertical_alignment="center", key="own-progress"):
        if steps:
            text = _("Step {done:,} of {steps:,}", done=done, steps=steps)
        elif run.state == "queued":
            text = _("Waiting for its turn, or for the data …")
        else:
            text = _("Getting ready …")
        if steps and done >= steps:
            text = _("Asking about the test images …")
        st.progress(min(1.0, done / steps) if steps else 0.0, text, width="stretch")
        st.button(_("Stop"), icon=":material/stop:", key="own-stop", on_click=run.stop)
    pulse("own-pulse")
