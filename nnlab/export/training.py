"""The part of a script that trains: optimizer, schedule and loop, with only what the recipe uses."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from nnlab.export.moving import augment_code, transform_code
from nnlab.export.parts import Part, statement
from nnlab.training.kernels import Kernels
from nnlab.training.optim import optimizer_kind, optimizer_options
from nnlab.training.recipe import Recipe
from nnlab.training.schedules import cycles_momentum
from nnlab.transforms import Pipeline

_LOSSES = {
    "nll": '''\
def loss_fn(logits, y):
    """The negative log-likelihood of the log-softmax."""
    return F.nll_loss(F.log_softmax(logits, dim=1), y)''',
    "mse": '''\
def loss_fn(logits, y):
    """The mean squared error against the one-hot labels."""
    return F.mse_loss(logits, F.one_hot(y, logits.shape[1]).float())''',
}
_BATCHES = '''\
def batches():
    """The places of each batch's samples, in a new order every epoch."""
    order = torch.Generator().manual_seed(SEED)
    while True:
        yield from torch.randperm(len(train_y), generator=order).split(BATCH_SIZE)'''


@dataclass(frozen=True)
class Setting:
    """What the training code depends on besides the recipe.

    Attributes:
        channels: of the images.
        samples: that are trained on.
        kernels: see `nnlab.training.kernels`.
        draws: whether layers draw random numbers, such as dropout.
        transforms: the part of the recipe's pipeline that augments.
        device: "cpu", or the type of an accelerator.
        steps: that are done; fewer than planned where a run was stopped.
    """

    channels: int
    samples: int
    kernels: Kernels
    draws: bool
    transforms: Pipeline
    device: str
    steps: int

    @property
    def accelerated(self) -> bool:
        return self.device != "cpu"


def whole_epochs(recipe: Recipe, setting: Setting) -> bool:
    """Whether the training ends with an epoch that the recipe ends with."""
    return float(recipe.epochs).is_integer() and setting.steps == recipe.steps(setting.samples)


def constants(recipe: Recipe, setting: Setting) -> str:
    """``SEED`` and the numbers of the recipe."""
    planned = recipe.steps(setting.samples)
    if whole_epochs(recipe, setting):
        length = f"EPOCHS = {int(recipe.epochs)}"
    elif setting.steps < planned:
        length = f"STEPS = {setting.steps}  # of {planned}: the run was stopped"
    else:
        length = f"STEPS = {setting.steps}  # {recipe.epochs:g} epochs"
    return f"SEED = {recipe.seed}\n{length}\nBATCH_SIZE = {recipe.batch_size}\nLR = {recipe.lr!r}"


def loss_name(recipe: Recipe) -> str:
    """What the script calls its loss."""
    return "loss_fn" if recipe.loss in _LOSSES else f"F.{recipe.loss}"


def training_part(recipe: Recipe, setting: Setting) -> Part:
    """What trains ``model`` on ``train_x`` and ``train_y``."""
    definitions = [_LOSSES[recipe.loss]] if recipe.loss in _LOSSES else []
    if recipe.augmentation:
        definitions.append(augment_code(recipe.augmentation))
    if not whole_epochs(recipe, setting):
        definitions.append(_BATCHES)
    blocks = [transform_code(setting.transforms)] if setting.transforms else []
    blocks.append("\n".join(filter(None, (_optimizer(recipe, setting), _schedule(recipe, setting)))))
    before, loop, after = _randomness(recipe, setting), _loop(recipe, setting), ""
    if not setting.kernels.onednn and not setting.accelerated:
        before += "torch.backends.mkldnn.enabled = False  # slower for batches this small\n"
        after = "\ntorch.backends.mkldnn.enabled = True"
    blocks.append(before + loop + after)
    return Part("Training", tuple(definitions), tuple(blocks))


def _optimizer(recipe: Recipe, setting: Setting) -> str:
    kind = optimizer_kind(recipe.optimizer)
    usual = inspect.signature(kind.make).parameters
    options = optimizer_options(recipe.optimizer, recipe.options)
    given = [f"{name}={value!r}" for name, value in options.items() if usual[name].default != value]
    if kind.fused and not (setting.accelerated and kind.name == "adagrad"):
        given.append("fused=True")  # on the CPU its last bits are not those of the plain step
    arguments = ", ".join(["model.parameters()", "lr=LR", *given])
    return statement("optimizer", f"torch.optim.{kind.make.__name__}({arguments})")


def _schedule(recipe: Recipe, setting: Setting) -> str:
    """The learning-rate scheduler; "" where the rate is constant."""
    planned = recipe.steps(setting.samples)
    epoch = "math.ceil(len(train_y) / BATCH_SIZE)"
    steps, lines = str(planned), []
    if recipe.schedule == "step":
        lines = [f"epoch_steps = {epoch}"]
    elif recipe.schedule == "one_cycle" and planned == 1:
        steps = "2"  # it takes no fewer
    elif setting.steps == planned and not whole_epochs(recipe, setting):
        steps = "STEPS"
    elif setting.steps == planned:
        steps, lines = "steps", [f"steps = EPOCHS * {epoch}"]
    make = optimizer_kind(recipe.optimizer).make
    still = "" if cycles_momentum(make) else ", cycle_momentum=False"
    call = {
        "one_cycle": f"OneCycleLR(optimizer, max_lr=LR, total_steps={steps}{still})",
        "cosine": f"CosineAnnealingLR(optimizer, T_max={steps})",
        "step": "StepLR(optimizer, step_size=epoch_steps, gamma=0.5)",
    }.get(recipe.schedule)
    if call is None:
        return ""
    return "\n".join([*lines, statement("scheduler", f"torch.optim.lr_scheduler.{call}")])


def _randomness(recipe: Recipe, setting: Setting) -> str:
    """The lines that seed what the loop draws; the order of the samples has a generator of its own."""
    lines = []
    if setting.draws and setting.transforms:
        lines += ["torch.manual_seed(SEED)", "drawn = torch.get_rng_state()  # by the transforms"]
    elif setting.draws or setting.transforms:
        lines += [f"torch.manual_seed(SEED)  # for {'dropout' if setting.draws else 'the transforms'}"]
    if recipe.augmentation:
        lines.append("moves = torch.Generator().manual_seed(SEED)")
    if whole_epochs(recipe, setting):
        lines.append("order = torch.Generator().manual_seed(SEED)")
    return "".join(f"{line}\n" for line in lines)


def _loop(recipe: Recipe, setting: Setting) -> str:
    if not whole_epochs(recipe, setting):
        body = _step(recipe, setting, " " * 4)
        told = 'print(f"loss of the last batch {loss.item():.4f}")'
        return "\n".join(["for index in islice(batches(), STEPS):", *body, told])
    return "\n".join(
        [
            "for epoch in range(EPOCHS):",
            "    for index in torch.randperm(len(train_y), generator=order).split(BATCH_SIZE):",
            *_step(recipe, setting, " " * 8),
            '    print(f"epoch {epoch + 1}: loss of the last batch {loss.item():.4f}")',
        ]
    )


def _step(recipe: Recipe, setting: Setting, indent: str) -> list[str]:
    """One batch, from its images to the weights it changes."""
    lines = _images(recipe, setting)
    y = "train_y[index]"
    if setting.accelerated:
        lines.append("x, y = x.to(DEVICE), train_y[index].to(DEVICE)")
        y = "y"
    logits = "model(x)"
    if recipe.precision == "bfloat16":
        lines += [f'with torch.autocast("{setting.device}", torch.bfloat16):', "    logits = model(x)"]
        logits = "logits.float()"
    lines += [
        f"loss = {loss_name(recipe)}({logits}, {y})",
        "optimizer.zero_grad()",
        "loss.backward()",
        "optimizer.step()",
    ]
    if recipe.schedule != "constant":
        lines.append("scheduler.step()")
    return [indent + line for line in lines]


def _images(recipe: Recipe, setting: Setting) -> list[str]:
    """From places to ``x``, as the model takes it."""
    if not setting.transforms:
        lines = ["x = normalise(train_x[index] / 255)"]
    elif setting.draws:
        lines = [
            "with torch.random.fork_rng(devices=[]):  # not the numbers that dropout draws",
            "    torch.set_rng_state(drawn)",
            "    x = torch.stack([transform(image) for image in train_x[index]])",
            "    drawn = torch.get_rng_state()",
            "x = normalise(x)",
        ]
    else:
        lines = ["x = normalise(torch.stack([transform(image) for image in train_x[index]]))"]
    if setting.kernels.channels_last and setting.channels > 1:
        lines.append("x = x.contiguous(memory_format=torch.channels_last)")
    if recipe.augmentation:
        lines.append("x = augment(x)")
    return lines
