"""Datasets of a person's own on the pages: which of them a session may choose, and what they are called.

Saved ones are everybody's. One that was not saved is known to the session that made it, and to whoever has
its link; both are kept here.
"""

from __future__ import annotations

import streamlit as st

from nnlab.data import DatasetInfo, dataset_info, dataset_names
from nnlab.data.own_images import is_own
from nnlab.errors import DataError
from nnlab.ui.text import _, say
from nnlab.ui.url import set_query

_MINE = "owned:names"


def listed_datasets() -> list[str]:
    """What a page offers: the registry, all saved ones, and those that only this session knows."""
    names = dataset_names()
    return [*names, *(name for name in unsaved_names() if name not in names)]


def unsaved_names() -> list[str]:
    """The datasets that only this session knows, the newest first; those that are gone are left out."""
    _note_linked()
    mine: list[str] = st.session_state.get(_MINE, [])
    return [name for name in mine if _known(name) is not None]


def keep_in_mind(name: str) -> None:
    """Note a dataset that is not saved as known to this session."""
    mine: list[str] = st.session_state.setdefault(_MINE, [])
    if name not in mine:
        mine.insert(0, name)


def forget(name: str) -> None:
    """No longer offer a dataset that is saved or gone by now."""
    if name in st.session_state.get(_MINE, []):
        st.session_state[_MINE].remove(name)


def _note_linked() -> None:
    """Who opens the link of a dataset knows it from then on, on every page; of one that is gone, why."""
    for query in ("dataset", "data"):
        name = st.query_params.get(query, "")
        if not is_own(name) or name in dataset_names():
            continue
        try:
            dataset_info(name)
        except DataError as error:
            st.warning(say(error), icon=":material/link_off:")
            set_query(query, None)
        else:
            keep_in_mind(name)


def dataset_title(name: str) -> str:
    """What people call a dataset, in the reader's language; its name where it is not there any more."""
    info = _known(name)
    if info is None:
        return name
    return info.title if is_own(name) else _(info.title)  # a person's words are not translated


def short_title(name: str) -> str:
    """A dataset in a table or a legend: its name in code, for one of a person's own its title."""
    return dataset_title(name) if is_own(name) else name


def can_be_drawn(name: str) -> bool:
    """Whether it makes sense to draw for a network that learned this dataset, even if it is gone by now."""
    info = _known(name)
    return is_own(name) or (info is not None and info.shape[0] == 1)  # those in colour are photographs


def _known(name: str) -> DatasetInfo | None:
    try:
        return dataset_info(name)
    except DataError:
        return None
