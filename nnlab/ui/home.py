"""The network at work on the home page: digits of the lab's own pen, seen by the shipped network."""

from __future__ import annotations

import streamlit as st

from nnlab.data.strokes.pen import write_digits
from nnlab.drawing import predict_image, shipped_model
from nnlab.lens import first_layer
from nnlab.training.batches import normalise
from nnlab.ui.components import Exhibit

_DIGITS = 40
_SEED = 28
_SHOWN = 12  # of the first layer's filters
_STEP = 7  # shares no factor with the number of digits: all come, and neighbours are of different classes


def classes() -> tuple[str, ...]:
    """What the shipped network tells apart."""
    return shipped_model().info.classes


def exhibit(number: int) -> Exhibit:
    """The digit whose turn it is, and what the shipped network makes of it."""
    return _exhibits()[number * _STEP % _DIGITS]


@st.cache_resource(show_spinner=False)
def _exhibits() -> list[Exhibit]:
    model = shipped_model()
    images = write_digits(_DIGITS, _SEED).images
    found = []
    for image in images.split(1):
        first = first_layer(model, normalise(image, model.info.mean, model.info.std))
        found.append(
            Exhibit(
                image=image[0, 0].numpy(),
                seen=first.seen[0].numpy(),
                filters=first.filters[:_SHOWN, 0].numpy(),
                bias=first.bias[:_SHOWN].numpy(),
                maps=first.maps[:_SHOWN].numpy(),
                probabilities=predict_image(model, image).tolist(),
            )
        )
    return found
