"""Browse: a dataset's images, one of them on its way into a network, and what each class looks like."""

from nnlab.ui.datasets.browse.samples import browse

__all__ = ["browse"]
