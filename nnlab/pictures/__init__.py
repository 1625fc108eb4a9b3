"""Pictures of a person's own: archives of them read safely, checked, and brought to one size.

Without torch, for the work is done by a process of its own that must start fast and may be ended at any
time (`nnlab.pictures.process`). What it leaves behind is one safetensors file; `nnlab.data.images` makes a
dataset of it.
"""

from nnlab.pictures.decode import open_picture, prepare_picture
from nnlab.pictures.options import FITS, ImageOptions

__all__ = ["FITS", "ImageOptions", "open_picture", "prepare_picture"]
