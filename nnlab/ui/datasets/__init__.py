"""The parts of the Datasets page."""

from nnlab.ui.datasets.balance import class_balance
from nnlab.ui.datasets.controls import View, view
from nnlab.ui.datasets.facts import dataset_facts
from nnlab.ui.datasets.fetching import obtain
from nnlab.ui.datasets.samples import browse

__all__ = ["View", "browse", "class_balance", "dataset_facts", "obtain", "view"]
