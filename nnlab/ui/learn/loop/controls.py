"""The choices of this page, which the URL holds."""

from nnlab.ui.linked import Linked

LINKED = Linked("loop")
