"""``python -m nnlab.lessons.ladder``: run the steps, or one with a bug, and print what they end with."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import fields

import torch

from nnlab.lessons.ladder.bugs import BUGS, broken
from nnlab.lessons.ladder.running import Outcome, Sameness, outcome, outcomes
from nnlab.lessons.ladder.steps import Settings, step_named


def main() -> None:
    """Lines of JSON: an outcome for each step and how far it is from the one before; with --bug, two."""
    parser = argparse.ArgumentParser(description="Logistic regression, step by step.")
    usual = Settings()
    for field in fields(Settings):
        if field.name != "double":
            value = getattr(usual, field.name)
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--bug", choices=[bug.name for bug in BUGS])
    given = vars(parser.parse_args())
    name = given.pop("bug")
    settings = Settings(**given).validate()
    torch.set_num_threads(1)
    found: Iterable[Outcome | Sameness]
    if name is None:
        found = outcomes(settings)
    else:
        bug = next(bug for bug in BUGS if bug.name == name)
        right = step_named(bug.step).source(settings)
        found = (outcome(*pair) for pair in (("right", right), (name, broken(bug, settings))))
    for one in found:
        print(json.dumps(one.to_json()), flush=True)


if __name__ == "__main__":
    main()
