"""Features of training images, computed by a process of its own and kept in a file.

    python -m nnlab.lens.remembering WEIGHTS DATASET FILE

prints how many images are done and how many there are, as a JSON list a line, and writes what
`nnlab.lens.neighbours.Remembered` reads. So a server stays free meanwhile, and computes them once for each
network.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import torch

from nnlab.data import load_dataset
from nnlab.errors import LabError
from nnlab.lens.neighbours import MOST_IMAGES, Remembered, remember
from nnlab.paths import cache_root
from nnlab.training.weights import TrainedModel, load_model, weights_bytes

_KEPT = 24  # files, those used last
_VERSION = 1  # of what is in them


def remembered_file(model: TrainedModel, dataset: str) -> Path:
    """Where the features of the training images of `dataset` are kept for a network with these weights."""
    return remembered_folder() / f"{weights_digest(model)}-{dataset.replace('/', '_')}-{_VERSION}.safetensors"


def remembered_folder() -> Path:
    """The folder of these files, in the user's cache."""
    return cache_root() / "features"


def weights_digest(model: TrainedModel) -> str:
    """What tells these weights, in this network, from all others."""
    return hashlib.sha256(weights_bytes(model.state_dict(), model.info)).hexdigest()[:24]


def tidy(folder: Path) -> None:
    """Remove the files that have not been used for longest, but for `_KEPT`."""
    files = sorted(folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
    for file in files[:-_KEPT]:
        file.unlink(missing_ok=True)


def main(weights: Path, dataset: str, file: Path) -> None:
    """Compute and write them."""
    torch.set_num_threads(1)  # whoever draws meanwhile wants the others
    model, data = load_model(weights), load_dataset(dataset)
    for found in remember(model, data, MOST_IMAGES):
        if isinstance(found, Remembered):
            file.parent.mkdir(parents=True, exist_ok=True)
            found.save(file)
            tidy(file.parent)
        else:
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    except (LabError, OSError) as error:
        sys.exit(f"nnlab: {error}")
