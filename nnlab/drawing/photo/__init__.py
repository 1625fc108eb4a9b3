"""From a photograph of written digits to the images that a network of drawings is given, one a digit."""

from nnlab.drawing.photo.photo import Photo, read_photo

__all__ = ["Photo", "read_photo"]
