"""A visitor who draws, without a browser: what `nnlab/ui/components/pad.js` tells the server, and when.

The page is opened as by `benchmarks.tab`; while the pen is down, the pad asks over its own connection, one
question in flight at most, and at pen-up it tells the session.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.people import arc
from benchmarks.tab import Tab

PATH = "pad/answers"
_RATE = 60  # points of the pen a second
_PACE, _SLOW, _SLOWEST = 0.05, 3.0, 0.18  # of pad.js, in seconds
_HEADER = 4  # bytes of a message's length of its header


@dataclass
class Drawer:
    """One visitor of the lab at `address` (``127.0.0.1:8501``).

    Attributes:
        waits: for each movement of the pen, its time and how long it took until an answer had seen it, in
            seconds.
    """

    address: str
    chance: random.Random
    waits: list[tuple[float, float]] = field(default_factory=list)
    _strokes: list[list[int]] = field(default_factory=list)
    _told: list[int] = field(default_factory=list)  # numbers of each stroke that the server has
    _seq: int = 0
    _asked: int = 0
    _took: float = 0.0
    _moved: list[tuple[int, float]] = field(default_factory=list)

    async def visit(self, until: float) -> None:
        """Open the page and draw, a stroke about every second, until the clock shows `until`."""
        tab = Tab(self.address, "draw")
        await tab.open()
        socket = await connect(f"ws://{self.address}/{PATH}", compression=None, proxy=None)
        asking = asyncio.create_task(self._ask(socket))
        try:
            while time.perf_counter() < until and not asking.done():
                await self._stroke()
                state = {"seq": self._seq, "strokes": self._strokes, "pen": 18, "texts": "en"}
                await tab.change_state("pad", drawing=state)
                await asyncio.sleep(self.chance.uniform(0.1, 0.4))
        finally:
            if asking.done():
                asking.result()  # raises what went wrong
            asking.cancel()
            await socket.close()
            await tab.close()

    async def _stroke(self) -> None:
        if len(self._strokes) >= 3:
            self._strokes, self._told = [], []
        flat: list[int] = []
        self._strokes = [*self._strokes, flat]
        begun = time.perf_counter()
        for number, point in enumerate(arc(self.chance)):
            await asyncio.sleep(max(0.0, begun + number / _RATE - time.perf_counter()))
            flat += point
            self._seq += 1
            self._moved.append((self._seq, time.perf_counter()))

    async def _ask(self, socket: ClientConnection) -> None:
        config: dict[str, object] | None = {"name": "", "run": "", "off": [], "lang": "en", "stages": True}
        while True:
            if self._seq == self._asked:
                await asyncio.sleep(1 / _RATE)
                continue
            asked = time.perf_counter()
            self._asked = self._seq
            lengths = [len(flat) for flat in self._strokes]
            same = 0
            while same < min(len(self._told), len(lengths)) and self._told[same] == lengths[same]:
                same += 1
            partly = self._told[same] if same < min(len(self._told), len(lengths)) else 0
            more = [flat[partly if not i else 0 :] for i, flat in enumerate(self._strokes[same:])]
            question = {"seq": self._seq, "keep": [same, partly], "more": more}
            self._told = lengths
            await socket.send(json.dumps(question | ({"config": config} if config else {})))
            config = None
            answer = await socket.recv()
            now = time.perf_counter()
            assert isinstance(answer, bytes)
            length = int.from_bytes(answer[:_HEADER], "little")
            seen = json.loads(answer[_HEADER : _HEADER + length])
            assert not seen.get("lost") and not seen.get("problem"), seen
            self.waits += [(since, now - since) for seq, since in self._moved if seq <= seen["seq"]]
            self._moved = [(seq, since) for seq, since in self._moved if seq > seen["seq"]]
            self._took = now - asked
            pace = max(_PACE, min(_SLOW * self._took, _SLOWEST))
            await asyncio.sleep(max(0.0, asked + pace - now))
