"""From the click that starts a run to 97 % and to 99 % on MNIST's test images.

    NNLAB_DATA=... python -m benchmarks.time_to_accuracy      # needs MNIST in the data root

Each run goes the whole way of a click in the lab: `RunStore.start`, a worker process forked for it, MNIST
read from disk, training with snapshots and events, and the event with the accuracy read by a watcher that
looks as often as the Train page does, and here more often. The job server is up before, as in the lab.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time

import nnlab
from nnlab.devices import default_threads

# Aim -> a recipe that gets there soon; both are one cycle of Adam.
RECIPES = {
    0.97: nnlab.Recipe(epochs=0.2, batch_size=64, options={"betas": (0.8, 0.95)}),
    0.99: nnlab.Recipe(epochs=1.25, options={"betas": (0.8, 0.95)}),
}
_LOOK_SECONDS = 0.005


def click_to_accuracy(store: nnlab.RunStore, spec: nnlab.RunSpec, aim: float) -> tuple[float, float]:
    """Seconds until an accuracy of at least `aim`, or the run's last one, is known; and that accuracy."""
    clicked = time.perf_counter()
    run = store.start(spec)
    while True:
        told = [event.values["test_accuracy"] for event in run.events() if event.kind == "evaluated"]
        seconds = time.perf_counter() - clicked
        if told and told[-1] >= aim:
            return seconds, told[-1]
        if run.status.has_ended:
            if run.state != "finished":
                raise SystemExit(f"The run ended as {run.state}: {run.status.problem}")
            return seconds, told[-1]
        time.sleep(_LOOK_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = nnlab.RunStore(folder)
        store.warm()
        click_to_accuracy(
            store, nnlab.RunSpec("mnist", nnlab.preset("convnet"), nnlab.Recipe(epochs=0.01)), 0
        )
        print(f"{arguments.rounds} rounds, {default_threads()} thread(s) for the worker")
        print("| aim | median seconds | fastest | slowest | median accuracy | lowest |")
        print("| --- | --- | --- | --- | --- | --- |")
        for aim, recipe in RECIPES.items():
            found = []
            for seed in range(arguments.rounds):
                spec = nnlab.RunSpec(
                    "mnist", nnlab.preset("convnet"), nnlab.Recipe(**{**vars(recipe), "seed": seed})
                )
                found.append(click_to_accuracy(store, spec, aim))
            seconds, accuracies = zip(*found, strict=True)
            print(
                f"| {aim:.0%} | {statistics.median(seconds):.2f} | {min(seconds):.2f} | {max(seconds):.2f} "
                f"| {statistics.median(accuracies):.2%} | {min(accuracies):.2%} |"
            )


if __name__ == "__main__":
    main()
