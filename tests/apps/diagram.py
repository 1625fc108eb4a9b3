"""Networks drawn to scale, for `tests/test_diagram_component.py`: ``?show=lenet``."""

import streamlit as st

from nnlab.nets.architecture import Architecture, LayerSpec, sequence
from nnlab.nets.editing import remove
from nnlab.nets.presets import PRESETS
from nnlab.ui import components
from nnlab.ui.components import diagram

components.serve()
st.set_page_config(layout="wide")


def conv(count: int, kernel: int = 3, stride: int = 1) -> LayerSpec:
    """A convolution that keeps the size, but for its stride."""
    options = {"out_channels": count, "kernel_size": kernel, "stride": stride, "padding": kernel // 2}
    return LayerSpec("conv2d", options)


def block(count: int, stride: int = 1) -> LayerSpec:
    """A residual block as in ResNet-18."""
    norm, relu = LayerSpec("batch_norm2d"), LayerSpec("relu")
    other = () if stride == 1 else (conv(count, 1, stride), norm)
    return LayerSpec("residual", branches=((conv(count, 3, stride), norm, relu, conv(count), norm), other))


def inception(*counts: int) -> LayerSpec:
    """Four branches put side by side."""
    a, b, c, d, e, f = map(conv, counts, (1, 1, 3, 1, 5, 1))
    relu = LayerSpec("relu")
    pool = LayerSpec("max_pool2d", {"kernel_size": 3, "stride": 1, "padding": 1})
    return LayerSpec("concat", branches=((a, relu), (b, relu, c, relu), (d, relu, e, relu), (pool, f, relu)))


SMALL = ("convnet", "logistic", "mlp", "lenet", "net")
NETWORKS: dict[str, tuple[Architecture, tuple[int, int, int]]] = {
    **{name: (network, (1, 28, 28) if name in SMALL else (3, 224, 224)) for name, network in PRESETS.items()},
    "blocks": (
        sequence(
            "blocks", conv(64, 7, 2), "batch_norm2d", "relu",
            ("max_pool2d", {"kernel_size": 3, "stride": 2, "padding": 1}),
            *[
                part
                for count in (64, 128, 256, 512)
                for part in (block(count, 1 if count == 64 else 2), "relu", block(count), "relu")
            ],
            "adaptive_avg_pool2d", "flatten", "linear",
        ),
        (3, 224, 224),
    ),
    "inception": (
        sequence("inception", conv(32), "relu", "max_pool2d", inception(16, 24, 32, 4, 8, 8), "max_pool2d",
                 "flatten", "linear"),
        (3, 32, 32),
    ),
    "nested": (
        sequence("nested", conv(8), LayerSpec("residual", branches=(
            (LayerSpec("relu"), LayerSpec("concat", branches=((conv(4),), (conv(4, 5), block(4)))), conv(8)),
            (), (conv(8, 1),))), "relu", "flatten", "linear"),
        (1, 28, 28),
    ),
    "misfit": (
        sequence("misfit", conv(8), "relu", "max_pool2d", "flatten",
                 ("linear", {"in_features": 400, "out_features": 84}), "relu", "linear"),
        (1, 28, 28),
    ),
    "fork": (
        sequence("fork", conv(8), LayerSpec("residual", branches=(
            (conv(8), LayerSpec("relu"), LayerSpec("linear"), conv(4)), (conv(8), ), ())),
            "relu", "flatten", "linear"),
        (1, 28, 28),
    ),
    "unequal": (
        sequence("unequal", conv(8), LayerSpec("residual", branches=((conv(16),), ())), "relu", "flatten",
                 "linear"),
        (1, 28, 28),
    ),
    "mouth": (sequence("mouth", "relu", conv(8), "flatten", ("linear", {"out_features": 7})), (1, 28, 28)),
}  # fmt: skip

network, in_shape = NETWORKS[st.query_params.get("show", "lenet")]
if st.toggle("Without its first layer"):
    network = remove(network, (0,))
rows, problem = network.look(in_shape, 10)
chosen = diagram(network, rows, in_shape=in_shape, problem=problem, fields={(1,): (3, 3)}, key="diagram")
st.text(f"chosen: {chosen}")
