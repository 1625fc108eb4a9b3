"""Where branches meet: what each of them gives at a place, and what becomes of it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from torch import Tensor

from nnlab.ui.components.library import pack, part
from nnlab.ui.text import _


def joined(
    form: Literal["sum", "cat"],
    given: Sequence[Tensor],
    output: Tensor,
    titles: Sequence[str],
    *,
    selected: tuple[int, ...],
    key: str,
) -> tuple[int, ...]:
    """Show what branches give and what they are joined to, a channel of each; a place is followed in all.

    Args:
        form: whether they are added, or put side by side.
        given: what each branch gives, (C, H, W) or (F,).
        output: what PyTorch made of it.
        titles: what the branches are called, then the output.
        selected: the place of the output that is told at first: channel, row and column, or the unit.

    Returns:
        The place of the output that was selected last.
    """
    tensors = [*given, output]
    header: dict[str, Any] = {
        "form": form,
        "shapes": [list(tensor.shape) for tensor in tensors],
        "titles": list(titles),
        "selected": list(selected),
        "texts": {
            "channel": _("Channel"),
            "of": _("of {count}", count=output.shape[0]),
            "before": _("The channel before"),
            "next": _("The next channel"),
            "scale": _("One scale for these maps"),
            "keys": _("{name}; arrow keys move to another place"),
        },
    }
    blobs = [np.ascontiguousarray(tensor.detach(), dtype="<f4").tobytes() for tensor in tensors]
    state = part("joined")(
        key=key, data=pack(header, *blobs), default={"selected": list(selected)}, on_selected_change=_noted
    )
    found = state.selected or selected
    if len(found) != output.ndim:  # of another join that stood here
        return selected
    return tuple(min(int(at), size - 1) for at, size in zip(found, output.shape, strict=True))


def _noted() -> None:
    """A state of a component is only kept where it has a callback."""
