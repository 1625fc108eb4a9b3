"""What a layer does to one sample, found by running it on the meta device: nothing is allocated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from nnlab.errors import ShapeError
from nnlab.nets.layers import Shape, layer_kind, make_layer


def layer_facts(
    kind: str, in_shape: Shape, options: Mapping[str, Any], classes: int
) -> tuple[Shape, int, int]:
    """The shape that comes out, the parameters, and the multiply-adds for one sample of `in_shape`.

    Multiply-adds are half of what torch's table of operations (`torch.utils.flop_counter`) counts. What was
    found once is remembered.

    Raises:
        LabError: as `nnlab.nets.layers.checked_options`.
        ShapeError: also where more numbers would be needed than torch can count.
    """
    return _facts(kind, in_shape, tuple(sorted(layer_kind(kind).tidy(options).items())), classes)


@lru_cache(maxsize=4096)
def _facts(
    kind: str, in_shape: Shape, options: tuple[tuple[str, Any], ...], classes: int
) -> tuple[Shape, int, int]:
    try:
        with torch.device("meta"), torch.no_grad():
            module = make_layer(kind, in_shape, dict(options), classes)
            module.eval()  # batch normalisation wants more than one sample while training
            with _Counter() as counter:
                found = module(torch.empty(1, *in_shape))
    except RuntimeError as error:
        if "overflow" not in str(error):
            raise
        raise ShapeError("{layer} would have more values than torch can count.", layer=kind) from None
    return tuple(found.shape[1:]), sum(p.numel() for p in module.parameters()), counter.flops // 2


class _Counter(TorchDispatchMode):
    """Counts floating-point operations as torch's FlopCounterMode, without its hooks on every module of the
    process, which other threads would run into."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count: Callable[..., int] | None = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=out)
        return out
