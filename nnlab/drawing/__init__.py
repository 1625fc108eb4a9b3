"""From pen strokes to the tensor a model was trained on, and to its answer."""

from nnlab.drawing.predict import (
    digit_score,
    drawing_for,
    drawing_to_image,
    fill_image,
    image_logits,
    is_bright,
    logits_score,
    predict_drawing,
    predict_image,
    rasterize,
)
from nnlab.drawing.shipped import shipped_facts, shipped_model

__all__ = [
    "digit_score",
    "drawing_for",
    "drawing_to_image",
    "fill_image",
    "image_logits",
    "is_bright",
    "logits_score",
    "predict_drawing",
    "predict_image",
    "rasterize",
    "shipped_facts",
    "shipped_model",
]
