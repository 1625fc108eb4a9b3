"""The colours of `.streamlit/config.toml`, for pictures that Streamlit does not colour by itself."""

from __future__ import annotations

import streamlit as st


def palette() -> tuple[str, ...]:
    """The colours of charts in the reader's theme; Streamlit 1.67 does not hand them to Plotly."""
    return tuple(st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors") or ())


def background() -> str | None:
    """The colour behind them."""
    color: str | None = st.get_option(f"theme.{st.context.theme.type or 'light'}.backgroundColor")
    return color
