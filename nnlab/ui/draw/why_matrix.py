"""What a network takes for what, with the drawing's own place in it, and test images that share it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import streamlit as st

from nnlab.errors import LabError
from nnlab.training.confusion import Confusion
from nnlab.ui.components.pulse import pulse
from nnlab.ui.draw.pictures import picture
from nnlab.ui.draw.why_measuring import Examination, Examined, examination
from nnlab.ui.owned import dataset_title
from nnlab.ui.text import _, plain, say

_MOST_CLASSES = 12  # of a matrix with its numbers; of more, the row of the right answer
_MOST_SHOWN = 12  # test images
_STYLE = """<style>
.nnlab-confusion { overflow-x: auto; }
.nnlab-confusion table { border-collapse: separate; border-spacing: 2px; font-size: 0.82rem;
  font-variant-numeric: tabular-nums; }
.nnlab-confusion td, .nnlab-confusion th { text-align: center; padding: 0.16rem 0.2rem; min-width: 2.5rem;
  border-radius: 3px; font-weight: 400; white-space: nowrap; }
.nnlab-confusion th { opacity: 0.75; }
.nnlab-confusion td.right { opacity: 0.55; }
.nnlab-confusion td.zero { opacity: 0.35; }
.nnlab-confusion td.here { outline: 2.5px solid currentColor; outline-offset: -1px; opacity: 1;
  font-weight: 700; }
.nnlab-confusion th.here { font-weight: 700; opacity: 1; }
.nnlab-alike { display: flex; flex-wrap: wrap; gap: 8px; }
.nnlab-alike figure { margin: 0; font-size: 0.8rem; text-align: center; }
.nnlab-alike img { width: 64px; height: 64px; border-radius: 4px; display: block; }
@media (max-width: 640px) {
  .nnlab-confusion table { border-spacing: 1px; font-size: 0.66rem; }
  .nnlab-confusion td, .nnlab-confusion th { padding: 0.2rem 0; min-width: 1.75rem; }
}
</style>"""


def confusions(of: Examined, right: int, said: int, classes: Sequence[str]) -> None:
    """The matrix with the drawing's cell marked; while it is not there yet, how far it is."""
    asked = examination(of)
    asked.wait(0.05)
    title = plain(dataset_title(of.dataset))
    if asked.found is None:
        st.markdown(f"**{_('What it takes for what')}**")
        _waiting(asked, title)
        return
    found = asked.found
    left, side = st.columns([5, 4], gap="large")
    with left:
        st.markdown(
            "**"
            + _(
                "What it takes for what: the {count:,} test images of {title}",
                count=len(found.labels),
                title=title,
            )
            + "**"
        )
        _matrix(found, right, said, classes)
        st.caption(
            _("A row for each right answer, a column for each that the network gives; {share:.2%} are right.",
              share=found.accuracy)
        )  # fmt: skip
    with side:
        _alike(of, found, right, said, classes)


def _waiting(asked: Examination, title: str) -> None:
    if asked.problem is not None:
        st.info(say(asked.problem), icon=":material/info:")
        return
    st.progress(asked.share, _("Asking the network about the test images of {title} …", title=title))
    pulse("why-pulse")


def _matrix(found: Confusion, right: int, said: int, classes: Sequence[str]) -> None:
    matrix = found.matrix.tolist()
    rows: Sequence[int] = range(len(classes))
    columns: Sequence[int] = rows
    if len(classes) > _MOST_CLASSES:  # the right answer's row, with what is said most
        rows = [right]
        columns = sorted({right, said, *sorted(columns, key=lambda at: -matrix[right][at])[:_MOST_CLASSES]})
    most = max((matrix[row][at] for row in rows for at in columns if row != at), default=0)
    heads = "".join(_head(classes[at], at == said, "col") for at in columns)
    body = "".join(
        f"<tr>{_head(classes[row], row == right, 'row')}"
        + "".join(_cell(matrix[row][at], most, row, at, right, said) for at in columns)
        + "</tr>"
        for row in rows
    )
    label = html.escape(_("A row for each right answer, a column for each answer of the network"))
    st.html(
        f'{_STYLE}<div class="nnlab-confusion"><table aria-label="{label}"><thead><tr><th></th>{heads}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(name: str, here: bool, scope: str) -> str:
    shown = name if len(name) <= 6 else name[:5] + "…"
    css = ' class="here"' if here else ""
    return f'<th scope="{scope}" title="{html.escape(name)}"{css}>{html.escape(shown)}</th>'


def _cell(count: int, most: int, row: int, at: int, right: int, said: int) -> str:
    kinds = ["right" if row == at else "zero" if count == 0 else ""]
    if (row, at) == (right, said):
        kinds.append("here")
    # Few mistakes should be seen beside many, so the tint follows the square root.
    tint = round(70 * math.sqrt(count / most)) if most and row != at else 0
    style = f' style="background: color-mix(in srgb, #e5484d {tint}%, transparent)"' if tint else ""
    return f'<td class="{" ".join(kinds)}"{style}>{count}</td>'


def _alike(of: Examined, found: Confusion, right: int, said: int, classes: Sequence[str]) -> None:
    """Test images that share the drawing's place; without any, the other mistakes with its class."""
    places = found.places(right, said)
    total = int(found.matrix[right].sum())
    names = {"right": plain(classes[right]), "said": plain(classes[said])}
    if right == said:
        told = _("{count:,} of {total:,} test images of {right} are read rightly too",
                 count=len(places), total=total, **names)  # fmt: skip
    elif places:
        told = _("{count:,} of {total:,} test images of {right} are taken for {said} too",
                 count=len(places), total=total, **names)  # fmt: skip
    else:
        told = _("None of {total:,} test images of {right} is taken for {said}", total=total, **names)
    st.markdown(f"**{told}**")
    if not places:
        places = [place for at in range(len(classes)) if at != right for place in found.places(right, at)]
        st.caption(_("Its other mistakes with {right}: {count:,}", count=len(places), **names))
    try:
        images = of.test().images
    except LabError as error:
        st.info(say(error), icon=":material/info:")
        return
    answers = found.answers
    shown = "".join(
        f"<figure>{picture(images[place], _('Test image {index:,}', index=place))}"
        f"{html.escape(classes[int(answers[place])])}</figure>"
        for place in places[:_MOST_SHOWN]
    )
    st.html(f'<div class="nnlab-alike">{shown}</div>')
    if shown:
        st.caption(_("Below each image, what the network says."))
