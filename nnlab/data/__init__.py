"""Data: the registry of datasets, the built-in one, and what torchvision knows."""

from nnlab.data.dataset import Dataset, Split, measure
from nnlab.data.loading import is_present, load_dataset
from nnlab.data.registry import BUILT_IN, DatasetInfo, dataset_info, dataset_names, register

__all__ = [
    "BUILT_IN",
    "Dataset",
    "DatasetInfo",
    "Split",
    "dataset_info",
    "dataset_names",
    "is_present",
    "load_dataset",
    "measure",
    "register",
]
