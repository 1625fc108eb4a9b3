"""The arithmetic of sliding windows: the size of what comes out, why it cannot be, and what would work.

The rules are those on the pages of `torch.nn.Conv2d` and `torch.nn.MaxPool2d`. Options are complete ones of a
layer: kernel_size, stride, padding and dilation, each one number or a pair; padding also "same" or "valid".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nnlab.errors import Sentence, ShapeError
from nnlab.nets.layers.fields import pair
from nnlab.nets.layers.kind import Line, Options, Shape, times

HEIGHT, WIDTH = Sentence("height"), Sentence("width")


@dataclass(frozen=True)
class Slide:
    """A window that slides along one axis of `extent` places."""

    name: Sentence
    extent: int
    kernel: int
    stride: int
    before: int
    after: int
    dilation: int
    ceil: bool = False

    @property
    def padded(self) -> int:
        return self.extent + self.before + self.after

    @property
    def span(self) -> int:
        """Places from the first to the last that the window touches."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def steps(self) -> int:
        """Steps the window can go from its first place; below 0 where there is none."""
        room = self.padded - self.span
        return -(-room // self.stride) if self.ceil else room // self.stride

    @property
    def drops_last(self) -> bool:
        """Whether rounding up gives a last window that would start past the image."""
        return self.ceil and self.steps * self.stride >= self.extent + self.before

    @property
    def out(self) -> int:
        """Outputs along the axis; below 1 where the window does not fit."""
        return self.steps + 1 - self.drops_last

    @property
    def misses(self) -> bool:
        """Whether some window touches no place of the image, because its own places are too far apart."""
        for start in range(-self.before, self.out * self.stride - self.before, self.stride):
            tap = max(0, -(start // self.dilation))  # the first one that is not before the image
            if tap >= self.kernel or start + tap * self.dilation >= self.extent:
                return True
        return False

    @property
    def largest_kernel(self) -> int:
        """The largest kernel that fits, with all else as it is."""
        room = self.padded - 1 + (self.stride - 1 if self.ceil else 0)
        return room // self.dilation + 1

    def line(self) -> Line:
        """The formula of torch's documentation with the numbers filled in."""
        padding = f"2*{self.before}" if self.before == self.after else f"({self.before} + {self.after})"
        room = f"({self.extent} + {padding} - {self.dilation}*({self.kernel}-1) - 1)/{self.stride}"
        whole, rest = divmod(self.padded - self.span, self.stride)
        note, ones = None, "+ 1"
        if self.drops_last:
            note, ones = Sentence("The last window would start past the image, so it is left out."), "+ 1 - 1"
        if not rest:
            return Line(self.name, f"{room} {ones}", self.out, note)
        rounded = "ceil" if self.ceil else "floor"
        quotient = f"{whole + rest / self.stride:g}"
        return Line(self.name, f"{rounded}({room}) {ones} = {rounded}({quotient}) {ones}", self.out, note)


def slides(in_shape: Shape, o: Options) -> tuple[Slide, Slide]:
    """The windows along height and width of a layer with these options on (C, H, W)."""
    return _slide(in_shape, o, 0), _slide(in_shape, o, 1)


def _slide(in_shape: Shape, o: Options, axis: int) -> Slide:
    kernel, stride = pair(o["kernel_size"])[axis], pair(o["stride"])[axis]
    dilation = pair(o.get("dilation", 1))[axis]
    if o["padding"] == "same":
        total = dilation * (kernel - 1)
        before, after = total // 2, total - total // 2  # the odd place comes last
    else:
        before = after = 0 if o["padding"] == "valid" else pair(o["padding"])[axis]
    name = (HEIGHT, WIDTH)[axis]
    return Slide(name, in_shape[1 + axis], kernel, stride, before, after, dilation, o.get("ceil_mode", False))


def slide_lines(in_shape: Shape, o: Options) -> tuple[Line, ...]:
    """How height and width of the output come about."""
    return tuple(slide.line() for slide in slides(in_shape, o))


def check_windows(layer: str, in_shape: Shape, o: Options) -> None:
    """Raise `ShapeError` where a window is larger than what it slides over."""
    for axis, slide in enumerate(slides(in_shape, o)):
        if slide.out >= 1:
            continue
        padding = f"2*{slide.before}" if slide.before == slide.after else f"({slide.before} + {slide.after})"
        values = {
            "layer": layer, "kernel": slide.kernel, "axis": slide.name, "extent": slide.extent,
            "padding": padding, "padded": slide.padded, "stride": slide.stride, "out": slide.out,
            "dilation": slide.dilation, "span": slide.span, "rounded": "ceil" if slide.ceil else "floor",
        }  # fmt: skip
        if slide.dilation == 1:
            error = ShapeError(
                "{layer}: a window of {kernel} does not fit the {axis} of {extent} + {padding} = {padded}; "
                "the output would be {rounded}(({padded} - {kernel})/{stride}) + 1 = {out}.",
                **values,
            )
        else:
            error = ShapeError(
                "{layer}: a window of {dilation}*({kernel} - 1) + 1 = {span} does not fit the {axis} of "
                "{extent} + {padding} = {padded}; the output would be "
                "{rounded}(({padded} - {span})/{stride}) + 1 = {out}.",
                **values,
            )
        raise with_fix(error, kernel_size=_on_axis(o["kernel_size"], axis, slide.largest_kernel))


def check_same(layer: str, o: Options) -> None:
    """Raise `ShapeError` for a padding that is to keep the size while the stride shrinks it."""
    if o["padding"] == "same" and o["stride"] != 1:
        raise with_fix(
            ShapeError(
                "{layer}: padding 'same' gives as many outputs as inputs, which only a stride of 1 does; the "
                "stride is {stride}.",
                layer=layer, stride=o["stride"],
            ),
            stride=1,
        )  # fmt: skip


def check_padding_mode(layer: str, in_shape: Shape, o: Options) -> None:
    """Raise `ShapeError` where padding would repeat more of the image than there is."""
    for axis, slide in enumerate(slides(in_shape, o)):
        padding, mode = slide.after, o["padding_mode"]
        most = {"reflect": slide.extent - 1, "circular": slide.extent}.get(mode, padding)
        if padding <= most:
            continue
        values = {
            "layer": layer, "padding": padding, "axis": slide.name, "extent": slide.extent, "most": most,
        }  # fmt: skip
        if mode == "reflect":
            error = ShapeError(
                "{layer}: a padding of {padding} mirrors {padding} places beside the edge, but a {axis} of "
                "{extent} has only {extent} - 1 = {most} of them.",
                **values,
            )
        else:
            error = ShapeError(
                "{layer}: a circular padding of {padding} takes {padding} places from the other side, but a "
                "{axis} of {extent} has only {most}.",
                **values,
            )
        if o["padding"] == "same":
            raise with_fix(
                error, kernel_size=_on_axis(o["kernel_size"], axis, 2 * most // slide.dilation + 1)
            )
        raise with_fix(error, padding=_on_axis(o["padding"], axis, most))


def check_pool_padding(layer: str, in_shape: Shape, o: Options) -> None:
    """Raise `ShapeError` where a window could lie in the padding alone."""
    for axis, slide in enumerate(slides(in_shape, o)):
        most = slide.kernel // 2
        if slide.before > most:
            raise with_fix(
                ShapeError(
                    "{layer}: the padding of the {axis} may be at most half the window, floor({kernel}/2) = "
                    "{most}; it is {padding}.",
                    layer=layer, axis=slide.name, kernel=slide.kernel, most=most, padding=slide.before,
                ),
                padding=_on_axis(o["padding"], axis, most),
            )  # fmt: skip
        if slide.misses:
            # torch gives minus infinity there, and its gradient is written outside of the image's memory.
            raise with_fix(
                ShapeError(
                    "{layer}: along the {axis}, places {dilation} apart leave a window without any of the "
                    "{extent} places of the image: only padding.",
                    layer=layer, axis=slide.name, dilation=slide.dilation, extent=slide.extent,
                ),
                dilation=_on_axis(o["dilation"], axis, 1),
            )  # fmt: skip


def check_groups(layer: str, in_shape: Shape, o: Options) -> None:
    """Raise `ShapeError` where channels cannot be dealt out evenly to the groups."""
    channels, out, groups = in_shape[0], o["out_channels"], o["groups"]
    values = {"layer": layer, "groups": groups, "rest": channels % groups, "channels": channels, "out": out}
    if channels % groups:
        common = math.gcd(channels, out)
        nearest = min((n for n in range(1, common + 1) if common % n == 0), key=lambda n: abs(n - groups))
        raise with_fix(
            ShapeError(
                "{layer}: {channels} input channels cannot be dealt out to {groups} groups: "
                "{channels}/{groups} leaves a rest of {rest}.",
                **values,
            ),
            groups=nearest,
        )
    if out % groups:
        values["rest"] = out % groups
        raise with_fix(
            ShapeError(
                "{layer}: {out} output channels cannot be dealt out to {groups} groups: {out}/{groups} "
                "leaves a rest of {rest}.",
                **values,
            ),
            out_channels=max(1, out // groups) * groups,
        )


def adaptive_lines(in_shape: Shape, o: Options) -> tuple[Line, ...]:
    """The size is what was asked for; the note says which places each output takes."""
    found = []
    for name, extent, out in zip((HEIGHT, WIDTH), in_shape[1:], pair(o["output_size"]), strict=True):
        note = Sentence(
            "Output i takes the places from floor(i*{extent}/{out}) up to, not including, "
            "ceil((i + 1)*{extent}/{out}).",
            extent=extent, out=out,
        )  # fmt: skip
        found.append(Line(name, "output_size", out, note))
    return tuple(found)


def flat_lines(in_shape: Shape, o: Options) -> tuple[Line, ...]:
    """All values in one row."""
    return (Line(Sentence("features"), times(in_shape).replace("x", "*"), math.prod(in_shape)),)


def with_fix(error: ShapeError, **fix: int | str | tuple[int, int]) -> ShapeError:
    """`error` with the options that would work."""
    error.fix = fix
    return error


def _on_axis(value: int | tuple[int, int] | str, axis: int, changed: int) -> tuple[int, int]:
    """An option with one of its two numbers changed."""
    height, width = pair(value)  # type: ignore[arg-type]  # words were sorted out before
    return (changed, width) if axis == 0 else (height, changed)
