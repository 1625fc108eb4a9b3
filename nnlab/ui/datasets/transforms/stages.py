"""One image before and after each step, with its numbers."""

from __future__ import annotations

import streamlit as st

from nnlab.errors import LabError
from nnlab.transforms import Stage
from nnlab.ui.datasets.transforms.pictures import number_list, pictures, told
from nnlab.ui.text import _, say

_STYLE = """<style>
[class*="st-key-transforms-stage-"] { padding: 0.5rem !important; }
</style>"""


def stages_view(stages: list[Stage], problem: LabError | None) -> None:
    """A card for each stage; where a step cannot work, the cards up to it, and why it cannot."""
    if problem is not None:
        st.error(say(problem), icon=":material/block:")
    st.html(_STYLE)
    with st.container(horizontal=True, gap="xsmall", key="transforms-stages"):
        for place, stage in enumerate(stages):
            with st.container(border=True, width=132, gap="xsmall", key=f"transforms-stage-{place}"):
                title = stage_title(stage)
                st.caption(f"**{title}**")
                pictures(
                    [stage.value], columns=1, key=f"transforms-picture-{place}", label=title, max_tile=114
                )
                number_list(stage.numbers)
                if stage.note is not None:
                    st.caption(f":material/info: {say(stage.note)}")
    with st.expander(_("The numbers as a table"), icon=":material/table_rows:"):
        rows = [{_("Step"): stage_title(stage), **told(stage.numbers)} for stage in stages]
        st.dataframe({name: [row[name] for row in rows] for name in rows[0]}, hide_index=True)


def stage_title(stage: Stage) -> str:
    """The step's number and name."""
    if stage.step is None:
        return _("PIL image")
    return f"{stage.number}. {say(stage.step.entry.title)}"
