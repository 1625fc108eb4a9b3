"""Save and load: a state_dict through a story of one's own, whole-model pickles, and eval()."""

from nnlab.ui.learn.saving import modes, pickled, state
from nnlab.ui.text import mark

PARTS = {
    "state": mark("state_dict"),
    "pickle": mark("Why no pickle"),
    "modes": mark("train() and eval()"),
}
DRAWN = {"state": state.show, "pickle": pickled.show, "modes": modes.show}
