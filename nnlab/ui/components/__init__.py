"""The lab's own pictures: small tiles of pixels, live curves, a drawing pad."""

from nnlab.ui.components.curves import Series, curves
from nnlab.ui.components.library import serve
from nnlab.ui.components.living import Exhibit, living
from nnlab.ui.components.pad import Answer, pad
from nnlab.ui.components.tiles import tiles

__all__ = ["Answer", "Exhibit", "Series", "curves", "living", "pad", "serve", "tiles"]
