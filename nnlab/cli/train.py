"""``nnlab train``: train a network in this process, recorded as a run."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlab.cli.common import INTERRUPTED, accuracy_text, add_runs, network, start_of
from nnlab.errors import LabError

if TYPE_CHECKING:
    from nnlab.cli.common import Commands
    from nnlab.data.dataset import Split
    from nnlab.training.events import Event
    from nnlab.training.recipe import RunSpec
    from nnlab.training.weights import TrainedModel


def add_parser(commands: Commands) -> None:
    """Add ``train`` to the command line."""
    train = commands.add_parser("train", help="train a network here, recorded as a run")
    train.set_defaults(command=_train)
    learned = train.add_mutually_exclusive_group()
    learned.add_argument(
        "--dataset", help="a dataset of the registry (default: strokes, or that of --start), or images/NAME"
    )
    learned.add_argument(
        "--images", metavar="FILE", help="your own: a zip or a folder of class folders, or with one CSV"
    )
    train.add_argument("--image-size", type=int, help="pixels a side of --images (default: 32)")
    train.add_argument("--channels", type=int, help="of --images: 1 grey, 3 colour (default: 3)")
    train.add_argument("--fit", help="of --images: fit, fill or stretch (default: fit)")
    train.add_argument(
        "--model", help="a preset (default: convnet, or that of --start), or a file of layers (.json)"
    )
    train.add_argument(
        "--start", metavar="RUN|FILE", help="go on from a run's last weights, or from a file's (.safetensors)"
    )
    train.add_argument("--drawings", metavar="FILE", help="learn these kept drawings (.zip) with --start")
    train.add_argument("--repeat", type=int, default=20, help="times each drawing is shown (default: 20)")
    train.add_argument(
        "--rehearsal", type=int, default=0, metavar="N", help="training images shown beside them (default: 0)"
    )
    train.add_argument("--epochs", type=float, help="passes through the data; may be a fraction")
    train.add_argument("--optimizer")
    train.add_argument("--lr", type=float, help="learning rate (default: what suits the optimizer)")
    train.add_argument("--schedule")
    train.add_argument("--loss")
    train.add_argument("--batch-size", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--init", help="how the weights begin, e.g. kaiming_normal (default: PyTorch's own)")
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
    add_runs(train)


def _train(arguments: argparse.Namespace) -> int:
    import torch

    from nnlab.data import load_dataset
    from nnlab.devices import default_threads
    from nnlab.errors import check
    from nnlab.runs import RunStore
    from nnlab.runs.limits import keep_memory
    from nnlab.training.loop import Controls
    from nnlab.training.start import Given

    threads = default_threads() if arguments.threads is None else arguments.threads
    check(threads >= 1, "The number of threads is {value}; it should be at least 1.", value=threads)
    of_images = {name: getattr(arguments, name) for name in ("image_size", "channels", "fit")}
    of_images = {name: value for name, value in of_images.items() if value is not None}
    check(
        arguments.images is not None or not of_images,
        "--image-size, --channels and --fit say what becomes of the pictures of --images, which is missing.",
    )
    if arguments.images is not None:
        arguments.dataset = _imported(arguments.images, of_images)
    start = None if arguments.start is None else start_of(arguments.start, arguments.runs)
    own = None if arguments.drawings is None else _drawings(arguments, start)
    spec = _spec(arguments, start, own)
    given = Given({} if start is None else start.state_dict(), own)
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
        run = RunStore(arguments.runs).train_here(spec, controls, hear, given)
    finally:
        signal.signal(signal.SIGINT, before)
    status = run.status
    tell.end(run.id, status.name, status.result or {}, str(status.problem or ""))
    if status.name == "finished":
        return 0
    return INTERRUPTED if pressed else 1


def _imported(path: str, options: Mapping[str, Any]) -> str:
    """The name of the dataset that becomes of the pictures in ``--images``."""
    from nnlab.data.images import ImageOptions, import_images

    return import_images(path, ImageOptions(**options)).name


def _drawings(arguments: argparse.Namespace, start: TrainedModel | None) -> Split:
    """The images of ``--drawings``, as the network of ``--start`` is given them."""
    from nnlab.drawing.keeping import read_archive

    path = Path(arguments.drawings)
    try:
        drawings = read_archive(path.read_bytes())
    except OSError as error:
        raise LabError("{file} cannot be read ({reason}).", file=path, reason=error.strerror) from None
    if start is None:
        raise LabError("--drawings goes with --start, the network that is to learn them.")
    split, left_out = drawings.split(start)
    if split is None:
        raise LabError(
            "None of the {count} drawings is of a class that the network tells apart.", count=left_out
        )
    if left_out:
        print(f"nnlab: {left_out} drawings of other classes are left out", file=sys.stderr)
    return split


def _spec(arguments: argparse.Namespace, start: TrainedModel | None, own: Split | None) -> RunSpec:
    from nnlab.data.division import Division
    from nnlab.training.augment import Augmentation
    from nnlab.training.optim import optimizer_kind
    from nnlab.training.recipe import Recipe, RunSpec
    from nnlab.training.start import Mixture, Start, own_digest
    from nnlab.transforms import Pipeline

    names = ("optimizer", "lr", "schedule", "loss", "epochs", "batch_size", "seed", "init", "precision")
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
    dataset = arguments.dataset or (start.info.dataset if start else "strokes")
    if start is None:
        return RunSpec(dataset, network(arguments.model or "convnet"), recipe, division).validate()
    architecture = network(arguments.model) if arguments.model else start.info.architecture
    begin = Start.of(start, Path(arguments.start).name)
    mixture = None
    if own is not None:
        mixture = Mixture(own_digest(own), len(own), arguments.repeat, arguments.rehearsal)
    return RunSpec(dataset, architecture, recipe, division, begin, mixture).validate()


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
            self._accuracy = accuracy_text(values)
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
        accuracy = accuracy_text(result)
        print(f"{run_id} {state}" + (f", {accuracy}" if accuracy else ""))
