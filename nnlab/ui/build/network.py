"""The part network: put together layer by layer, drawn to scale, with the numbers of a real trace."""

from __future__ import annotations

from typing import Any

import streamlit as st

from nnlab.data import is_present
from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture, Path
from nnlab.nets.editing import layer_at
from nnlab.nets.link import to_link
from nnlab.nets.presets import preset, preset_names
from nnlab.nets.repair import repairs
from nnlab.ui.build.data import data_choice, target
from nnlab.ui.build.draft import can_redo, can_undo, draft, edit, preset_name, settle
from nnlab.ui.build.opening import SUFFIXES, read_network
from nnlab.ui.build.ops import LIST, TO_TRAIN, catch_up, desk
from nnlab.ui.build.rows import Look, path_text
from nnlab.ui.components.builder import builder
from nnlab.ui.components.diagram import diagram
from nnlab.ui.navigation import page_link_target
from nnlab.ui.networks import OWN, kept_own
from nnlab.ui.text import _, say

_PICTURE, _START, _FILE = "build-diagram", "build-start", "build-file"
_REFUSED = "build:refused"
_OPENED = "build:opened"  # how many files were opened: another number gives an empty field


def draw() -> None:
    """Draw the part."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="build-strip"):
        _start_from()
        data_choice()
        _open()
    _list()


@st.fragment
def _list() -> None:
    """The list and the picture. They run by themselves at each edit; the rest of the page stays as it is."""
    catch_up()
    _leave()
    at = target()
    network = draft()
    look = Look.at(network, at)
    linked = settle()
    picture = st.container()
    builder(_shown(look, linked), key=LIST)  # before the picture, which takes longer
    with picture:
        diagram(
            network, look.rows, in_shape=at.in_shape, problem=look.problem, fields=look.sees,
            chosen=_chosen(network), on_choose=_picked, opens=True, linked=LIST, key=_PICTURE,
        )  # fmt: skip


def _shown(look: Look, linked: bool) -> dict[str, Any]:
    """See `builder`."""
    at, rows = desk(), look.rows
    return {
        "items": look.items(),
        "totals": {
            "layers": sum(layer.count() for layer in look.architecture.layers),
            "params": sum(row.params for row in rows),
            "macs": sum(row.macs for row in rows),
            "bytes": sum(row.activation_bytes for row in rows),
        },
        "name": look.architecture.name,
        "input": " × ".join(map(str, look.target.in_shape)),
        "problem": _told(look),
        "fits": _("Every layer fits: {shape} in, {classes} classes out.",
                  shape=" × ".join(map(str, look.target.in_shape)), classes=f"{look.target.classes:,}"),
        "note": "" if linked or not look.architecture.layers else _(
            "This network is too long for a link; save it as a file, or it is gone when the page is closed."
        ),
        "undo": can_undo(), "redo": can_redo(),
        "ready": look.problem is None and look.target.is_dataset, "file": at.file,
        "client": at.client, "done": at.done, "said": at.said,
        "chosen": None if at.chosen is None else path_text(at.chosen), "picked": at.picked,
        "linked": LIST,
    }  # fmt: skip


def _told(look: Look) -> dict[str, Any] | None:
    if look.problem is None:
        return None
    offered = repairs(look.architecture, look.target.in_shape, look.target.classes)
    return {
        "text": say(look.problem),
        "repairs": [{"id": one.about, "text": say(one.about)} for one in offered],
    }


def _chosen(network: Architecture) -> Path | None:
    """The layer that is worked on, if it is still there."""
    chosen = desk().chosen
    try:
        return chosen if chosen is not None and layer_at(network, chosen) else None
    except LabError:
        return None


def _picked(path: Path) -> None:
    """A block of the picture was chosen: the list opens its layer."""
    at = desk()
    at.chosen, at.picked = path, at.picked + 1


def _start_from() -> None:
    """The presets, and what this session has built."""
    own = kept_own()
    titles = {name: name for name in preset_names()}
    if own is not None:
        titles[OWN] = _("{name} (built)", name=own.name)
    st.menu_button(
        _("Start from"), list(titles), key=_START, icon=":material/account_tree:", on_click=_start,
        format_func=lambda name: titles[name],
    )  # fmt: skip


def _start() -> None:
    name, own = st.session_state[_START], kept_own()
    if name != OWN:
        edit(preset(name))
    elif own is not None:
        edit(own)


def _open() -> None:
    refused = st.session_state.get(_REFUSED)
    key = f"{_FILE}-{st.session_state.get(_OPENED, 0)}"
    with st.popover(_("Open"), icon=":material/folder_open:"):
        st.file_uploader(
            _("A network (JSON), or weights of this lab"),
            list(SUFFIXES),
            key=key,
            on_change=_opened,
            args=(key,),
        )
        if refused is not None and st.session_state.get(key) is not None:
            st.error(say(refused), icon=":material/error:")


def _opened(key: str) -> None:
    """Take the network in the file; where there is none, the file stays, and the page says why."""
    file = st.session_state.get(key)
    if file is None:
        return
    try:
        edit(read_network(file.name, file.getvalue()))
    except LabError as error:
        st.session_state[_REFUSED] = error
    else:
        st.session_state[_OPENED] = st.session_state.get(_OPENED, 0) + 1


def _model(network: Architecture, name: str = "model", untrained: str = "") -> dict[str, str]:
    """How another page is told in `name` which network it is; a preset is called `untrained` and its name."""
    known = preset_name()
    if known is not None:
        return {name: untrained + known}
    link = to_link(network)
    return {name: OWN, **({"net": link} if link else {})}


def _leave() -> None:
    """To the page that was asked for, with the network in its address."""
    page = desk()
    leaving, page.leaving = page.leaving, None
    if leaving is None:
        return
    network, at = draft(), target()
    if leaving == TO_TRAIN:
        data = {"dataset": at.name} if at.is_dataset else {}
        st.switch_page(page_link_target("train"), query_params={**_model(network), **data})
    rows, _rest = network.look(at.in_shape, at.classes)
    shown = [("stage", row.name) for row in rows if row.path == leaving]
    if at.is_dataset and is_present(at.name):
        shown.append(("dataset", at.name))
    st.switch_page(
        page_link_target("layers"),
        query_params={"part": "network", **_model(network, "network", "new-"), **dict(shown)},
    )
