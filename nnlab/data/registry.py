"""The datasets of the lab: one entry each, and nothing else to add.

An entry says what a dataset is, so that a page can describe it without loading it, and carries the
source that reads its files and knows where they are published. The counts are those of the published
files; what a folder really holds is said by the `Dataset` that `load_dataset` returns.
"""

from __future__ import annotations

import difflib
import string
from dataclasses import dataclass
from pathlib import Path

from nnlab.data import own_images
from nnlab.data.sources import Source
from nnlab.data.strokes_source import StrokesSource
from nnlab.data.torchvision_sources import (
    CifarSource,
    EmnistSource,
    IdxSource,
    QmnistSource,
    SvhnSource,
    UspsSource,
)
from nnlab.errors import DataError

BUILT_IN = "strokes"  # needs no download: the way out where another dataset is absent


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset before it is loaded.

    Attributes:
        name: what `load_dataset` calls it.
        title: what people call it.
        classes: the names of the classes, in the order of the labels.
        shape: (C, H, W) of one image.
        train_count: training images, as published.
        test_count: test images, as published.
        origin: who made it.
        licence: what it may be used for, as far as its makers say.
        homepage: where it is described; "" for the built-in one.
        download_bytes: what travels over the network, about; 0 for the built-in one.
        source: reads its files and knows where they are published.
        drawable: a drawing on the pad makes sense: pen strokes in images of 28x28, or one's own pictures.
        filled: its signs reach to the edges of the image, where MNIST leaves a margin of 4 pixels.
        own: a person's own pictures.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train_count: int
    test_count: int
    origin: str
    licence: str
    homepage: str
    download_bytes: int
    source: Source
    drawable: bool = False
    filled: bool = False
    own: bool = False

    @property
    def folder(self) -> str:
        """Where its files lie below the data root; "" for the root itself."""
        return self.source.folder

    @property
    def built_in(self) -> bool:
        """Whether it is there without any file."""
        return not self.source.files


_ENTRIES: dict[str, DatasetInfo] = {}


def register(info: DatasetInfo) -> None:
    """Add a dataset to the lab. Raises `DataError` where the name is taken."""
    if info.name in _ENTRIES:
        raise DataError('There is already a dataset "{name}".', name=info.name)
    _ENTRIES[info.name] = info


def dataset_names() -> list[str]:
    """The names `load_dataset` knows, the built-in one first, a person's own saved pictures last."""
    return [*_ENTRIES, *own_images.saved_names()]


def filled_names() -> set[str]:
    """The datasets of the registry whose signs reach to the edges of their images."""
    return {name for name, info in _ENTRIES.items() if info.filled}


def dataset_info(name: str, root: str | Path | None = None) -> DatasetInfo:
    """The entry of a dataset, without loading it. Raises `DataError` for an unknown name.

    A person's own pictures are looked for below the data root `root` (`nnlab.paths.data_root` says which one
    without it), and in the cache.
    """
    if name in _ENTRIES:
        return _ENTRIES[name]
    if own_images.is_own(str(name)):
        from nnlab.data.images_source import own_info  # it makes an entry, so it imports this module

        return own_info(name, root)
    known = ", ".join(_ENTRIES)
    wanted = str(name).lower().replace("-", "_").replace(" ", "_")
    longer = [entry for entry in _ENTRIES if wanted and entry.startswith(wanted)]
    close = longer or difflib.get_close_matches(wanted, _ENTRIES, n=1)
    if close:
        raise DataError(
            'There is no dataset "{name}"; did you mean "{close}"? Known are: {known}.',
            name=name, close=close[0], known=known,
        )  # fmt: skip
    raise DataError('There is no dataset "{name}". Known are: {known}.', name=name, known=known)


_DIGITS = tuple(string.digits)
# The balanced split of EMNIST joins the letters whose small form only repeats the capital one.
_BALANCED = (*string.digits, *string.ascii_uppercase, *"abdefghnqrt")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100_NAMES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel
    can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
    dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
    lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree
    pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea
    seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
    telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman
    worm
