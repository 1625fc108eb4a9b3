"""Groups of layers that are put into a network at once: the blocks that larger networks repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnlab.errors import Sentence
from nnlab.nets.architecture import LayerSpec, chain
from nnlab.nets.layers import Shape
from nnlab.nets.spec import Chain

_USUAL = 16  # channels, where it is not known how many reach the block


@dataclass(frozen=True)
class Template:
    """A group of layers.

    Attributes:
        name: what asks for it.
        title, about: what people are told.
        layers: the layers, for what reaches them (one sample; None where that is not known).
    """

    name: str
    title: Sentence
    about: Sentence
    layers: Callable[[Shape | None], Chain]


def _conv(out_channels: int, kernel_size: int) -> tuple[str, dict[str, Any]]:
    padding = {"padding": kernel_size // 2} if kernel_size > 1 else {}
    return "conv2d", {"out_channels": out_channels, "kernel_size": kernel_size, **padding}


def _width(shape: Shape | None) -> int:
    return shape[0] if shape else _USUAL


def _residual(shape: Shape | None) -> Chain:
    """Twice a convolution (of a vector, a linear layer) with as many outputs as inputs, and the identity."""
    width = _width(shape)
    if shape is not None and len(shape) == 1:
        linear = ("linear", {"out_features": width})
        changed = chain(linear, "relu", linear)
    else:
        changed = chain(_conv(width, 3), "batch_norm2d", "relu", _conv(width, 3), "batch_norm2d")
    return (LayerSpec("residual", branches=(changed, ())),)


def _inception(shape: Shape | None) -> Chain:
    """The four branches of GoogLeNet's, with a fourth of the channels each."""
    quarter = max(1, _width(shape) // 4)
    pool = ("max_pool2d", {"kernel_size": 3, "stride": 1, "padding": 1})
    return (
        LayerSpec(
            "concat",
            branches=(
                chain(_conv(quarter, 1), "relu"),
                chain(_conv(quarter, 1), "relu", _conv(quarter, 3), "relu"),
                chain(_conv(quarter, 1), "relu", _conv(quarter, 5), "relu"),
                chain(pool, _conv(quarter, 1), "relu"),
            ),
        ),
    )


def _join(kind: str) -> Callable[[Shape | None], Chain]:
    return lambda shape: (LayerSpec(kind, branches=((), ())),)


def _conv_block(shape: Shape | None) -> Chain:
    return chain(_conv(2 * _width(shape) if shape and shape[0] > 3 else _USUAL, 3), "batch_norm2d", "relu")


TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "conv_block", Sentence("Convolution, batch norm, ReLU"),
            Sentence("The usual three: twice as many channels, each to mean 0 and variance 1, cut off at 0."),
            _conv_block,
        ),
        Template(
            "residual_block", Sentence("Residual block"),
            Sentence("Two layers and a way around them, added up (He et al., 2015)."), _residual,
        ),
        Template(
            "inception_block", Sentence("Inception block"),
            Sentence("Windows of three sizes and a pooling, side by side (Szegedy et al., 2014)."),
            _inception,
        ),
        Template(
            "residual", Sentence("Sum of two branches"),
            Sentence("Two empty branches, which are added up."), _join("residual"),
        ),
        Template(
            "concat", Sentence("Two branches side by side"),
            Sentence("Two empty branches, whose channels are put one behind the other."), _join("concat"),
        ),
    )
}  # fmt: skip
