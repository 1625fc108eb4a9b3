"""The parts of the Train page."""

from nnlab.ui.train.code import code_view, training_code
from nnlab.ui.train.form import recipe_form
from nnlab.ui.train.live import live_view
from nnlab.ui.train.shelf import shelf, show, shown_runs
from nnlab.ui.train.start import start_button

__all__ = [
    "code_view",
    "live_view",
    "recipe_form",
    "shelf",
    "show",
    "shown_runs",
    "start_button",
    "training_code",
]
