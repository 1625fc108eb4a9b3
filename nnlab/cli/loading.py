"""``nnlab loading``: how fast a dataset reaches the training."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnlab.cli.common import Commands


def add_parser(commands: Commands) -> None:
    """Add ``loading`` to the command line."""
    loading = commands.add_parser("loading", help="samples a second of a DataLoader, and of our own batches")
    loading.set_defaults(command=_loading)
    loading.add_argument("--dataset", default="strokes", help="a dataset of the registry (default: strokes)")
    loading.add_argument("--batch-size", type=int, default=64)
    loading.add_argument("--sampler", default="random", help="sequential, random or weighted")
    loading.add_argument(
        "--workers", type=int, nargs="*", default=[0, 1, 2], help="how many (default: 0 1 2)"
    )
    loading.add_argument("--seconds", type=float, default=1.5, help="that each way is measured for")
    loading.add_argument("--json", action="store_true", help="one JSON object for each way on stdout")


def _loading(arguments: argparse.Namespace) -> int:
    import dataclasses

    import torch

    from nnlab.data import load_dataset
    from nnlab.data.loaders import Loading
    from nnlab.devices import default_threads
    from nnlab.training.loading_speed import measure_loading

    loading = Loading(arguments.batch_size, arguments.sampler).validate()
    for count in arguments.workers:
        dataclasses.replace(loading, workers=count).validate()
    torch.set_num_threads(default_threads())
    data = load_dataset(arguments.dataset)
    for rate in measure_loading(data, loading, arguments.workers, arguments.seconds):
        if arguments.json:
            print(json.dumps(dataclasses.asdict(rate)), flush=True)
        else:
            way = "resident tensor" if rate.workers is None else f"DataLoader, {rate.workers} workers"
            print(
                f"{way:<22} {rate.rate:>11,.0f} samples/s, first batch after {rate.first:.3f} s", flush=True
            )
    return 0
