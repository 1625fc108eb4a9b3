"""Looking inside a network: what its layers hold and what they make of an image."""

from nnlab.lens.first_layer import FirstLayer, first_layer

__all__ = ["FirstLayer", "first_layer"]
