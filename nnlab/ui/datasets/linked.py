"""What the URL says about the Datasets page."""

from nnlab.ui.linked import Linked

LINKED = Linked("datasets")
