"""The built-in dataset: handwritten digits by the lab's own pen, made here and kept in a file."""

from nnlab.data.strokes.cache import TEST_COUNT, TRAIN_COUNT, build_strokes, load_strokes

__all__ = ["TEST_COUNT", "TRAIN_COUNT", "build_strokes", "load_strokes"]
