"""The registry of transforms: the one place where a kind of transform is added.

An entry names the class of `torchvision.transforms.v2`, describes its options as fields, from which forms,
checks and tests are derived, and says what must be true of the image that reaches it. torchvision itself is
imported where a transform is made: that takes a second, which a training without transforms need not wait.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from nnlab.errors import LabError, Sentence
from nnlab.transforms import checks
from nnlab.transforms.fields import Field
from nnlab.transforms.numbers import Numbers

if TYPE_CHECKING:
    from torchvision.transforms import v2

Options = Mapping[str, Any]
MAX_SIDE = 512


@dataclass(frozen=True)
class TransformKind:
    """A kind of transform.

    Attributes:
        name: what the short text and JSON call it.
        title: what people call it.
        about: what it does, in a sentence.
        torch: the class of `torchvision.transforms.v2`.
        arguments: torchvision's arguments, from the options.
        check: raises `LabError` where it cannot work on an image with these numbers.
        note: what is odd about it there, though it works.
        random: whether it draws random numbers.
        recolours: whether it changes values rather than places.
        place: where in a pipeline it usually stands: on the "picture", among the "conversion" to a tensor, or
            on "floats".
    """

    name: str
    title: Sentence
    about: Sentence
    torch: str
    fields: tuple[Field, ...] = ()
    arguments: Callable[[Options], dict[str, Any]] = dict
    check: Callable[[Numbers, Options], None] | None = None
    note: Callable[[Numbers, Options], Sentence | None] | None = None
    random: bool = True
    recolours: bool = False
    place: str = "picture"

    def options(self, given: Options) -> dict[str, Any]:
        """`given` completed by defaults; raises `LabError` for unknown names and bad values."""
        known = {field.name: field for field in self.fields}
        for name in given:
            if name not in known:
                raise LabError(
                    "{kind} has no option {name}; it has: {known}.",
                    kind=self.name, name=repr(name), known=", ".join(known) or "none",
                )  # fmt: skip
        return {
            name: field.clean(self.name, given[name]) if name in given else field.default
            for name, field in known.items()
        }

    def given_arguments(self, options: Options) -> dict[str, Any]:
        """The arguments for torchvision that are not its own defaults."""
        usual = inspect.signature(self._class.__init__).parameters
        arguments = self.arguments(options)
        return {name: value for name, value in arguments.items() if usual[name].default != value}

    def make(self, options: Options) -> v2.Transform:
        """The transform of torchvision, for complete options."""
        return self._class(**self.given_arguments(options))

    def code(self, options: Options) -> str:
        """The expression that makes the same, with `v2` and `torch` imported."""
        arguments = self.given_arguments(options).items()
        return f"v2.{self.torch}({', '.join(f'{name}={value!r}' for name, value in arguments)})"

    @property
    def _class(self) -> Any:
        from torchvision.transforms import v2

        return getattr(v2, self.torch)

    def always_recolours(self, options: Options) -> bool:
        """Whether every image comes out in other colours than a test image has."""
        return self.recolours and (options["p"] == 1 if "p" in options else not self.random)


def _square(options: Options) -> dict[str, Any]:
    """A whole number alone would mean the shorter side."""
    return {**options, "size": (options["size"], options["size"])}


def _affine(options: Options) -> dict[str, Any]:
    moved = options["translate"]
    scale = options["scale"]
    return {
        **options,
        "translate": (moved, moved) if moved else None,
        "scale": scale if scale != (1, 1) else None,
        "shear": options["shear"] or None,
    }


def _to_dtype(options: Options) -> dict[str, Any]:
    return {"dtype": torch.float32, "scale": options["scale"]}


def _jitter(options: Options) -> dict[str, Any]:
    return {name: value or None for name, value in options.items()}


def _normalise(options: Options) -> dict[str, Any]:
    return {name: list(options[name]) for name in ("mean", "std")}


def _output_channels(options: Options) -> dict[str, Any]:
    return {"num_output_channels": int(options["num_output_channels"])}


_P = Field("p", 0.5)
_FILL = Field("fill", 0, high=255)
_CHOICES = ("nearest", "bilinear", "bicubic")
_NEAREST = Field("interpolation", "nearest", "choice", choices=_CHOICES[:2])
_BILINEAR = Field("interpolation", "bilinear", "choice", choices=_CHOICES)
_SIDE = Field("size", 32, "whole", 1, MAX_SIDE, follows="side")
_SMALLER = Field("size", 24, "whole", 1, MAX_SIDE, follows="smaller")
_PADDING_MODE = Field(
    "padding_mode", "constant", "choice", choices=("constant", "edge", "reflect", "symmetric")
)

TRANSFORMS: dict[str, TransformKind] = {
    kind.name: kind
    for kind in (
        TransformKind(
            "to_image", Sentence("To tensor"),
            Sentence("From a PIL image to a uint8 tensor (C, H, W) with values from 0 to 255."),
            "ToImage", note=checks.note_conversion, random=False, place="conversion",
        ),
        TransformKind(
            "to_float", Sentence("To float"),
            Sentence("From uint8 to float32; scale divides by 255, so that values lie in 0 to 1."),
            "ToDtype", (Field("scale", True, "toggle"),), _to_dtype,
            check=checks.takes_tensors, note=checks.note_float, random=False, place="conversion",
        ),
        TransformKind(
            "normalise", Sentence("Normalise"),
            Sentence("Subtracts the mean and divides by the standard deviation, channel by channel."),
            "Normalize",
            (
                Field("mean", (0.5,), "channels", -255, 255, follows="mean"),
                Field("std", (0.5,), "channels", 1e-4, 255, follows="std"),
            ),
            _normalise, check=checks.normalise, random=False, place="floats",
        ),
        TransformKind(
            "resize", Sentence("Resize"), Sentence("Scales the image to size x size pixels."),
            "Resize", (_SIDE, _BILINEAR), _square, random=False,
        ),
        TransformKind(
            "pad", Sentence("Pad"), Sentence("Adds so many pixels at each edge."),
            "Pad", (Field("padding", 2, "whole", 0, 256), _FILL, _PADDING_MODE),
            check=checks.pad, note=checks.note_fill, random=False,
        ),
        TransformKind(
            "center_crop", Sentence("Crop from the middle"),
            Sentence("Cuts out the middle, size x size pixels."),
            "CenterCrop", (_SMALLER,), _square, note=checks.note_crop, random=False,
        ),
        TransformKind(
            "random_crop", Sentence("Crop at random"),
            Sentence("Adds padding pixels at each edge, then cuts out size x size pixels at a random place."),
            "RandomCrop", (_SIDE, Field("padding", 4, "whole", 0, 256), _FILL, _PADDING_MODE),
            lambda o: {**_square(o), "padding": o["padding"] or None},
            check=checks.random_crop, note=checks.note_fill,
        ),
        TransformKind(
            "random_resized_crop", Sentence("Crop and resize at random"),
            Sentence("Cuts out a random rectangle, a share of the area and a ratio of width to height, and "
                     "scales it to size x size."),
            "RandomResizedCrop",
            (_SIDE, Field("scale", (0.08, 1), "range", 0.01, 1),
             Field("ratio", (0.75, 4 / 3), "range", 0.1, 10), _BILINEAR),
            _square,
        ),
        TransformKind(
            "horizontal_flip", Sentence("Flip left and right"),
            Sentence("Mirrors the image with probability p. Digits and letters become others by it."),
            "RandomHorizontalFlip", (_P,),
        ),
        TransformKind(
            "vertical_flip", Sentence("Flip up and down"),
            Sentence("Turns the image upside down, mirrored, with probability p."),
            "RandomVerticalFlip", (_P,),
        ),
        TransformKind(
            "rotation", Sentence("Rotation"), Sentence("Turns by an angle drawn from -degrees to degrees."),
            "RandomRotation", (Field("degrees", 15, high=180), _NEAREST, _FILL),
            note=checks.note_fill,
        ),
        TransformKind(
            "affine", Sentence("Affine"),
            Sentence("Turns, shifts by up to a share of the side, scales and shears, each drawn anew."),
            "RandomAffine",
            (
                Field("degrees", 10, high=180), Field("translate", 0.1),
                Field("scale", (0.9, 1.1), "range", 0.1, 10), Field("shear", 0, high=80), _NEAREST, _FILL,
            ),
            _affine, note=checks.note_fill,
        ),
        TransformKind(
            "perspective", Sentence("Perspective"),
            Sentence("Moves the four corners, as if the image were seen from aside, with probability p."),
            "RandomPerspective", (Field("distortion_scale", 0.5), _P, _BILINEAR, _FILL),
            note=checks.note_fill,
        ),
        TransformKind(
            "elastic", Sentence("Elastic"),
            Sentence("Displaces every pixel at random, by more with alpha and more smoothly with sigma."),
            "ElasticTransform",
            (Field("alpha", 50, high=1000), Field("sigma", 3, low=0.1, high=30), _BILINEAR, _FILL),
            check=checks.elastic, note=checks.note_fill,
        ),
        TransformKind(
            "gaussian_blur", Sentence("Blur"),
            Sentence("Blurs with a Gaussian whose width in pixels is drawn from sigma."),
            "GaussianBlur",
            (Field("kernel_size", 5, "whole", 3, 63, step=2), Field("sigma", (0.1, 2), "range", 0.01, 30)),
            check=checks.gaussian_blur,
        ),
        TransformKind(
            "gaussian_noise", Sentence("Noise"),
            Sentence("Adds a random number to every value, and cuts off at 0 and 1."),
            "GaussianNoise", (Field("mean", 0, low=-1), Field("sigma", 0.1)),
            check=checks.takes_floats, note=checks.note_unit, place="floats",
        ),
        TransformKind(
            "erasing", Sentence("Erase a rectangle"),
            Sentence("Sets a random rectangle, a share of the area, to one value, with probability p."),
            "RandomErasing",
            (_P, Field("scale", (0.02, 0.33), "range", 0.001, 1),
             Field("ratio", (0.3, 3.3), "range", 0.1, 10), Field("value", 0, high=255)),
            check=checks.takes_tensors, place="floats",
        ),
        TransformKind(
            "colour_jitter", Sentence("Colour jitter"),
            Sentence("Changes brightness, contrast and saturation by factors of 1 ± the number, and turns "
                     "the hue, in random order."),
            "ColorJitter",
            (Field("brightness", 0.2, high=10), Field("contrast", 0.2, high=10),
             Field("saturation", 0.2, high=10), Field("hue", 0, high=0.5)),
            _jitter, note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "greyscale", Sentence("Greyscale"),
            Sentence("Weighs red, green and blue into one grey, as one channel or as three alike."),
            "Grayscale", (Field("num_output_channels", "1", "choice", choices=("1", "3")),), _output_channels,
            random=False, recolours=True,
        ),
        TransformKind(
            "random_greyscale", Sentence("Greyscale at random"),
            Sentence("Takes the colour out with probability p; the number of channels stays."),
            "RandomGrayscale", (Field("p", 0.1),), recolours=True,
        ),
        TransformKind(
            "rgb", Sentence("To three channels"),
            Sentence("Repeats the one channel of a grey image three times."),
            "RGB", random=False,
        ),
        TransformKind(
            "invert", Sentence("Invert"), Sentence("Makes a negative with probability p."),
            "RandomInvert", (_P,), note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "posterise", Sentence("Posterise"),
            Sentence("Keeps only the first bits of every value, with probability p."),
            "RandomPosterize", (Field("bits", 3, "whole", 1, 8), _P), note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "solarise", Sentence("Solarise"),
            Sentence("Inverts the values from a threshold up, with probability p."),
            "RandomSolarize", (Field("threshold", 128, high=255), _P),
            check=checks.solarise, note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "sharpness", Sentence("Sharpness"),
            Sentence("Sharpens by a factor with probability p; below 1 it blurs."),
            "RandomAdjustSharpness", (Field("sharpness_factor", 2, high=20), _P),
            note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "autocontrast", Sentence("Full contrast"),
            Sentence("Stretches the values to the whole range with probability p."),
            "RandomAutocontrast", (_P,), note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "equalise", Sentence("Equalise"),
            Sentence("Makes all values about equally frequent, with probability p."),
            "RandomEqualize", (_P,), note=checks.note_unit, recolours=True,
        ),
        TransformKind(
            "rand_augment", Sentence("RandAugment"),
            Sentence("Applies num_ops transforms drawn from a list, all at one strength (Cubuk and others, "
                     "2019)."),
            "RandAugment",
            (Field("num_ops", 2, "whole", 1, 5), Field("magnitude", 9, "whole", 0, 30), _NEAREST),
            note=checks.note_unit,
        ),
        TransformKind(
            "trivial_augment", Sentence("TrivialAugment"),
            Sentence("Applies one transform drawn from a list, at a random strength (Müller and Hutter, "
                     "2021)."),
            "TrivialAugmentWide", (_NEAREST,), note=checks.note_unit,
        ),
    )
}  # fmt: skip


def transform_kind(name: str) -> TransformKind:
    """The entry of that name; raises `LabError` naming what it could have been."""
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    shown = repr(name if len(name) <= 40 else name[:40] + "…")
    wanted = name.lower().replace("-", "_")
    classes = {kind.torch.lower(): kind.name for kind in TRANSFORMS.values()}
    close = classes.get(wanted) or next(iter(difflib.get_close_matches(wanted, TRANSFORMS, n=1)), None)
    if close:
        raise LabError("There is no transform {name}; did you mean {close}?", name=shown, close=close)
    raise LabError(
        "There is no transform {name}; there are: {known}.", name=shown, known=", ".join(TRANSFORMS)
    )


def starting_options(
    name: str, shape: tuple[int, int, int], mean: Sequence[float], std: Sequence[float]
) -> dict[str, Any]:
    """Options of a new step that suit images (C, H, W) of that shape, mean and std; four decimals each."""
    side = max(shape[1:])
    sensible = {
        "side": side,
        "smaller": max(1, side * 3 // 4),
        "mean": tuple(round(value, 4) for value in mean),
        "std": tuple(max(1e-4, round(value, 4)) for value in std),
    }
    return {field.name: sensible[field.follows] for field in transform_kind(name).fields if field.follows}
