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
        for problem in getattr(error, "problems", ()):
            row = "" if problem.row is None else f":{problem.row}"
            print(f"{problem.file}{row}: {problem.reason}", file=sys.stderr)
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
    learned = train.add_mutually_exclusive_group()
    learned.add_argument(
        "--dataset", default="strokes", help="a dataset of the registry (default: strokes), or images/NAME"
    )
    learned.add_argument(
        "--images", metavar="FILE", help="your own: a zip or a folder of class folders, or with one CSV"
    )
    train.add_argument("--image-size", type=int, default=32, help="pixels a side of --images (default: 32)")
    train.add_argument("--channels", type=int, default=3, help="of --images: 1 grey, 3 colour (default: 3)")
    train.add_argument("--fit", default="fit", help="of --images: fit, fill or stretch (default: fit)")
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
    train.add_argument(
        "--transforms",
        default="",
        metavar="TEXT",
        help="of torchvision, image by image, e.g. 'random_crop;horizontal_flip;rotation:degrees=10'",
    )
    train.add_argument(
        "--validation",
        type=float,
        metavar="SHARE",
        help="of the training images, to look at meanwhile",
    )
    train.add_argument(
        "--test", type=float, metavar="SHARE", help="of all images (default: the published test split)"
    )
    train.add_argument("--unstratified", action="store_true", help="split without regard to classes")
    train.add_argument("--split-seed", type=int, metavar="SEED", help="of the split (default: 0)")
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
    if arguments.images is not None:
        arguments.dataset = _imported(arguments)
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


def _imported(arguments: argparse.Namespace) -> str:
    """The name of the dataset that becomes of the pictures in ``--images``."""
    from nnlab.data.images import ImageOptions, import_images

    options = ImageOptions(arguments.image_size, arguments.channels, arguments.fit)
    return import_images(arguments.images, options).name


def _spec(arguments: argparse.Namespace) -> RunSpec:
    from nnlab.data.division import Division
    from nnlab.nets.presets import preset
    from nnlab.training.augment import Augmentation
    from nnlab.training.optim import optimizer_kind
    from nnlab.training.recipe import Recipe, RunSpec
    from nnlab.transforms import Pipeline

    names = ("optimizer", "lr", "schedule", "loss", "epochs", "batch_size", "seed", "precision")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if "lr" not in given and given.get("optimizer", Recipe.optimizer) != Recipe.optimizer:
        given["lr"] = optimizer_kind(given["optimizer"]).lr
    try:
        moved = Augmentation(**_pairs(arguments.augment))
    except TypeError:
        known = ", ".join(Augmentation.__dataclass_fields__)
        raise LabError("--augment takes one of: {known}.", known=known) from None
    transforms = Pipeline.from_text(arguments.transforms)
    recipe = Recipe(**given, options=_pairs(arguments.option), augmentation=moved, transforms=transforms)
    division = Division(
        validation=arguments.validation or 0.0,
        test=arguments.test,
        stratified=not arguments.unstratified,
        seed=arguments.split_seed or 0,
    )
    return RunSpec(arguments.dataset, preset(arguments.model), recipe, division).validate()


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
        self._accuracy = "test accuracy -"

    def hear(self, event: Event) -> None:
        values = event.values
        if event.kind == "started":
            self._steps = values["steps"]
        elif event.kind == "evaluated":
            self._accuracy = _accuracy(values)
        elif event.kind == "tick":
            loss = sum(values["loss"]) / len(values["loss"])
            line = (
                f"step {event.step:,}/{self._steps:,}  loss {loss:.4f}  {self._accuracy}  "
                f"{values['samples_per_second']:,.0f} samples/s  {values['seconds_left']:.1f} s left"
            )
            print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)

    def end(self, run_id: str, state: str, result: Mapping[str, Any], problem: str) -> None:
        print(file=sys.stderr)
        if problem:
            print(f"nnlab: {problem}", file=sys.stderr)
        accuracy = _accuracy(result)
        print(f"{run_id} {state}" + (f", {accuracy}" if accuracy else ""))


def _accuracy(values: Mapping[str, Any]) -> str:
    """What an event or a result tells of it, with the part it was measured on; "" for nothing."""
    from nnlab.training.events import last_accuracy

    found = last_accuracy(values)
    return "" if found is None else f"{found[0]} accuracy {found[1]:.2%}"


def _runs(arguments: argparse.Namespace) -> int:
    from nnlab.runs import RunStore
    from nnlab.training.events import last_accuracy

    store = RunStore(arguments.runs)
    for run in store.runs():
        status, spec = run.status, run.spec
        result = status.result or {}
        if arguments.json:
            row = {
                "run": run.id, "state": status.name, "test_accuracy": result.get("test_accuracy"),
                "validation_accuracy": result.get("validation_accuracy"), "spec": spec.to_json(),
            }  # fmt: skip
            print(json.dumps(row))
        else:
            found = last_accuracy(result)
            shown = "-" if found is None else f"{found[1]:.2%}"
            # Of a run that still goes on, or failed, on its validation part.
            part = " (validation)" if found is not None and found[0] == "validation" else ""
            print(
                f"{run.id}  {status.name:<11}  {shown:>7}  {spec.architecture.name} on {spec.dataset}{part}"
            )
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


def _doctor(arguments: argparse.Namespace) -> int:
    from nnlab.doctor import report

    return report(arguments.runs)


def _serve_jobs(arguments: argparse.Namespace) -> int:
    from nnlab.runs.server import serve_jobs

    return serve_jobs()
