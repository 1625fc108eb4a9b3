"""Own datasets that are there: saved by name, or known to this session; what can be done with each."""

from __future__ import annotations

import math

import streamlit as st

from nnlab.data import DatasetInfo, dataset_info
from nnlab.data.images import delete, export_zip, save_as, saved_images
from nnlab.data.own_images import is_unsaved
from nnlab.errors import LabError
from nnlab.ui.datasets.parts import open_part
from nnlab.ui.navigation import page_link_target
from nnlab.ui.owned import forget, unsaved_names
from nnlab.ui.text import _, plain, say
from nnlab.ui.url import set_query

_TOLD = "images:collection-told"
_FEW = 5000  # images, below which the usual two epochs in batches of 128 are too few steps to learn from
_STEPS = 300


def collection() -> None:
    """The list of them, or how to get one."""
    st.subheader(_("Your datasets"))
    saved = saved_images()
    mine = [dataset_info(name) for name in unsaved_names() if name not in {info.name for info in saved}]
    for info in (*mine, *saved):
        _row(info, saved=info not in mine)
    if mine:
        st.caption(
            _(
                "What is not saved is seen in this session alone, or by its link, and goes a day after "
                "its last use."
            )
        )
    if not mine and not saved:
        st.caption(_("None yet. Upload images above; what is saved by name is found here by everyone."))


def open_dataset(name: str) -> None:
    """Show that dataset at the next run of the page."""
    for other in ("split", "class", "sample"):  # they mean something else in another dataset
        set_query(other, None)
    set_query("dataset", name)
    open_part("browse")


def _row(info: DatasetInfo, saved: bool) -> None:
    key = f"images-own-{info.name}"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}-row"):
        with st.container(width=300, gap=None):
            st.markdown(f"**{plain(info.title)}**")
            st.caption(_facts(info) if saved else f"{_('not saved')} · {_facts(info)}")
        st.button(
            _("Browse"),
            icon=":material/grid_view:",
            key=f"{key}-open",
            on_click=open_dataset,
            args=(info.name,),
        )
        st.page_link(
            page_link_target("train"), label=_("Train on it"), icon=":material/model_training:",
            query_params={"dataset": info.name, **_suited(info.train_count)}, width="content",
        )  # fmt: skip
        _saving(info, key, saved)
        st.download_button(
            _("Export"), data=lambda: export_zip(info).read_bytes(), file_name=f"{info.title}.zip",
            mime="application/zip", icon=":material/download:", key=f"{key}-export", on_click="ignore",
            help=_("A zip of PNG files and a table of labels, which can be uploaded again."),
        )  # fmt: skip
        _deleting(info, key)


def _saving(info: DatasetInfo, key: str, saved: bool) -> None:
    with st.popover(_("Save a copy") if saved else _("Save"), icon=":material/save:"):
        st.text_input(
            _("Name"), value="" if saved else info.title, key=f"{key}-name",
            help=_("Letters, digits, spaces, - and _. Everyone who uses this server then finds it."),
        )  # fmt: skip
        st.button(
            _("Save by this name"),
            type="primary",
            key=f"{key}-save",
            on_click=_save,
            args=(info, f"{key}-name"),
        )
        _problem(f"{key}-name")


def _save(info: DatasetInfo, key: str) -> None:
    try:
        kept = save_as(info, st.session_state[key].strip())
    except LabError as error:
        st.session_state[_TOLD] = (key, error)
    else:
        _moved(info.name, kept.name)


def _deleting(info: DatasetInfo, key: str) -> None:
    with st.popover(_("Delete"), icon=":material/delete:"):
        st.markdown(_("Delete {title}? Runs that were trained on it stay.", title=f"**{plain(info.title)}**"))
        st.button(_("Delete it for good"), key=f"{key}-delete", on_click=_delete, args=(info, key))
        _problem(key)


def _delete(info: DatasetInfo, key: str) -> None:
    try:
        delete(info)
    except LabError as error:
        st.session_state[_TOLD] = (key, error)
    else:
        _moved(info.name, None)


def _moved(before: str, after: str | None) -> None:
    """A dataset has another name now, or is gone."""
    if is_unsaved(before):
        forget(before)
        if st.query_params.get("dataset") == before:
            set_query("dataset", after)
    elif after is None and st.query_params.get("dataset") == before:
        set_query("dataset", None)


def _problem(key: str) -> None:
    """What went wrong with the last thing that was asked for there."""
    where, error = st.session_state.get(_TOLD, (None, None))
    if where == key:
        del st.session_state[_TOLD]
        st.error(plain(say(error)), icon=":material/error:")


def _suited(count: int) -> dict[str, str]:
    """Batch size and epochs that suit so few images; none where the usual ones do."""
    batch = 128
    while batch > 8 and count < 20 * batch:
        batch //= 2
    epochs = math.ceil(_STEPS * batch / count)
    return {"batch": str(batch), "epochs": str(min(epochs, 50))} if count < _FEW else {}


def _facts(info: DatasetInfo) -> str:
    return _(
        "{classes:,} classes · {train:,} + {test:,} images · {shape}",
        classes=len(info.classes), train=info.train_count, test=info.test_count,
        shape="×".join(map(str, info.shape)),
    )  # fmt: skip
