"""Few samples and a large network: the two parts drift apart; what brings them together again?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import streamlit as st

from nnlab.lessons.loop.overfitting import EPOCHS, Epoch, Settings, kept, program
from nnlab.program import Programs
from nnlab.ui.components import Series, curves
from nnlab.ui.learn.loop.controls import LINKED
from nnlab.ui.learn.parts import code, question
from nnlab.ui.learn.watching import watch
from nnlab.ui.text import _

_PROGRAMS = Programs(at_once=1)
_SAMPLES = ("50", "100", "300", "1000", "3000")
_HIDDEN = ("16", "64", "256", "512", "1024")
_DROPOUTS = ("0", "0.2", "0.5", "0.8")
_DECAYS = ("0", "0.01", "0.1", "1")
_USUAL = Settings()
_PATIENCE = 8
_GOAL = 1.25  # validation loss


def show() -> None:
    asked = _settings()
    arguments = [
        argument
        for name, value in asdict(asked).items()
        if value is not False
        for argument in (
            [f"--{name.replace('_', '-')}"] if value is True else [f"--{name.replace('_', '-')}", str(value)]
        )
    ]
    watch(
        _PROGRAMS, asked, arguments, "nnlab.lessons.loop.overfitting", EPOCHS,
        lambda lines: _course(asked, lines), "overfitting",
    )  # fmt: skip
    code(program(asked))


def _settings() -> Settings:
    samples = LINKED.choice("samples", _SAMPLES, str(_USUAL.samples))
    hidden = LINKED.choice("hidden", _HIDDEN, str(_USUAL.hidden))
    dropout = LINKED.choice("dropout", _DROPOUTS, "0")
    decay = LINKED.choice("decay", _DECAYS, "0")
    augment, stop = LINKED.toggle("augment", False), LINKED.toggle("early", False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="overfitting-size"):
        _select(_("Training samples"), _SAMPLES, "samples", samples, str(_USUAL.samples))
        _select(_("Hidden units, twice"), _HIDDEN, "hidden", hidden, str(_USUAL.hidden))
        _select("Dropout", _DROPOUTS, "dropout", dropout, "0")
        _select(_("Weight decay"), _DECAYS, "decay", decay, "0")
        for name, label, value in (
            ("augment", _("Augmentation"), augment),
            ("early", _("Early stopping"), stop),
        ):
            st.toggle(label, **LINKED.held(name, value), on_change=LINKED.note, args=(name, False))
    return Settings(
        int(samples), int(hidden), float(dropout), float(decay), augment, _PATIENCE if stop else 0
    )


def _select(label: str, options: Sequence[str], name: str, value: str, usual: str) -> None:
    st.selectbox(
        label, options, **LINKED.held(name, value, {"index": options.index(value)}), width=150,
        on_change=LINKED.note, args=(name, usual),
    )  # fmt: skip


def _course(asked: Settings, lines: Sequence[Any]) -> None:
    epochs = [Epoch(**line) for line in lines]
    plain = _PROGRAMS.known(asked.plain) if asked != asked.plain else None
    before = [Epoch(**line) for line in plain.lines] if plain is not None else []
    left, right = st.columns(2)
    with left:
        _curves(epochs, before, "loss", _("Loss"))
    with right:
        _curves(epochs, before, "accuracy", _("Accuracy"))
    if not epochs:
        return
    best = kept(epochs, asked)
    with st.container(horizontal=True, key="overfitting-numbers"):
        st.metric(_("Epoch that is kept"), best.epoch + 1, width=145)
        st.metric(_("Training loss"), f"{best.train_loss:.4f}", width=145)
        st.metric(_("Validation loss"), f"{best.val_loss:.4f}", width=145)
        st.metric(_("Training accuracy"), f"{best.train_accuracy:.1%}", width=145)
        st.metric(_("Validation accuracy"), f"{best.val_accuracy:.1%}", width=145)
        gap, delta = best.val_loss - best.train_loss, None
        if before:
            delta = f"{gap - (before[-1].val_loss - before[-1].train_loss):+.4f}"
        st.metric(_("Gap of the losses"), f"{gap:.4f}", delta, delta_color="inverse", width=145)
    if before:
        st.caption(_("Faint: the same without dropout, weight decay, augmentation, or early stopping."))
    question(
        "loop-overfitting",
        _("With 100 samples and 512 hidden units everything is learned by heart. What brings the validation "
          "loss of the epoch that is kept below {goal:g}?", goal=_GOAL),
        asked.samples == 100 and asked.hidden == 512 and len(epochs) > 20 and best.val_loss < _GOAL,
        _("Images that are never twice the same cannot be learned by heart. The other remedies mostly make "
          "wrong answers less sure: the losses come closer, the accuracies hardly. More images help more."),
    )  # fmt: skip


def _curves(epochs: Sequence[Epoch], before: Sequence[Epoch], kind: str, label: str) -> None:
    def line(name: str, part: str, of: Sequence[Epoch], **how: Any) -> Series:
        values = [getattr(one, f"{part}_{kind}") for one in of]
        return Series(name, [one.epoch + 1 for one in of], values, smooth=False, **how)

    lines = [
        line(_("training"), "train", epochs, color=0),
        line(_("validation"), "val", epochs, color=1, dash="dash"),
    ]
    if before:
        lines += [
            line(_("training, plain"), "train", before, color=0, faint=True),
            line(_("validation, plain"), "val", before, color=1, dash="dash", faint=True),
        ]
    curves(lines, x_label=_("Epoch"), y_label=label, key=f"overfitting-{kind}", height=240)
