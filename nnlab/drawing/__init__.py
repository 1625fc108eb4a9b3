"""From pen strokes to the tensor a model was trained on, and to its answer."""

from nnlab.drawing.predict import drawing_for, drawing_to_image, is_bright, predict_drawing, predict_image
from nnlab.drawing.shipped import shipped_model

__all__ = [
    "drawing_for",
    "drawing_to_image",
    "is_bright",
    "predict_drawing",
    "predict_image",
    "shipped_model",
]
