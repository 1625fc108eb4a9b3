"""The training loop: a generator of events, with no input or output of its own.

The data lies on the device once, as uint8. A step is what a plain PyTorch loop does and nothing else;
all that is observed happens on a clock tick. On the CPU the final weights are bitwise those of

    torch.manual_seed(seed)  # for layers that draw, such as dropout
    order = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        for index in torch.randperm(n, generator=order).split(batch_size):
            x = ((images[index].float() / 255) - mean) / std
            optimizer.zero_grad()
            loss = loss_fn(model(x), labels[index])
            loss.backward()
            optimizer.step()
            schedule.step()

with the kernels of `nnlab.training.kernels`; weights to go on from are loaded before the loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nnlab.data.dataset import Dataset, Split
from nnlab.data.division import divide
from nnlab.devices import detect_device
from nnlab.errors import LabError
from nnlab.randomness import seeded_from
from nnlab.training.batches import Batches, background
from nnlab.training.evaluate import evaluate
from nnlab.training.events import MEASURED, Event, Snapshot
from nnlab.training.kernels import kernels, onednn
from nnlab.training.losses import loss_function
from nnlab.training.observe import as_floats, copy_weights, first_weight, is_finite, layer_statistics
from nnlab.training.optim import make_optimizer, optimizer_kind
from nnlab.training.preflight import preflight
from nnlab.training.recipe import RunSpec
from nnlab.training.schedules import make_schedule
from nnlab.training.start import Given, as_fed, load_given, mixed
from nnlab.transforms.training import Augmenter

TICK_SECONDS = 0.25
_SNAPSHOT_GROWTH = 1.5  # a progress snapshot at the first tick after 1, 1.5, 2.25, ... steps
_COPY_SHARE = 50  # copying the last good weights takes at most one part in so many of the time
_END = object()


@dataclass
class Controls:
    """What someone outside asks of a training; it looks here at every tick."""

    stop: bool = False
    evaluate: bool = False


def train(
    spec: RunSpec,
    data: Dataset,
    *,
    given: Given | None = None,
    device: torch.device | None = None,
    controls: Controls | None = None,
    tick_seconds: float = TICK_SECONDS,
) -> Iterator[Event]:
    """Train as `spec` says and tell about it (see `Event` for the kinds).

    `data` is the dataset as published, or divided already as `spec` says. With a validation part, that is
    what the network is measured on while it trains, and the test part once, at the end. `given` holds the
    weights and the images that `spec` names by their digests, where it does.

    While the caller holds an event, the training waits, and its clock stands still: so a pause is
    simply not asking for the next one. Threads are torch's current setting.

    Raises:
        LabError: the training cannot start (see `preflight`), the recipe's transforms do not fit the
            images, or `given` is not what `spec` names; raised here, before the first event.
    """
    device = device or detect_device()
    given = (given or Given()).check(spec.start, spec.mixture)
    data = as_fed(divide(data, spec.division), spec.start)
    data = mixed(data, spec.mixture, given.own, spec.recipe.seed)
    preflight(spec, data.shape, len(data.classes), len(data.train), device)
    return _Training(spec, data, given, device, controls or Controls(), tick_seconds).events()


class _Training:
    def __init__(
        self,
        spec: RunSpec,
        data: Dataset,
        given: Given,
        device: torch.device,
        controls: Controls,
        tick_seconds: float,
    ) -> None:
        recipe = spec.recipe
        self.spec, self.data, self.device, self.controls = spec, data, device, controls
        self.tick_seconds = tick_seconds
        model = spec.architecture.build(data.shape, len(data.classes), recipe.seed, recipe.init)
        if spec.start is not None:
            load_given(model, given.weights, spec.architecture.name)
        self.model = model.to(device)
        suited = kernels(model, recipe.batch_size)
        self.onednn = bool(torch.backends.mkldnn.enabled) and suited.onednn
        if suited.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.loss = loss_function(recipe.loss)
        self.epoch_steps = recipe.epoch_steps(len(data.train))
        self.steps = recipe.steps(len(data.train))
        self.optimizer = make_optimizer(recipe.optimizer, self.model.parameters(), recipe.lr, recipe.options)
        self.schedule = make_schedule(recipe.schedule, self.optimizer, self.steps, self.epoch_steps)
        transforms = recipe.transforms.for_training(data)
        augmenter = Augmenter(transforms, recipe.seed) if transforms else None
        self.batches = Batches(
            data.train, data.mean, data.std, recipe.batch_size, recipe.seed, device, suited.channels_last,
            augmenter,
        )  # fmt: skip
        self.random = torch.Generator().manual_seed(recipe.seed).get_state()  # of what layers draw
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.fill = background(data.mean, data.std).to(device)
        self.step = self.seq = 0
        self.start = 0.0  # on the performance counter; moved on by the time the caller holds events
        self.losses: list[Tensor] = []  # of the steps since the last tick
        self.epoch_losses: list[float] = []  # of the epoch that is under way
        self.good = copy_weights(self.model, 0)
        self.next_copy = 0.0
        self.next_progress = 1.0

    def events(self) -> Iterator[Event]:
        self.start = time.perf_counter()
        for event in self._events():
            held = time.perf_counter()
            yield event
            self.start += time.perf_counter() - held

    @property
    def seconds(self) -> float:
        """Spent on training and observing, without the time the caller held events."""
        return time.perf_counter() - self.start

    def _events(self) -> Iterator[Event]:
        yield self._event("started", self._started())
        yield self._event("snapshot", {"reason": "first"}, self.good)
        for _ in self._ticks():
            if problem := self._problem():
                yield self._failed(problem)
                return
            yield self._event("tick", self._tick(), first_weight(self.model, self.step))
            epoch_done = self.step % self.epoch_steps == 0
            if self.step == self.steps or self.controls.stop:
                break
            if epoch_done or self.controls.evaluate:
                self.controls.evaluate = False
                yield self._event("evaluated", self._evaluated())
            if epoch_done or self.step >= self.next_progress:
                while self.next_progress <= self.step:
                    self.next_progress *= _SNAPSHOT_GROWTH
                reason = "epoch" if epoch_done else "progress"
                yield self._event("snapshot", {"reason": reason}, self._weights())
            while self.controls.evaluate:  # asked for while the caller held one of these events
                self.controls.evaluate = False
                yield self._event("evaluated", self._evaluated())
        evaluated = self._evaluated(last=True)
        yield self._event("evaluated", evaluated)
        yield self._event("snapshot", {"reason": "last"}, self._weights())
        yield self._event("finished" if self.step == self.steps else "stopped", self._result(evaluated))

    def _ticks(self) -> Iterator[None]:
        """Do all steps; give back control on every clock tick, at the end of each epoch and of the run.

        Whoever has control finds torch's generator and its switches as they were.
        """
        steps = self._steps()
        while True:
            with onednn(self.onednn), seeded_from(self.random) as reached:
                ended = next(steps, _END) is _END
                self.random = reached()
            if ended:
                return
            yield

    def _steps(self) -> Iterator[None]:
        """Do all steps; stop for a moment whenever there is something to tell."""
        model, loss_fn, optimizer, schedule = self.model, self.loss, self.optimizer, self.schedule
        augmentation = self.spec.recipe.augmentation
        autocast = torch.autocast(self.device.type, torch.bfloat16) if self._is_bfloat16 else None
        epoch_steps, losses = self.epoch_steps, self.losses
        parameters = list(model.parameters())
        model.train()
        next_tick = time.perf_counter() + self.tick_seconds
        for step, (images, labels) in zip(range(1, self.steps + 1), self.batches, strict=False):
            if augmentation:
                images = augmentation.apply(images, self.generator, self.fill)
            # What zero_grad does, without its bookkeeping: that costs 5 % of a step at batch size 1.
            for parameter in parameters:
                parameter.grad = None
            if autocast is None:
                loss = loss_fn(model(images), labels)
            else:
                with autocast:
                    logits = model(images)
                loss = loss_fn(logits.float(), labels)
            loss.backward()
            optimizer.step()
            if schedule is not None:
                schedule.step()
            losses.append(loss.detach())
            now = time.perf_counter()
            if now >= next_tick or step % epoch_steps == 0 or step == self.steps:
                self.step, self.images = step, images
                yield
                losses.clear()
                next_tick = time.perf_counter() + self.tick_seconds

    @property
    def _is_bfloat16(self) -> bool:
        return self.spec.recipe.precision == "bfloat16"

    def _problem(self) -> LabError | None:
        """Check the steps since the last tick; where all is finite, take the weights as the last good."""
        finite = torch.isfinite(torch.stack(self.losses))
        if not bool(finite.all()):
            bad = self.step - len(self.losses) + 1 + int((~finite).int().argmax())
            return self._not_finite(bad)
        if not is_finite(self.model):
            return self._not_finite(self.step)
        if self.seconds >= self.next_copy:
            before = time.perf_counter()
            self.good = copy_weights(self.model, self.step)
            self.next_copy = self.seconds + _COPY_SHARE * (time.perf_counter() - before)
        return None

    def _weights(self) -> Snapshot:
        """Those of now: where they have just been copied as the last good ones, these."""
        return self.good if self.good.step == self.step else copy_weights(self.model, self.step)

    def _not_finite(self, step: int) -> LabError:
        recipe = self.spec.recipe
        usual = optimizer_kind(recipe.optimizer).lr
        if recipe.lr > usual:
            return LabError(
                "The loss or the weights became infinite or not a number at step {step}. The learning rate "
                "{lr} is probably too high for {optimizer}: try {usual}.",
                step=step, lr=recipe.lr, optimizer=recipe.optimizer, usual=usual,
            )  # fmt: skip
        return LabError(
            "The loss or the weights became infinite or not a number at step {step}. Try a smaller learning "
            "rate than {lr}, or float32 if the precision is bfloat16.",
            step=step, lr=recipe.lr,
        )  # fmt: skip

    def _failed(self, problem: LabError) -> Event:
        values = {
            "sentence": str(problem),
            "template": problem.template,
            "arguments": problem.values,
            "last_finite_step": self.good.step,
        }
        return self._event("failed", values, self.good)

    def _event(self, kind: str, values: dict[str, Any], snapshot: Snapshot | None = None) -> Event:
        self.seq += 1
        return Event(self.seq, kind, self.step, values, snapshot)

    def _started(self) -> dict[str, Any]:
        return {
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "steps": self.steps,
            "epoch_steps": self.epoch_steps,
            "samples": len(self.data.train),
        }

    def _tick(self) -> dict[str, Any]:
        losses = as_floats(self.losses)
        first = self.step - len(losses)
        if first % self.epoch_steps == 0:
            self.epoch_losses = []
        self.epoch_losses += losses
        return {
            "loss": losses,
            "lr": self.optimizer.param_groups[0]["lr"],
            "epoch": self.step / self.epoch_steps,
            "layers": layer_statistics(self.model, self.images),
            **self._speed(),
        }

    def _speed(self) -> dict[str, float]:
        epochs, rest = divmod(self.step, self.epoch_steps)
        samples = epochs * len(self.data.train) + rest * self.spec.recipe.batch_size
        seconds = max(self.seconds, 1e-9)
        return {
            "seconds": seconds,
            "samples_per_second": samples / seconds,
            "seconds_left": (self.steps - self.step) / max(1, self.step) * seconds,
        }

    def _evaluated(self, last: bool = False) -> dict[str, Any]:
        """On the validation part; on the test part where there is no other, and at the end."""
        measured: dict[str, float] = {}
        if self.data.validation is not None:
            measured |= self._measured("validation", self.data.validation)
        if last or not measured:
            measured |= self._measured("test", self.data.test)
        return {
            **measured,
            "train_loss": sum(self.epoch_losses) / len(self.epoch_losses),
            "epoch": self.step / self.epoch_steps,
            "seconds": self.seconds,
        }

    def _measured(self, part: str, split: Split) -> dict[str, float]:
        found = evaluate(self.model, split, self.data.mean, self.data.std, self.loss)
        return {f"{part}_loss": found.loss, f"{part}_accuracy": found.accuracy}

    def _result(self, evaluated: dict[str, Any]) -> dict[str, Any]:
        speed = self._speed()
        return {
            **{name: evaluated[name] for name in MEASURED if name in evaluated},
            "epochs": self.step / self.epoch_steps,
            "seconds": speed["seconds"],
            "samples_per_second": speed["samples_per_second"],
        }
