"""A browser's tab without the browser: Streamlit's protocol, spoken over its WebSocket.

What the JavaScript of Streamlit 1.67 does towards the server is done here: it sends the states of the
widgets that were touched, the query string as the server last set it, the hashes of the messages it still
holds, and the timers of fragments that the server asks for. Nothing is painted, no component's JavaScript
runs, and images, which a browser fetches by HTTP, are not fetched.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

_MOST_BYTES = 2**26  # of one message
_ID_PARTS = 3  # "$$ID-<hash>-<key>": the key may hold dashes itself
_MESSAGE_AGE = 2  # runs for which a message is held: the server's global.maxCachedMessageAge


class PageError(Exception):
    """A page showed an exception, or the server broke off."""


@dataclass
class Rerun:
    """One request to run the script or a fragment of it; times are seconds of `time.perf_counter`."""

    fragment: str
    sent: float
    finished: asyncio.Future[float]
    begun: bool = False

    @property
    def seconds(self) -> float | None:
        """From sending the request to the message that its run has finished; None while it has not."""
        return self.finished.result() - self.sent if self.finished.done() else None


@dataclass
class _Held:
    message: ForwardMsg
    run_count: int


@dataclass
class Tab:
    """One session at `address` (``127.0.0.1:8501``), on page `page` with `query` in its URL.

    Attributes:
        reruns: every request that was sent, the one that opens the page first.
        widgets: by key, the id of each widget that the server has sent, and the fragment it is in.
    """

    address: str
    page: str
    query: str = ""
    reruns: list[Rerun] = field(default_factory=list)
    widgets: dict[str, tuple[str, str]] = field(default_factory=dict)
    _page_hash: str = ""
    _values: dict[str, WidgetState] = field(default_factory=dict)
    _held: dict[str, _Held] = field(default_factory=dict)
    _run_count: int = 0
    _timers: dict[str, tuple[float, asyncio.Task[None]]] = field(default_factory=dict)
    _waiting: list[Rerun] = field(default_factory=list)
    _fragments: list[str] = field(default_factory=list)
    _socket: ClientConnection | None = None
    _reader: asyncio.Task[None] | None = None
    _problem: Exception | None = None

    async def open(self) -> Rerun:
        """Connect, and wait until the page has run for the first time."""
        self._socket = await connect(
            f"ws://{self.address}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=_MOST_BYTES,
            compression=None,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._read(self._socket))
        return await self.rerun()

    def rest(self) -> None:
        """Stop the timers: what the page would ask for by itself is not asked any more."""
        for fragment in list(self._timers):
            self._stop_timer(fragment)

    async def close(self) -> None:
        """Leave, as by closing the tab."""
        self.rest()
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def change(self, key: str, **value: Any) -> Rerun:
        """Set a widget, for example ``change("seed", double_value=3)``, and wait for the answer."""
        identity, fragment = self.widgets[key]
        self._values[identity] = WidgetState(id=identity, **value)
        return await self.rerun(fragment)

    async def change_state(self, key: str, **state: Any) -> Rerun:
        """Set the state of a component, and wait for the answer."""
        return await self.change(key, json_value=json.dumps(state))

    async def click(self, key: str) -> Rerun:
        """Press a button, and wait for the answer."""
        identity, fragment = self.widgets[key]
        return await self.rerun(fragment, pressed=WidgetState(id=identity, trigger_value=True))

    async def rerun(self, fragment: str = "", pressed: WidgetState | None = None) -> Rerun:
        """Run the page or a fragment again, and wait for the end of that run."""
        request = await self._send(fragment, pressed)
        await asyncio.shield(request.finished)
        return request

    async def stay(self, seconds: float) -> None:
        """Keep the page open; raises `PageError` if it breaks meanwhile."""
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=seconds)
        if self._problem is not None:
            raise self._problem

    async def _send(self, fragment: str, pressed: WidgetState | None = None, timer: bool = False) -> Rerun:
        if self._problem is not None or self._socket is None:
            raise self._problem or PageError("the tab is not open")
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        state.page_script_hash = self._page_hash
        state.page_name = "" if self._page_hash else self.page
        state.fragment_id = fragment
        state.is_auto_rerun = timer
        state.cached_message_hashes.extend(self._held)
        state.widget_states.widgets.extend(self._values.values())
        if pressed is not None:
            state.widget_states.widgets.append(pressed)
        state.context_info.timezone = "Europe/Paris"
        state.context_info.locale = "en-US"
        state.context_info.url = f"http://{self.address}/{self.page}"
        state.context_info.color_scheme = "light"
        request = Rerun(fragment, time.perf_counter(), asyncio.get_running_loop().create_future())
        self.reruns.append(request)
        self._waiting.append(request)
        await self._socket.send(message.SerializeToString())
        return request

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                self._take(ForwardMsg.FromString(data))
            raise PageError("the server has closed the connection")
        except Exception as error:
            self._problem = error
        self.rest()
        for request in self._waiting:
            request.finished.set_exception(self._problem)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            held = self._held[message.ref_hash]
            held.run_count = self._run_count
            self._element(held.message.delta)
        elif kind == "delta":
            if message.metadata.cacheable:
                self._held[message.hash] = _Held(message, self._run_count)
            self._element(message.delta)
        elif kind == "new_session":
            self._started(message)
        elif kind == "script_finished":
            self._finished(message)
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(fragment)
        elif kind == "page_not_found":
            raise PageError(f"there is no page {self.page}")
        elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
            raise PageError(message.session_event.script_compilation_exception.message)

    def _element(self, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        if kind == "exception":
            shown = delta.new_element.exception
            raise PageError(f"{self.page}: {shown.type}: {shown.message}\n" + "\n".join(shown.stack_trace))
        parts = getattr(getattr(delta.new_element, kind or "", None), "id", "").split("-", _ID_PARTS - 1)
        if len(parts) == _ID_PARTS:
            self.widgets[parts[-1]] = ("-".join(parts), delta.fragment_id)

    def _started(self, message: ForwardMsg) -> None:
        self._fragments = list(message.metadata.run.fragment_ids)
        if not self._fragments:
            self.rest()
        # A run of the whole page, the newest state with it, takes the place of all that was asked before.
        for request in self._waiting:
            if not self._fragments or request.fragment in self._fragments:
                request.begun = True

    def _finished(self, message: ForwardMsg) -> None:
        # A session's runs follow each other, and a busy server may not tell of the end of one if the next has
        # been asked for by then: what that one was to answer is on the screen with the next at the latest.
        mine = [request for request in self._waiting if request.begun]
        if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            for request in mine:
                request.begun = False  # the run that comes now is its run
            return
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise PageError(f"{self.page} does not compile")
        now = time.perf_counter()
        for request in mine:
            request.finished.set_result(now)
        self._waiting = [request for request in self._waiting if not request.begun]
        self._forget()

    def _forget(self) -> None:
        """Let go of messages that were not used for some runs; a run of a fragment ages its own alone."""
        self._run_count += 1
        for name, held in list(self._held.items()):
            concerned = not self._fragments or held.message.delta.fragment_id in self._fragments
            if concerned and self._run_count - held.run_count > _MESSAGE_AGE:
                del self._held[name]

    def _start_timer(self, fragment: str, interval: float) -> None:
        if fragment in self._timers and self._timers[fragment][0] == interval:
            return
        self._stop_timer(fragment)
        self._timers[fragment] = (interval, asyncio.create_task(self._tick(fragment, interval)))

    async def _tick(self, fragment: str, interval: float) -> None:
        due = time.perf_counter()
        while True:
            due += interval
            await asyncio.sleep(due - time.perf_counter())
            await self._send(fragment, timer=True)

    def _stop_timer(self, fragment: str) -> None:
        if fragment in self._timers:
            self._timers.pop(fragment)[1].cancel()
