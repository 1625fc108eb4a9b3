"""The lab's own pictures: small tiles of pixels, live curves, a drawing pad."""

from nnlab.ui.components.chain import Stage, chain
from nnlab.ui.components.curves import Series, curves
from nnlab.ui.components.diagram import diagram
from nnlab.ui.components.library import serve
from nnlab.ui.components.living import Exhibit, living
from nnlab.ui.components.pad import Answer, drawn, pad
from nnlab.ui.components.strips import Strip, strips
from nnlab.ui.components.tiles import tiles
from nnlab.ui.components.window import window

__all__ = [
    "Answer",
    "Exhibit",
    "Series",
    "Stage",
    "Strip",
    "chain",
    "curves",
    "diagram",
    "drawn",
    "living",
    "pad",
    "serve",
    "strips",
    "tiles",
    "window",
]
