"""``backward()`` pressed more than once: gradients add up until somebody empties them."""

from __future__ import annotations

import html

import streamlit as st

from nnlab.lessons.autograd.again import ACTS, MOST_ACTS, WHY_AGAIN, Told, play, times
from nnlab.lessons.autograd.backward import Walk
from nnlab.lessons.autograd.source import statements
from nnlab.ui.learn.acts import Acts
from nnlab.ui.learn.autograd.asking import LINKED, Asked, ask
from nnlab.ui.learn.autograd.showing import printed
from nnlab.ui.learn.parts import code, question
from nnlab.ui.text import _, say

_ACTS = Acts(LINKED, ACTS, MOST_ACTS)
_MOST_BLOCKS = 12
_STYLE = """<style>
.nnlab-acts { border-collapse: collapse; font-size: 0.875rem; }
.nnlab-acts th, .nnlab-acts td { text-align: left; font-weight: 400; padding: 0.35rem 1.2rem 0.35rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); vertical-align: top; }
.nnlab-acts thead th { opacity: 0.7; }
.nnlab-acts .grad { font-family: var(--st-code-font, monospace); font-size: 0.8125rem;
  white-space: pre; }
.nnlab-acts i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 2px; border-radius: 2px;
  background: var(--st-orange-color, #d9772b); vertical-align: -0.1rem; }
.nnlab-acts .refused { color: var(--st-red-text-color, #c8322b); max-width: min(44rem, 100vw - 12rem); }
.nnlab-frame { overflow-x: auto; }
@media (max-width: 640px) {
  .nnlab-acts td:first-child .grad { white-space: normal; overflow-wrap: anywhere; }
  .nnlab-acts td:first-child { min-width: 8rem; }
}
</style>"""


@st.fragment
def again() -> None:
    """Draw the part."""
    asked = ask()
    walk = asked.walk() if asked is not None else None
    if asked is None or walk is None:
        return
    acts = _ACTS.pressed()
    _buttons(asked, acts)
    leaves = asked.leaves()
    told = play(asked.text, leaves, asked.seed, acts)
    wanted = [row.name for row in asked.given if row.requires_grad]
    _table(asked, told, wanted, walk)
    if any(one.refused for one in told):
        st.caption(say(WHY_AGAIN))
    question(
        "autograd-three",
        _("Without emptying it, bring a gradient to exactly three times what one `backward()` leaves there."),
        any(_three(one, name, walk) for one in told for name in wanted),
        _("Each call adds the gradient once more: three calls, three times. A training loop that forgets "
          "`optimizer.zero_grad()` does just this, and its steps grow."),
    )  # fmt: skip
    code(_program(asked, told))


def _buttons(asked: Asked, acts: str) -> None:
    name = asked.ran.name
    titles = {"r": "backward(retain_graph=True)", "b": "backward()", "z": "grad.zero_()", "n": "grad = None",
              "f": _("Run {name} again", name=name)}  # fmt: skip
    with st.container(horizontal=True, key="autograd-acts-row"):
        for act, title in titles.items():
            _ACTS.button(acts, act, title, first=act == "r")
        _ACTS.restart(acts)


def _table(asked: Asked, told: list[Told], wanted: list[str], walk: Walk) -> None:
    head = "".join(f"<th scope='col'>{text}</th>" for text in ("", *(f"{name}.grad" for name in wanted)))
    start = "".join("<td class='grad'>None</td>" for name in wanted)
    body = [f"<tr><td><span class='grad'>{html.escape(_line(asked, 'f'))}</span></td>{start}</tr>"]
    for one in told:
        if one.refused is None:
            cells = "".join(f"<td>{_cell(one, name, walk)}</td>" for name in wanted)
        else:
            cells = f"<td colspan='{len(wanted)}'><div class='refused'>{html.escape(one.refused)}</div></td>"
        body.append(
            f"<tr><td><span class='grad'>{html.escape(_line(asked, one.act))}</span></td>{cells}</tr>"
        )
    st.html(
        f"{_STYLE}<div class='nnlab-frame'><table class='nnlab-acts'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(one: Told, name: str, walk: Walk) -> str:
    grad = one.gradients[name]
    count = times(grad, walk.leaves.get(name))
    blocks = "<i></i>" * min(count or 0, _MOST_BLOCKS)
    shown = f"<br>{blocks} × {count}" if count else ""
    return f"<span class='grad'>{html.escape(printed(grad))}</span>{shown}"


def _line(asked: Asked, act: str) -> str:
    name = asked.ran.name
    argument = "gradient" if asked.seed is not None else ""
    match act:
        case "f":
            return "; ".join(statements(asked.text)[0])
        case "b":
            return f"{name}.backward({argument})"
        case "r":
            return f"{name}.backward({f'{argument}, ' if argument else ''}retain_graph=True)"
        case "z":
            return "x.grad.zero_()"
    return "x.grad = None"


def _three(one: Told, name: str, walk: Walk) -> bool:
    return times(one.gradients[name], walk.leaves.get(name)) == 3


def _program(asked: Asked, told: list[Told]) -> str:
    """Everything that was pressed; what PyTorch refused prints its words, and the program goes on."""
    lines, _result = statements(asked.text)
    leaves = [row.name for row in asked.given if row.requires_grad]
    gradient = []
    if asked.seed is not None:
        gradient = [f"gradient = torch.tensor({asked.seed.tolist()}, dtype={asked.seed.dtype})"]
    source = ["import torch", "", *(row.line for row in asked.given), *gradient, *lines]
    for act, refused in [(one.act, one.refused) for one in told] or [("b", None)]:
        match act:
            case "f":
                source += lines
            case "z" | "n":
                done = "if {0}.grad is not None: {0}.grad.zero_()" if act == "z" else "{0}.grad = None"
                source += [done.format(name) for name in leaves]
            case _ if refused is None:
                source.append(_line(asked, act))
            case _:
                source += ["try:", f"    {_line(asked, act)}", "except RuntimeError as error:",
                           "    print(error)"]  # fmt: skip
        source.append(f"print({', '.join(f'{name}.grad' for name in leaves)})")
    return "\n".join(source)
