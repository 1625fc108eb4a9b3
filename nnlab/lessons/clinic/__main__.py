"""``python -m nnlab.lessons.clinic --case dead``: run a program of the clinic and print its records."""

from __future__ import annotations

import argparse
import json

import torch

from nnlab.lessons.clinic.cases import CASES, HEALTHY
from nnlab.lessons.clinic.records import train


def main() -> None:
    """A record in JSON on each line."""
    cases = {case.name: case for case in (HEALTHY, *CASES)}
    parser = argparse.ArgumentParser(description="A broken training, watched.")
    parser.add_argument("--case", choices=list(cases), default=HEALTHY.name)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    train(cases[given.case], given.seed, lambda record: print(json.dumps(record.to_json()), flush=True))


if __name__ == "__main__":
    main()
