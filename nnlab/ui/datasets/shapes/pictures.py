"""The tensor itself: a table, curves, or tiles; what an index did not take is left blank."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from nnlab.ui.components import Series, curves, tiles
from nnlab.ui.datasets.linked import LINKED
from nnlab.ui.text import _

_SIGNED_MOST = 1.0  # the ends of the scale of images and volumes, whose values lie in [0, 1]


def draw(kind: str, whole: Tensor, kept: Tensor, index: str) -> None:
    """Draw `kept`, which is `whole` with NaN where `index` took nothing."""
    match kind:
        case "table":
            _table(kept)
        case "series":
            _series(whole, kept, index)
        case "images":
            tiles(
                kept, [f"x[{n}]" for n in range(len(kept))], columns=4, key="shapes-images", kind="signed",
                scale=_SIGNED_MOST, max_tile=300, label=_("Every sample, its channels side by side"),
            )  # fmt: skip
        case "volumes":
            sample = _sample(len(kept))
            slices = kept[sample].transpose(0, 1)  # (D, C, H, W)
            tiles(
                slices, [f"x[{sample}, :, {depth}]" for depth in range(len(slices))], columns=6,
                key="shapes-volumes", kind="signed", scale=_SIGNED_MOST, max_tile=170 * slices.shape[1],
                label=_("The slices of a sample, one after the other"),
            )  # fmt: skip


def _table(kept: Tensor) -> None:
    columns = kept.T.tolist()
    st.dataframe(
        {f"x[:, {c}]": [None if v != v else v for v in column] for c, column in enumerate(columns)},
        hide_index=False,
        height="content",
        placeholder="",
        column_config={
            f"x[:, {c}]": st.column_config.NumberColumn(format="%.3f") for c in range(len(columns))
        },
        alt=_("The table: a row for each sample"),
    )


def _series(whole: Tensor, kept: Tensor, index: str) -> None:
    sample = _sample(len(kept))
    steps = [float(step) for step in range(whole.shape[2])]
    lines = []
    for channel in range(whole.shape[1]):
        name = f"x[{sample}, {channel}]"
        lines.append(
            Series(
                name + " ", steps, whole[sample, channel].tolist(), color=channel, faint=True, smooth=False
            )
        )
        lines.append(
            Series(
                name,
                steps,
                kept[sample, channel].tolist(),
                color=channel,
                marker="circle",
                smooth=False,
                dash=("solid", "dash", "dot", "solid")[channel],
            )
        )
    extents = "-".join(map(str, whole.shape))
    curves(
        lines, x_label=_("step"), y_label=_("value"), key=f"shapes-series-{extents}-{sample}-{index}",
        height=240,
    )  # fmt: skip


def _sample(count: int) -> int:
    """Which sample is shown, where not all are at once."""
    found = min(LINKED.number("shape_sample", 0, low=0, high=99), count - 1)
    return int(
        st.number_input(
            _("Sample shown"),
            0,
            count - 1,
            **LINKED.held("shape_sample", found),
            on_change=LINKED.note,
            args=("shape_sample", 0),
            width=140,
        )
    )
