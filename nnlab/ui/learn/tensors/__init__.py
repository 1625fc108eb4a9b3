"""The parts of the Tensors page."""

from nnlab.ui.learn.tensors import (
    broadcast,
    devices,
    dtypes,
    index,
    inplace,
    join,
    make,
    multiply,
    numpy_bridge,
    reduce,
    views,
)
from nnlab.ui.text import mark

PARTS = {
    "make": mark("Make"),
    "index": mark("Index"),
    "join": mark("Join"),
    "multiply": mark("Multiply"),
    "broadcast": mark("Broadcast"),
    "reduce": mark("Reduce"),
    "views": mark("Views"),
    "inplace": mark("In place"),
    "numpy": "NumPy",
    "dtypes": "dtypes",
    "devices": mark("Devices"),
}
DRAWN = {
    "make": make.show,
    "index": index.show,
    "join": join.show,
    "multiply": multiply.show,
    "broadcast": broadcast.show,
    "reduce": reduce.show,
    "views": views.show,
    "inplace": inplace.show,
    "numpy": numpy_bridge.show,
    "dtypes": dtypes.show,
    "devices": devices.show,
}
