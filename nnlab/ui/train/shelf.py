"""The runs on this machine: a table in which one is opened, or several laid over each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from nnlab.errors import LabError
from nnlab.runs import Run
from nnlab.training.recipe import RunSpec
from nnlab.ui.networks import network_of_run
from nnlab.ui.owned import short_title
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, say
from nnlab.ui.url import set_query

MOST_SHOWN = 8  # runs at once: as many as there are colours
_MOST_LISTED = 200
_DRAWN = "train:shelf"  # the runs of the table and those of its selected rows, and how often that was new

STATES = {
    "queued": mark("waiting"),
    "training": mark("training"),
    "paused": mark("paused"),
    "finished": mark("finished"),
    "stopped": mark("stopped"),
    "failed": mark("failed"),
    "interrupted": mark("interrupted"),
}


def shown_runs() -> list[Run]:
    """The runs that the URL names; an unknown one gets a sentence and is left out."""
    found = []
    for run_id in st.query_params.get("run", "").split(",")[:MOST_SHOWN]:
        if not run_id:
            continue
        try:
            found.append(run_store().open(run_id))
        except LabError as error:
            st.warning(say(error), icon=":material/link_off:")
    return found


def show(ids: list[str]) -> None:
    """Make these the shown runs."""
    set_query("run", ",".join(ids[:MOST_SHOWN]) or None)


def shelf(shown: list[Run]) -> None:
    """The table of all runs, newest first; the selected rows are the shown runs."""
    runs = run_store().runs()[:_MOST_LISTED]
    st.subheader(_("Runs"))
    if not runs:
        st.caption(_("None yet. Press Start: a run is kept, and can be opened again from here."))
        return
    ids = [run.id for run in runs]
    chosen = [run.id for run in shown if run.id in ids]
    # Rows that a browser selected in another table, or before it heard of a new run, mean other runs here.
    *drawn, number = st.session_state.get(_DRAWN, (None, None, 0))
    if drawn != [ids, chosen]:
        number += 1
        st.session_state[_DRAWN] = ids, chosen, number
    key = f"train-shelf-{number}"

    def selected() -> None:
        found = [ids[row] for row in st.session_state[key]["selection"]["rows"]]
        st.session_state[_DRAWN] = ids, found, number
        show(found)

    st.dataframe(
        _table(runs),
        key=key,
        hide_index=True,
        on_select=selected,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(run_id) for run_id in chosen]}},
        height=min(388, 38 + 35 * len(runs)),
        column_config={
            _("Test accuracy"): st.column_config.NumberColumn(format="%.2f %%"),
            _("Validation accuracy"): st.column_config.NumberColumn(format="%.2f %%"),
            _("Started"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    st.caption(_("Select a row to open a run; select several to lay their curves over each other."))


def title(run: Run) -> str:
    """What tells a run from the others in a legend."""
    return f"{network_of_run(run.spec)} · {short_title(run.spec.dataset)} · {run.id[-4:]}"


def _table(runs: list[Run]) -> dict[str, list[Any]]:
    specs = [run.spec for run in runs]
    titles = {name: short_title(name) for name in {spec.dataset for spec in specs}}
    states = [run.status for run in runs]
    results = [state.result or {} for state in states]
    return {
        _("Network"): [network_of_run(spec) for spec in specs],
        _("Dataset"): [titles[spec.dataset] for spec in specs],
        _("State"): [_(STATES[state.name]) for state in states],
        _("Test accuracy"): [_percent(result, "test_accuracy") for result in results],
        **_validated(specs, results),
        _("Epochs"): [spec.recipe.epochs for spec in specs],
        _("Optimizer"): [f"{spec.recipe.optimizer} {spec.recipe.lr:g}" for spec in specs],
        _("Batch size"): [spec.recipe.batch_size for spec in specs],
        _("Started"): [datetime.fromtimestamp(run.created) for run in runs],
        _("Name"): [run.id for run in runs],
    }


def _validated(specs: list[RunSpec], results: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """A column for the validation part, where any run has one."""
    if not any(spec.division.validation for spec in specs):
        return {}
    return {_("Validation accuracy"): [_percent(result, "validation_accuracy") for result in results]}


def _percent(result: Mapping[str, Any], name: str) -> float | None:
    return 100 * result[name] if name in result else None
