"""What a fine-tuning has changed: the accuracy before and after, on the old test images and on one's own."""

from __future__ import annotations

import html
from functools import lru_cache
from pathlib import Path

import streamlit as st

from nnlab.drawing.predict import image_logits
from nnlab.errors import LabError
from nnlab.runs import Run
from nnlab.runs.given import read_given
from nnlab.training.confusion import Confusion
from nnlab.training.evaluate import evaluate
from nnlab.training.weights import TrainedModel
from nnlab.ui.components.pulse import pulse
from nnlab.ui.draw.reader import take_network
from nnlab.ui.draw.subject import Subject
from nnlab.ui.draw.why_measuring import examination, examined
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, plain, say
from nnlab.ui.train.shelf import STATES

_CHOSEN = "own:chosen"  # just now
_STYLE = """<style>
.nnlab-forgot { overflow-x: auto; max-width: 720px; }
.nnlab-forgot table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.nnlab-forgot th, .nnlab-forgot td { padding: 0.25rem 0.6rem; text-align: right; white-space: nowrap;
  font-weight: 400; }
.nnlab-forgot tbody th { text-align: left; padding-left: 0; white-space: normal; }
.nnlab-forgot thead th { opacity: 0.7; font-size: 0.85rem; }
.nnlab-forgot tbody tr { border-top: 1px solid var(--st-border-color, #8884); }
.nnlab-forgot tr.class th { padding-left: 1rem; opacity: 0.85; }
.nnlab-forgot tr.class th, .nnlab-forgot tr.class td { padding-top: 0.1rem; padding-bottom: 0.1rem;
  font-size: 0.88rem; border-top: none; }
.nnlab-forgot .bar { width: 34%; min-width: 90px; padding-left: 0.4rem; }
.nnlab-forgot .bar div { position: relative; height: 0.75rem;
  background: linear-gradient(var(--st-border-color, #8886) 0 0) 50% / 1px 100% no-repeat; }
.nnlab-forgot .bar i { position: absolute; top: 1px; bottom: 1px; border-radius: 2px; }
.nnlab-forgot .bar .less { right: 50%; background: var(--st-red-color, #d33); }
.nnlab-forgot .bar .more { left: 50%; background: var(--st-blue-color, #36c); }
@media (max-width: 640px) {
  .nnlab-forgot th, .nnlab-forgot td { padding: 0.25rem 0.3rem; }
  .nnlab-forgot .bar, .nnlab-forgot thead th:last-child { display: none; }
}
</style>"""


def result(run: Run, subject: Subject | None) -> None:
    """Before and after `run`, which has ended."""
    state = run.status
    if state.problem is not None:
        st.error(say(state.problem), icon=":material/error:")
        return
    try:
        before, after = _model(run.path, 0), _model(run.path, None)
        asked = [examination(examined(run, 0)), examination(examined(run))]
        own = _on_own(run.path)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return
    for one in asked:
        one.wait(0.05)
    spec = run.spec
    mixture = spec.mixture
    title = (
        _("Before and after")
        if state.name == "finished"
        else _("Before and after ({state})", state=_(STATES[state.name]))
    )
    st.markdown(f"**{title}**")
    rows = []
    found = [one.found for one in asked]
    if found[0] is not None and found[1] is not None:
        name = _(
            "{count:,} test images of {title}", count=len(found[0].labels), title=dataset_title(spec.dataset)
        )
        rows.append(_row(name, found[0].accuracy, found[1].accuracy, _largest(found[0], found[1])))
    if own is not None and mixture is not None:
        rows.append(_row(_("Your drawings that it has learned ({count})", count=mixture.count), *own, None))
    if subject is not None and tuple(subject.image.shape[1:]) == after.info.in_shape:
        says = [_answer(model, subject) for model in (before, after)]
        cells = "".join(f"<td>{text}</td>" for text in (*says, "", ""))
        rows.append(f'<tr><th scope="row">{html.escape(_("This drawing"))}</th>{cells}</tr>')
    if found[0] is not None and found[1] is not None:
        rows += _classes(found[0], found[1], after.info.classes)
    most = _largest(found[0], found[1]) if found[0] is not None and found[1] is not None else 0.0
    columns = ("", _("before"), _("after"), _("change"), f"± {100 * most:.2f}" if most else "")
    heads = "".join(f"<th scope='col'>{html.escape(text)}</th>" for text in columns)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    st.html(f'{_STYLE}<div class="nnlab-forgot">{table}</div>')
    if any(one.running for one in asked):
        at = next(one for one in asked if one.running)
        st.progress(
            at.share,
            _(
                "Asking the network about the test images of {title} …",
                title=plain(dataset_title(spec.dataset)),
            ),
        )
        pulse("own-measuring")
    for one in asked:
        if one.problem is not None:
            st.info(say(one.problem), icon=":material/info:")
            break
    _use(run)


