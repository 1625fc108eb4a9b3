"""The networks that a page offers: the presets, and the one that this session has built."""

from __future__ import annotations

import streamlit as st

from nnlab.errors import LabError
from nnlab.nets.architecture import Architecture
from nnlab.nets.link import from_link, to_link
from nnlab.nets.presets import PRESETS, preset, preset_names
from nnlab.training.recipe import RunSpec
from nnlab.ui.text import _, say
from nnlab.ui.url import set_query

OWN = "own"  # how a link calls the network that was built; ``?net=`` holds it
_KEPT, _READ = "networks:own", "networks:read"


def own_network() -> Architecture | None:
    """The network that this session has built or was sent in the link; it need not fit any data."""
    read_link()
    found: Architecture | None = st.session_state.get(_KEPT)
    return found


def kept_own() -> Architecture | None:
    """As `own_network`, without a look at the link."""
    found: Architecture | None = st.session_state.get(_KEPT)
    return found


def keep_own(architecture: Architecture) -> None:
    """Make `architecture` the network that this session has built."""
    st.session_state[_KEPT] = architecture


def network_names() -> list[str]:
    """The presets, and `OWN` where there is one."""
    return [*preset_names(), *([OWN] if own_network() is not None else [])]


def network_of(name: str) -> Architecture:
    """The network that `network_names` calls so; raises `LabError` as `preset`."""
    own = own_network()
    return own if name == OWN and own is not None else preset(name)


def network_title(name: str) -> str:
    """What the reader is told."""
    own = own_network()
    return _("{name} (built)", name=own.name) if name == OWN and own is not None else name


def network_of_run(spec: RunSpec) -> str:
    """The name of the network that a run trains, and whether it goes on from one that was trained before."""
    if spec.start is None:
        return spec.architecture.name
    return _("{name}, fine-tuned", name=spec.architecture.name)


def tell_lost_own(name: str) -> None:
    """Where ``?name=`` asks for the built network and there is none, take that out of the URL and say why."""
    if st.query_params.get(name) != OWN or own_network() is not None:
        return
    set_query(name, None)
    if "net" not in st.query_params:  # else `read_link` has said what is wrong with it
        st.warning(
            _("The network that was built is not in the address of this page: it is too long for one. "
              "Open its file on the Build page."),
            icon=":material/link_off:",
        )  # fmt: skip


def link_own(shown: bool) -> None:
    """Put the built network into the URL of this page where it is `shown`, else take it out."""
    own = own_network()
    link_written(to_link(own) if shown and own is not None else None)


def link_written(link: str | None) -> None:
    """Put `link`, one of the built network, into the URL, or take it out for None."""
    st.session_state[_READ] = link
    set_query("net", link)


def name_of(architecture: Architecture) -> str:
    """Under which name of `network_names` a page finds `architecture`, which becomes the built one if it is
    no preset."""
    if PRESETS.get(architecture.name) == architecture:
        return architecture.name
    keep_own(architecture)
    return OWN


def read_link() -> None:
    """Take the network in ``?net=`` as the built one, once; a sentence on the page where it is damaged."""
    link = st.query_params.get("net")
    if link is None or link == st.session_state.get(_READ):
        return
    st.session_state[_READ] = link
    try:
        keep_own(from_link(link))
    except LabError as error:
        st.warning(say(error), icon=":material/link_off:")
