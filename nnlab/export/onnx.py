"""A network as ONNX, which other programs and devices read; checked before it is handed out.

https://onnx.ai and https://docs.pytorch.org/docs/stable/onnx_export.html
"""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor, nn

from nnlab.errors import LabError, check
from nnlab.export.program import alone, evaluating, traced
from nnlab.nets.layers import Shape, pair

INPUT, OUTPUT = "images", "scores"  # what they are called in the file
TOLERANCE = 1e-5  # of a score, as a share of the largest or of 1

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_CEIL_OPSET = 22  # before, it was not settled how many windows a pooling with ceil_mode has
_MOST = 2**31 - 2**20  # bytes, of what one file of this format holds


def export_onnx(model: nn.Module, in_shape: Shape) -> bytes:
    """The content of an ``.onnx`` file: `model` in evaluation mode, for batches of any size of `in_shape`
    (C, H, W); `model` stays as it is.

    Raises:
        LabError: a package is missing, the model has more than 2 GB of weights, or onnxruntime does not get
            the model's scores from the file, or these are not finite.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise LabError(
            "ONNX needs packages that are not installed here ({missing}): {command}.",
            missing=", ".join(missing), command="pip install -r requirements-export.txt",
        )  # fmt: skip
    size = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    check(
        size < _MOST,
        "The network has {size} GB of weights; an ONNX file holds 2 GB.",
        size=f"{size / 1e9:.1f}",
    )
    example = torch.rand(3, *in_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = evaluating(model)(example)
    check(
        bool(expected.isfinite().all()),
        "The scores of the network are not all finite numbers, so an ONNX file of it cannot be checked.",
    )
    # The optimizer, which makes a quarter of the operations of it, has been seen to change what comes out.
    for optimize in (True, False):
        content = _written(model, in_shape, optimize)
        found = _run(content, example)
        if torch.allclose(found, expected, rtol=0, atol=TOLERANCE * max(1.0, float(expected.abs().max()))):
            return content
    raise LabError(
        "onnxruntime gets other scores from the ONNX file than PyTorch, by up to {difference}.",
        difference=f"{float((found - expected).abs().max()):g}",
    )


def _written(model: nn.Module, in_shape: Shape, optimize: bool) -> bytes:
    rounds_up = any(getattr(module, "ceil_mode", False) for module in model.modules())
    with alone():
        program = traced(_with_known_operations(evaluating(model)), in_shape)
        try:
            found = torch.onnx.export(
                program,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: "batch"},),
                opset_version=_CEIL_OPSET if rounds_up else None,
                optimize=optimize,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            raise LabError(
                "PyTorch cannot write the network as ONNX: {reason}", reason=_reason(error)
            ) from None
    assert found is not None  # it is only where the file is written by torch itself
    return found.model_proto.SerializeToString()


def _reason(error: BaseException) -> str:
    """The first line of what it comes from."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]


class _AdaptiveMaxPool2d(nn.Module):
    """`nn.AdaptiveMaxPool2d`, which ONNX does not have, from slices: its windows are some rows times some
    columns."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self._size = size

    def forward(self, x: Tensor) -> Tensor:
        for dim, out in zip((2, 3), self._size, strict=True):
            extent = x.shape[dim]
            windows = [(at * extent // out, -(-(at + 1) * extent // out)) for at in range(out)]
            x = torch.cat([x.narrow(dim, a, b - a).amax(dim, keepdim=True) for a, b in windows], dim)
        return x


def _with_known_operations(model: nn.Module) -> nn.Module:
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.AdaptiveMaxPool2d):
            size = pair(module.output_size)  # type: ignore[arg-type]  # the registry sets it
            model.set_submodule(name, _AdaptiveMaxPool2d(size))
    return model


def _run(content: bytes, images: Tensor) -> Tensor:
    """What onnxruntime makes of `images`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return torch.from_numpy(session.run([OUTPUT], {INPUT: images.numpy()})[0])
    except Exception as error:  # its exceptions have no common class of their own
        raise LabError("onnxruntime cannot run the ONNX file: {reason}", reason=_reason(error)) from None
