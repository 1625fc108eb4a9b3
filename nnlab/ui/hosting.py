"""What the server runs: once at its start, and for each visitor.

Streamlit takes a script that lies beside a folder ``pages`` for an app of its old kind until that script
has run once, and shows "Page not found" to a first visitor who comes by a link to a page. So the server is
pointed at this file, which has no such neighbour; `app.py` stays the door for people and tests.
"""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psutil
import torch

from nnlab.nets.presets import preset, preset_names
from nnlab.ui.navigation import run_page
from nnlab.ui.store import run_store


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Before the first visitor: start the job server, and what the first network would wait for."""
    # What the pages compute is small: a second thread gains nothing, and beside a training on the other core
    # the two wait for each other (one drawing's answer: 3 ms of processor time with one, 24 to 47 with two).
    torch.set_num_threads(1)
    _answer_at_once()
    threading.Thread(target=_warm, daemon=True).start()
    yield


def _answer_at_once() -> None:
    """Let small messages leave without waiting for the last one to be acknowledged (Nagle's algorithm).

    asyncio sees to that only for sockets made with an explicit protocol, which Streamlit's is not; what a
    page says in several small messages then takes 40 ms more. Accepted connections inherit the option.
    """
    with suppress(psutil.Error):
        for connection in psutil.Process().net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.fd >= 0:
                with socket.socket(fileno=os.dup(connection.fd)) as listening:
                    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _warm() -> None:
    run_store().warm()
    preset(preset_names()[0]).trace((1, 28, 28), 10)  # imports a second's worth of torch
    gc.collect()
    gc.freeze()  # that second's worth too, see `nnlab.ui.navigation`


if __name__ == "__main__":
    run_page()
