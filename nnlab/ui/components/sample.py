"""A sample on the board of the Draw page: the image, what the network sees, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlab.ui.components.library import pack, part
from nnlab.ui.components.pad import MOST_BARS, Answer, board_texts, runs, sentence_of


def sample_board(
    image: np.ndarray, answer: Answer, *, classes: Sequence[str], key: str, caption: str, right: bool | None
) -> None:
    """The board of `pad` with an image (C, H, W) uint8 in place of the paper.

    Args:
        image: as it is in its dataset.
        answer: to it.
        classes: the name of each class.
        caption: a line under it.
        right: whether the answer is the right one, where that is known.
    """
    said, blobs = answer.message()
    header: dict[str, Any] = {
        **said, "most": MOST_BARS, "classes": list(classes), "texts": board_texts(), "caption": caption,
        "size": list(image.shape), "right": right, "sentence": sentence_of(answer, classes),
    }  # fmt: skip
    part("sample")(key=key, data=pack(header, *blobs, runs(np.ascontiguousarray(image))))
