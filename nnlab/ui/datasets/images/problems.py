"""What is wrong with an upload: one sentence, and file by file."""

from __future__ import annotations

import streamlit as st

from nnlab.errors import DataError, LabError
from nnlab.ui.text import _, plain, say


def tell_problems(error: LabError, mend: str) -> None:
    """The sentence of `error`, a table of the files it names, and how to `mend` it."""
    st.error(plain(say(error)), icon=":material/error:")
    problems = error.problems if isinstance(error, DataError) else ()
    if problems:
        st.dataframe(
            {
                _("File"): [problem.file for problem in problems],
                _("Row"): ["" if problem.row is None else str(problem.row) for problem in problems],
                _("What is wrong"): [say(problem.reason) for problem in problems],
            },
            hide_index=True,
            height=min(388, 38 + 35 * len(problems)),
            column_config={
                _("File"): st.column_config.TextColumn(width=200),
                _("Row"): st.column_config.TextColumn(width=60, alignment="right"),
            },
            key="images-problems",
        )
    st.caption(mend)
