"""Layers that look at one value at a time, or at one place: activations, softmax, dropout."""

from __future__ import annotations

from typing import Any

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.layers.fields import Field
from nnlab.nets.layers.kind import Call, LayerKind, Options, Shape, source


def _activation(
    name: str, torch: str, about: Sentence, *fields: Field, functional: str = "", check: Any = None
) -> LayerKind:
    """An entry whose options are named alike in the module and in the function."""
    called = functional or f"F.{name}"

    def written(in_shape: Shape, o: Options) -> str:
        return source(called, "x", **{f.name: o[f.name] for f in fields if o[f.name] != f.default})

    more = {"check": check} if check else {}
    return LayerKind(
        name, torch, about, "activation", lambda in_shape, o: Call(torch, (), o), written, fields, **more
    )


def _softmax(name: str, torch: str, about: Sentence) -> LayerKind:
    functional = source(f"F.{name}", "x", dim=1)
    return LayerKind(
        name, torch, about, "softmax",
        lambda in_shape, o: Call(torch, (), {"dim": 1}), lambda in_shape, o: functional, sees="channels",
    )  # fmt: skip


def _check_hardtanh(in_shape: Shape, o: Options) -> None:
    low, high = o["min_val"], o["max_val"]
    if low < high:
        return
    error = ShapeError(
        "Hardtanh cuts off below min_val and above max_val, so {low} must be less than {high}.",
        low=low, high=high,
    )  # fmt: skip
    if low > high:
        error.fix = {"min_val": high, "max_val": low}
    else:
        error.fix = {"min_val": low - 1} if low > 0 else {"max_val": high + 1}
    raise error


ACTIVATIONS = (
    _activation("relu", "ReLU", Sentence("max(0, x): keeps what is positive.")),
    _activation(
        "leaky_relu", "LeakyReLU", Sentence("x where positive, else a small multiple of it."),
        Field("negative_slope", 0.01, "number", 0, 10),
    ),
    LayerKind(
        "prelu", "PReLU", Sentence("A leaky ReLU whose slope is learned."), "activation",
        lambda in_shape, o: Call("PReLU", (), o), lambda in_shape, o: "F.prelu(x, weight)",
        (Field("init", 0.25, "number", -10, 10),),
    ),
    _activation("relu6", "ReLU6", Sentence("ReLU, cut off at 6.")),
    _activation(
        "elu", "ELU", Sentence("x where positive, else alpha (exp(x) - 1)."),
        Field("alpha", 1.0, "number", 0, 100),
    ),
    _activation("selu", "SELU", Sentence("ELU, scaled so that mean 0 and variance 1 are kept.")),
    _activation(
        "gelu", "GELU", Sentence("x times the share of the normal distribution below x."),
        Field("approximate", "none", "choice", choices=("none", "tanh")),
    ),
    _activation("silu", "SiLU", Sentence("x times sigmoid(x); also called swish.")),
    _activation("mish", "Mish", Sentence("x times tanh(softplus(x)).")),
    _activation(
        "softplus", "Softplus", Sentence("log(1 + exp(beta x))/beta: a smooth ReLU."),
        Field("beta", 1.0, "number", 0.01, 100), Field("threshold", 20.0, "number", 0, 100),
    ),
    _activation(
        "sigmoid", "Sigmoid", Sentence("1/(1 + exp(-x)): from 0 to 1."), functional="torch.sigmoid",
    ),
    _activation("logsigmoid", "LogSigmoid", Sentence("The logarithm of the sigmoid.")),
    _activation("hardsigmoid", "Hardsigmoid", Sentence("A sigmoid of three straight pieces.")),
    _activation("hardswish", "Hardswish", Sentence("x times Hardsigmoid(x).")),
    _activation("tanh", "Tanh", Sentence("The hyperbolic tangent: from -1 to 1."), functional="torch.tanh"),
    _activation(
        "hardtanh", "Hardtanh", Sentence("x, cut off below min_val and above max_val."),
        Field("min_val", -1.0, "number", -100, 100), Field("max_val", 1.0, "number", -100, 100),
        check=_check_hardtanh,
    ),
    _activation("softsign", "Softsign", Sentence("x/(1 + |x|): from -1 to 1, slower than tanh.")),
)  # fmt: skip

SOFTMAXES = (
    _softmax(
        "softmax", "Softmax",
        Sentence("Makes probabilities: exp(x) over the sum of all exp(x), along the channels or features."),
    ),
    _softmax(
        "log_softmax", "LogSoftmax", Sentence("The logarithm of the softmax, computed without overflow."),
    ),
)  # fmt: skip

DROPOUTS = (
    LayerKind(
        "dropout", "Dropout",
        Sentence("While training, sets each value to 0 with probability p and scales the rest by 1/(1 - p)."),
        "dropout",
        lambda in_shape, o: Call("Dropout", (), o),
        lambda in_shape, o: f"F.dropout(x, p={o['p']!r}, training=training)",
        (Field("p", 0.5, "number", 0, 1),), random=True,
    ),
    LayerKind(
        "dropout2d", "Dropout2d",
        Sentence("While training, sets whole channels to 0 with probability p and scales the rest by "
                 "1/(1 - p)."),
        "dropout",
        lambda in_shape, o: Call("Dropout2d", (), o),
        lambda in_shape, o: f"F.dropout2d(x, p={o['p']!r}, training=training)",
        (Field("p", 0.5, "number", 0, 1),), takes="image", random=True,
    ),
)  # fmt: skip
