"""A heartbeat for work that goes on elsewhere: the fragment it stands in runs again while it is there.

Streamlit's own ``run_every`` is a clock of the whole fragment, set before it runs, and fragments must not lie
in one another.
"""

from __future__ import annotations

import streamlit as st

from nnlab.ui.components.library import pack, part

_EVERY = 0.4  # seconds


def pulse(key: str, seconds: float = _EVERY) -> None:
    """Have the fragment run again in `seconds`, once the browser has what it was sent."""
    count = f"{key}:beats"
    st.session_state[count] = st.session_state.get(count, 0) + 1  # what does not change is not sent
    header = {"number": st.session_state[count], "every": round(1000 * seconds)}
    part("pulse")(key=key, data=pack(header), height=1, on_beat_change=_noted)


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""
