"""Which photograph is read: an upload, a picture taken here, or an example that the lab makes itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from nnlab.drawing.photo.examples import EXAMPLES, example_photo
from nnlab.errors import LabError
from nnlab.pictures.limits import MAX_FILE_BYTES
from nnlab.ui.draw.photo_shots import Shot, take_shot
from nnlab.ui.linked import Linked
from nnlab.ui.text import _, mark, plain, say

_LINKED = Linked("draw")
_TYPES = ("png", "jpg", "jpeg", "jfif", "webp", "gif", "bmp")
_MOST = 8  # photographs of a session; of more, the oldest are forgotten
_LONGEST = 28  # characters of a name
_EXAMPLES = {
    "paper": mark("Example: shadow"),
    "squares": mark("Example: squares"),
    "board": mark("Example: board"),
}
# In the session: its own photographs, newest first; the key of the chosen one, None for an example; what
# could not be read, with its name; how many uploads there were.
_MINE, _CHOSEN, _REFUSED, _ROUND = "photo:mine", "photo:chosen", "photo:refused", "photo:round"


def choose_shot(label: str, examples: bool = True) -> Shot | None:
    """The uploader, the choice among the photographs that there are, and the chosen one.

    Args:
        label: of the uploader.
        examples: whether photographs of digits are of use; without them the answer is None at first.
    """
    _take(label)
    for name, error in st.session_state.get(_REFUSED, []):
        st.error(f"**{plain(name)}** — {say(error)}", icon=":material/error:")
    mine: list[Shot] = st.session_state.get(_MINE, [])
    names = {shot.key: title_of(shot) for shot in mine}
    if examples:
        names |= {name: _(title) for name, title in _EXAMPLES.items()}
    if not names:
        return None
    asked = st.session_state.get(_CHOSEN)
    if asked not in names:
        asked = _LINKED.choice("photo", list(EXAMPLES), EXAMPLES[0]) if examples else next(iter(names))
    key = "photo-which"
    st.session_state[key] = asked
    with st.container(horizontal=True, vertical_alignment="center", key="photo-choice"):
        st.segmented_control(
            _("Photograph"), list(names), required=True, format_func=names.__getitem__, key=key,
            on_change=_choose, args=(key,), label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        chosen: str = st.session_state[key]
        if chosen not in EXAMPLES:
            st.button(
                _("Remove"), icon=":material/close:", key="photo-remove", on_click=_remove, args=(chosen,)
            )
    if chosen in EXAMPLES:
        return _example(chosen)
    return next(shot for shot in mine if shot.key == chosen)


def title_of(shot: Shot) -> str:
    """What a photograph is called, in the reader's language."""
    if shot.name in EXAMPLES:
        return _(_EXAMPLES[shot.name])
    return shot.name if len(shot.name) <= _LONGEST else f"{shot.name[: _LONGEST - 1]}…"


def _take(label: str) -> None:
    # A new widget after every upload: Streamlit then gives back the memory that the files took.
    turn = st.session_state.get(_ROUND, 0)
    with st.container(horizontal=True, vertical_alignment="center", key="photo-strip"):
        key = f"photo-upload-{turn}"
        st.file_uploader(
            label, type=_TYPES, accept_multiple_files=True, key=key, on_change=_received, args=(key,),
            max_upload_size=MAX_FILE_BYTES // 10**6, width=520,
        )  # fmt: skip
        camera = st.toggle(_("Take a picture"), key="photo-camera")
    if camera:
        key = f"photo-shutter-{turn}"
        st.camera_input(
            _("Hold the page so that it fills the picture."),
            key=key,
            on_change=_received,
            args=(key,),
            width=520,
        )


def _received(key: str) -> None:
    """Read what was uploaded or taken; the last of it that can be read is chosen."""
    given: Any = st.session_state.get(key)
    files: Sequence[Any] = given if isinstance(given, list) else [given] if given is not None else []
    refused: list[tuple[str, LabError]] = []
    for file in files[:_MOST]:
        name = _("Picture") if key.startswith("photo-shutter") else file.name
        try:
            shot = take_shot(name, file.getvalue())
        except LabError as error:
            refused.append((name, error))
            continue
        others = [other for other in st.session_state.get(_MINE, []) if other.key != shot.key]
        st.session_state[_MINE] = [shot, *others][:_MOST]
        st.session_state[_CHOSEN] = shot.key
    if len(files) > _MOST:
        many = LabError("At most {most} photographs at a time; these are left out.", most=_MOST)
        refused.append((", ".join(file.name for file in files[_MOST:]), many))
    st.session_state[_REFUSED] = refused
    if files:
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _choose(key: str) -> None:
    chosen = st.session_state[key]
    st.session_state[_REFUSED] = []
    if chosen in EXAMPLES:
        st.session_state[_CHOSEN] = None
        _LINKED.choose("photo", chosen, EXAMPLES[0])
    else:
        st.session_state[_CHOSEN] = chosen


def _remove(key: str) -> None:
    st.session_state[_MINE] = [shot for shot in st.session_state.get(_MINE, []) if shot.key != key]
    st.session_state[_CHOSEN] = next((shot.key for shot in st.session_state[_MINE]), None)


@st.cache_resource(max_entries=len(EXAMPLES), show_spinner=False)
def _example(name: str) -> Shot:
    return take_shot(name, example_photo(name))