def _use(run: Run) -> None:
    used = st.query_params.get("run") == run.id
    with st.container(horizontal=True, vertical_alignment="center", key="own-use-row"):
        st.button(
            _("Let this network answer"), icon=":material/check_circle:", key="own-use", disabled=used,
            on_click=_choose, args=(run.id,),
        )  # fmt: skip
        st.caption(_("It is kept as the run {run}, with what it began with.", run=run.id), width="content")
    if st.session_state.pop(_CHOSEN, False):  # the button, disabled by then, would not say so
        st.rerun()  # all of the page: the network is chosen above


def _choose(run_id: str) -> None:
    take_network(run_id)
    st.session_state[_CHOSEN] = True


def _row(name: str, before: float, after: float, most: float | None, css: str = "") -> str:
    """One accuracy; its bar is as long as half the column for a change of `most`, and absent without that."""
    change = after - before
    told = f"{100 * change:+.2f}".replace("-", "−") if change else "0"
    kind = "less" if change < 0 else "more"
    width = 50 * abs(change) / most if most else 0.0
    bar = "" if most is None else f'<div><i class="{kind}" style="width:{width:.1f}%"></i></div>'
    return (
        f'<tr class="{css}"><th scope="row">{html.escape(name)}</th><td>{before:.2%}</td><td>{after:.2%}</td>'
        f'<td>{told}</td><td class="bar" aria-hidden="true">{bar}</td></tr>'
    )


def _classes(before: Confusion, after: Confusion, names: tuple[str, ...]) -> list[str]:
    """A row for each class that has test images."""
    most = _largest(before, after)
    return [
        _row(name, first, second, most, "class")
        for name, first, second in zip(names, before.accuracies(), after.accuracies(), strict=True)
        if first is not None and second is not None
    ]


def _largest(before: Confusion, after: Confusion) -> float:
    """The largest change of the accuracy of a class, or of all."""
    pairs = [
        (before.accuracy, after.accuracy), *zip(before.accuracies(), after.accuracies(), strict=True)
    ]  # fmt: skip
    return max(abs(first - second) for first, second in pairs if first is not None and second is not None)


def _answer(model: TrainedModel, subject: Subject) -> str:
    probabilities = image_logits(model, subject.image).softmax(0)
    best = int(probabilities.argmax())
    return html.escape(f"{model.info.classes[best]} · {float(probabilities[best]):.1%}")


@lru_cache(maxsize=8)
def _model(path: Path, step: int | None) -> TrainedModel:
    return Run(path).load_model(step)


@lru_cache(maxsize=16)
def _on_own(path: Path) -> tuple[float, float] | None:
    """The accuracy on the images that the run has learned, before and after."""
    run = Run(path)
    own = read_given(path, run.spec).own
    if own is None:
        return None
    first, second = (
        evaluate(model, own, model.info.mean, model.info.std).accuracy
        for model in (_model(path, 0), _model(path, None))
    )
    return first, second
