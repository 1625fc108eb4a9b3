"""The command line: train, list and export runs, and see what this machine has.

Imports of torch wait until a command needs them, so that `doctor` can speak where torch cannot be imported.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlab.errors import LabError

if TYPE_CHECKING:
    from nnlab.training.events import Event
    from nnlab.training.recipe import RunSpec

_INTERRUPTED = 130  # the shell's convention: 128 + SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 failed, 2 asked for wrongly, 130 stopped by Ctrl-C."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.command(parsed)
    except LabError as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; Python would complain of it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nnlab", description="Datasets, networks and their training.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network here, recorded as a run")
    train.set_defaults(command=_train)
    train.add_argument("--dataset", default="strokes", help="a dataset of the registry (default: strokes)")
    train.add_argument("--model", default="convnet", help="a preset (default: convnet)")
    train.add_argument("--epochs", type=float, help="passes through the data; may be a fraction")
    train.add_argument("--optimizer")
    train.add_argument("--lr", type=float, help="learning rate (default: what suits the optimizer)")
    train.add_argument("--schedule")
    train.add_argument("--loss")
    train.add_argument("--batch-size", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--precision")
    train.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the optimizer, e.g. momentum=0.9",
    )
    train.add_argument(
        "--augment",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="shift, rotate, scale, shear or elastic",
    )
    train.add_argument("--threads", type=int, help="CPU threads (default: all cores but one)")
    train.add_argument("--download", action="store_true", help="fetch the dataset where it is absent")
    train.add_argument("--json", action="store_true", help="one JSON object per event on stdout")
    _add_runs(train)

    runs = commands.add_parser("runs", help="list the runs")
    runs.set_defaults(command=_runs)
    runs.add_argument("--json", action="store_true", help="one JSON object per run on stdout")
    _add_runs(runs)

    export = commands.add_parser("export", help="write a run's last weights to a file")
    export.set_defaults(command=_export)
    export.add_argument("run", metavar="RUN", help="the run's id")
    export.add_argument("--to", required=True, type=Path, metavar="FILE", help="ending in .safetensors")
    _add_runs(export)

    doctor = commands.add_parser("doctor", help="versions, device, folders, and what is missing")
    doctor.set_defaults(command=_doctor)
    _add_runs(doctor)

    jobs = commands.add_parser("serve-jobs")  # started by nnlab itself
    jobs.set_defaults(command=_serve_jobs)
    return parser


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runs", metavar="DIR", help="the folder of runs (default: NNLAB_RUNS, or the cache)"
    )


def _train(arguments: argparse.Namespace) -> int:
    import torch

    from nnlab.data import load_dataset
    from nnlab.devices import default_threads
    from nnlab.errors import check
    from nnlab.runs import RunStore
    from nnlab.runs.limits import keep_memory
    from nnlab.training.loop import Controls

    threads = default_threads() if arguments.threads is None else arguments.threads
    check(threads >= 1, "The number of threads is {value}; it should be at least 1.", value=threads)
    spec = _spec(arguments)
    if arguments.download:
        load_dataset(spec.dataset, download=True)
    torch.set_num_threads(threads)
    keep_memory()
    controls = Controls()
    tell = _JsonTeller() if arguments.json else _ProgressTeller()
    pressed = []

    def stop(*_: Any) -> None:
        pressed.append(True)
        controls.stop = True
        signal.signal(signal.SIGINT, before)  # who presses again does not want to wait

    def hear(event: Event) -> None:
        try:
            tell.hear(event)
        except BrokenPipeError:  # nobody listens any more
            controls.stop = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        run = RunStore(arguments.runs).train_here(spec, controls, hear)
    finally:
        signal.signal(signal.SIGINT, before)
    status = run.status
    tell.end(run.id, status.name, status.result or {}, str(status.problem or ""))
    if status.name == "finished":
        return 0
    return _INTERRUPTED if pressed else 1


def _spec(arguments: argparse.Namespace) -> RunSpec:
    from nnlab.nets.presets import preset
    from nnlab.training.augment import Augmentation
    from nnlab.training.optim import optimizer_kind
    from nnlab.training.recipe import Recipe, RunSpec

    names = ("optimizer", "lr", "schedule", "loss", "epochs", "batch_size", "seed", "precision")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if "lr" not in given and given.get("optimizer", Recipe.optimizer) != Recipe.optimizer:
        given["lr"] = optimizer_kind(given["optimizer"]).lr
    try:
        moved = Augmentation(**_pairs(arguments.augment))
    except TypeError:
        known = ", ".join(Augmentation.__dataclass_fields__)
        raise LabError("--augment takes one of: {known}.", known=known) from None
    recipe = Recipe(**given, options=_pairs(arguments.option), augmentation=moved)
    return RunSpec(arguments.dataset, preset(arguments.model), recipe).validate()


def _pairs(texts: Sequence[str]) -> dict[str, Any]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            pairs[name] = json.loads(value)
        except ValueError:
            equals = ""
        if not equals:
            raise LabError(
                "{text} is not of the form NAME=VALUE with a number, true or false.", text=repr(text)
            )
    return pairs


class _JsonTeller:
    """One line of JSON an event; the last one sums up."""

    def hear(self, event: Event) -> None:
        if event.kind not in ("finished", "stopped", "failed"):
            print(json.dumps(event.to_json()), flush=True)

    def end(self, run_id: str, state: str, result: Mapping[str, Any], problem: str) -> None:
        print(json.dumps({"kind": state, "run": run_id, **result}), flush=True)


class _ProgressTeller:
    """One line that is written over: loss, accuracy, time left."""

    def __init__(self) -> None:
        self._steps = 0
        self._accuracy = "-"

    def hear(self, event: Event) -> None:
        values = event.values
        if event.kind == "started":
            self._steps = values["steps"]
        elif event.kind == "evaluated":
            self._accuracy = f"{values['test_accuracy']:.2%}"
        elif event.kind == "tick":
            loss = sum(values["loss"]) / len(values["loss"])
            line = (
                f"step {event.step:,}/{self._steps:,}  loss {loss:.4f}  test accuracy {self._accuracy}  "
                f"{values['samples_per_second']:,.0f} samples/s  {values['seconds_left']:.1f} s left"
            )
            print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)

    def end(self, run_id: str, state: str, result: Mapping[str, Any], problem: str) -> None:
        print(file=sys.stderr)
        if problem:
            print(f"nnlab: {problem}", file=sys.stderr)
        accuracy = f", test accuracy {result['test_accuracy']:.2%}" if "test_accuracy" in result else ""
        print(f"{run_id} {state}{accuracy}")


def _runs(arguments: argparse.Namespace) -> int:
    from nnlab.runs import RunStore

    store = RunStore(arguments.runs)
    for run in store.runs():
        status, spec = run.status, run.spec
        accuracy = (status.result or {}).get("test_accuracy")
        if arguments.json:
            row = {"run": run.id, "state": status.name, "test_accuracy": accuracy, "spec": spec.to_json()}
            print(json.dumps(row))
        else:
            shown = "-" if accuracy is None else f"{accuracy:.2%}"
            print(f"{run.id}  {status.name:<11}  {shown:>7}  {spec.architecture.name} on {spec.dataset}")
    for problem in store.damaged():
        print(f"nnlab: {problem}", file=sys.stderr)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from nnlab.runs import RunStore
    from nnlab.training.weights import SUFFIX, save_weights

    run = RunStore(arguments.runs).open(arguments.run)
    if arguments.to.suffix != SUFFIX:
        raise LabError(
            "{file} ends in {suffix}; weights are written as {known}.",
            file=arguments.to.name, suffix=repr(arguments.to.suffix), known=SUFFIX,
        )  # fmt: skip
    model = run.load_model()
    try:
        save_weights(arguments.to, model.state_dict(), model.info)
    except OSError as error:
        raise LabError("{file} cannot be written ({reason}).", file=arguments.to, reason=error) from None
    print(arguments.to)
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from nnlab.doctor import report

    return report(arguments.runs)


def _serve_jobs(arguments: argparse.Namespace) -> int:
    from nnlab.runs.server import serve_jobs

    return serve_jobs()
