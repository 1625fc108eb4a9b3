"""Looking inside a network: what its layers hold and what they make of an image."""

from nnlab.lens.filters import FirstLayer, first_layer, first_layer_maps

__all__ = ["FirstLayer", "first_layer", "first_layer_maps"]
