"""A connection by which the pad asks for answers while one draws, beside Streamlit's own.

Run by Streamlit, an answer costs 9 ms of the processor and 3 KB, most of them for a script to begin and for
what Streamlit says with each run; that is eleven drawing visitors at ten answers a second. Here it costs the
network's 2 ms and half a kilobyte. The session is told the drawing at pen-up; it answers all to who cannot
connect.

A question is JSON, ``{"seq": 12, "keep": [2, 40], "more": [[x, y, ...], ...], "config": {...}}``. Of the
drawing told so far, two strokes stay and 40 numbers of the next; then `more` follows: its first list goes on
with that stroke, the others are new ones. `config` comes with the first question and whenever it changes: the
run whose network answers, the stages left out, the pen's width, the language. The answer is a message of
`library.pack`; ``{"lost": true}`` asks for the whole drawing.

Nothing is kept but the drawing of each connection, and nothing is told that a visitor of the page cannot see.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlparse

import streamlit as st
import torch
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from nnlab.drawing.stages import STAGES, Switches, drawing_stages
from nnlab.errors import LabError
from nnlab.training.weights import TrainedModel
from nnlab.ui.components.drawing import MOST_POINTS, USUAL_PEN, read_drawing
from nnlab.ui.components.library import pack
from nnlab.ui.components.pad import runs
from nnlab.ui.draw.reader import answer_of, network_of
from nnlab.ui.draw.told import stage_numbers
from nnlab.ui.store import run_store
from nnlab.ui.text import LANGUAGES, say

SIZE = 280  # of the pad's canvas, which is square
_ENDPOINT = "pad/answers"
_MOST_BYTES = 4 * 2**20  # of one question
_MOST_NUMBERS = 8 * MOST_POINTS  # of one connection's drawing, long after it is told that there are too many
_UNFIT, _TOO_LARGE = 1008, 1009  # why a connection is closed: RFC 6455, 7.4.1

# One at a time: the network is computed in one thread, and several would wait for each other's turn.
_pool = ThreadPoolExecutor(1, "pad")


def path() -> str:
    """Where the browser finds it on this server."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/{_ENDPOINT}" if base else f"/{_ENDPOINT}"


def routes() -> list[WebSocketRoute]:
    """For `st.App`."""
    return [WebSocketRoute(path(), _serve)]


class Talk:
    """One connection: what of the drawing it has been told, and who answers."""

    def __init__(self) -> None:
        self.strokes: list[list[float]] = []
        self.config: Mapping[str, Any] = {}
        self.model: TrainedModel | LabError = LabError("Nothing is drawn yet.")
        self.on = Switches()

    def answer(self, text: str) -> bytes:
        """To one question. Raises ValueError where it is none."""
        told = _mapping(json.loads(text))
        seq = told.get("seq")
        if not isinstance(seq, int):
            raise ValueError("a question without its number")
        if "config" in told:
            self._configure(_mapping(told["config"]))
        header: dict[str, Any] = {"seq": seq, "config": self.config.get("name")}
        if not self._grow(told.get("keep"), told.get("more")):
            return pack({**header, "lost": True})
        blobs = [b"", b""]
        try:
            if isinstance(self.model, LabError):
                raise self.model.with_traceback(None)  # it is raised again and again
            drawing = read_drawing(
                {"seq": seq, "strokes": self.strokes, "pen": self.config.get("pen", USUAL_PEN)}
            )
            if drawing.arrays:
                with torch.inference_mode():  # also the ink: there is a tenth less to note down
                    stages = drawing_stages(self.model, drawing.arrays, (SIZE, SIZE), self.on, drawing.pen)
                said, blobs = answer_of(self.model, stages).message()
                header |= said
                if self.config.get("stages"):
                    header |= {"stages": stage_numbers(stages), "given": stages.as_inked}
                    blobs.append(b"" if stages.as_inked else runs(stages.inked.numpy()))
        except LabError as error:
            reader = self.config.get("lang")
            header["problem"] = say(error, reader if reader in LANGUAGES else "en")
        return pack(header, *blobs)

    def _configure(self, config: Mapping[str, Any]) -> None:
        off, run, step = config.get("off", []), config.get("run", ""), config.get("step")
        if not isinstance(off, list) or not isinstance(run, str) or not isinstance(step, int | None):
            raise ValueError("a configuration that is none")
        self.config = config
        self.on = Switches(**{name: name not in off for name in STAGES})
        try:
            self.model = network_of(run_store(), run, step)
        except LabError as error:
            self.model = error

    def _grow(self, keep: object, more: object) -> bool:
        """Take what is new of the drawing; False where it does not fit what was told before."""
        match keep, more:
            case [int(whole), int(partly)], list(added) if all(isinstance(one, list) for one in added):
                pass
            case _:
                raise ValueError("a question without a drawing")
        if not 0 <= whole <= len(self.strokes):
            return False
        begun = self.strokes[whole] if whole < len(self.strokes) else []
        if not 0 <= partly <= len(begun):
            return False
        kept = self.strokes[:whole]
        self.strokes = [*kept, [*begun[:partly], *added[0]], *added[1:]] if added else kept
        if len(self.strokes) + sum(map(len, self.strokes)) > _MOST_NUMBERS:
            raise ValueError("a drawing without an end")
        return True


async def _serve(socket: WebSocket) -> None:
    origin = socket.headers.get("origin")
    if origin is not None and urlparse(origin).netloc != socket.headers.get("host"):
        await socket.close(_UNFIT)
        return
    await socket.accept()
    talk = Talk()
    loop = asyncio.get_running_loop()
    with suppress(WebSocketDisconnect):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or len(text) > _MOST_BYTES:
                await socket.close(_TOO_LARGE if text else _UNFIT)
                return
            try:
                reply = await loop.run_in_executor(_pool, talk.answer, text)
            except (ValueError, RecursionError):  # nobody's browser asks so
                await socket.close(_UNFIT)
                return
            await socket.send_bytes(reply)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a question that is none")
    return value