"""
_CIFAR100 = tuple(name.replace("_", " ") for name in _CIFAR100_NAMES.split())

for _info in (
    DatasetInfo(
        name="strokes", title="Strokes", classes=_DIGITS, shape=(1, 28, 28),
        train_count=20_000, test_count=4_000, drawable=True,
        origin="Written by this lab's own pen", licence="as the lab itself", homepage="",
        download_bytes=0, source=StrokesSource(),
    ),
    DatasetInfo(
        name="mnist", title="MNIST", classes=_DIGITS, shape=(1, 28, 28),
        train_count=60_000, test_count=10_000, drawable=True,
        origin="Yann LeCun, Corinna Cortes, Christopher Burges", licence="CC BY-SA 3.0",
        homepage="http://yann.lecun.com/exdb/mnist/",
        download_bytes=11_594_722, source=IdxSource("MNIST"),
    ),
    DatasetInfo(
        name="fashion_mnist", title="Fashion-MNIST", classes=_FASHION, shape=(1, 28, 28),
        train_count=60_000, test_count=10_000,
        origin="Zalando Research", licence="MIT",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        download_bytes=30_878_645, source=IdxSource("FashionMNIST"),
    ),
    DatasetInfo(
        # Not drawable: its signs fill the image, not MNIST's box of 20 pixels.
        name="kmnist", title="Kuzushiji-MNIST", shape=(1, 28, 28), filled=True,
        classes=("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo"),
        train_count=60_000, test_count=10_000,
        origin="ROIS-DS Center for Open Data in the Humanities", licence="CC BY-SA 4.0",
        homepage="https://codh.rois.ac.jp/kmnist/",
        download_bytes=21_240_888, source=IdxSource("KMNIST"),
    ),
    DatasetInfo(
        name="qmnist", title="QMNIST", classes=_DIGITS, shape=(1, 28, 28),
        train_count=60_000, test_count=60_000, drawable=True,
        origin="Chhavi Yadav, Léon Bottou", licence="BSD",
        homepage="https://github.com/facebookresearch/qmnist",
        download_bytes=20_436_162, source=QmnistSource(),
    ),
    DatasetInfo(
        name="emnist_letters", title="EMNIST letters", classes=tuple(string.ascii_lowercase),
        shape=(1, 28, 28), train_count=124_800, test_count=20_800, drawable=True,
        origin="Western Sydney University, from NIST's forms", licence="public domain",
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        download_bytes=561_753_746, source=EmnistSource("letters", first_label=1),
    ),
    DatasetInfo(
        name="emnist_balanced", title="EMNIST balanced", classes=_BALANCED,
        shape=(1, 28, 28), train_count=112_800, test_count=18_800, drawable=True,
        origin="Western Sydney University, from NIST's forms", licence="public domain",
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        download_bytes=561_753_746, source=EmnistSource("balanced", first_label=0),
    ),
    DatasetInfo(
        # Not drawable: its images have 16x16 pixels, filled to the edge.
        name="usps", title="USPS", classes=_DIGITS, shape=(1, 16, 16), filled=True,
        train_count=7_291, test_count=2_007,
        origin="US Postal Service, by way of LIBSVM", licence="not stated",
        homepage="https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps",
        download_bytes=8_411_109, source=UspsSource(),
    ),
    DatasetInfo(
        name="cifar10", title="CIFAR-10", classes=_CIFAR10, shape=(3, 32, 32),
        train_count=50_000, test_count=10_000,
        origin="Alex Krizhevsky", licence="not stated",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        download_bytes=170_498_071, source=CifarSource("CIFAR10", label_key="labels", rows=10_000),
    ),
    DatasetInfo(
        name="cifar100", title="CIFAR-100", classes=_CIFAR100, shape=(3, 32, 32),
        train_count=50_000, test_count=10_000,
        origin="Alex Krizhevsky", licence="not stated",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        download_bytes=169_001_437, source=CifarSource("CIFAR100", label_key="fine_labels", rows=50_000),
    ),
    DatasetInfo(
        name="svhn", title="SVHN", classes=_DIGITS, shape=(3, 32, 32),
        train_count=73_257, test_count=26_032,
        origin="Stanford University, from Google Street View", licence="non-commercial use only",
        homepage="http://ufldl.stanford.edu/housenumbers/",
        download_bytes=246_316_178, source=SvhnSource(),
    ),
):  # fmt: skip
    register(_info)
