"""A page that hears what the server says only when a test lets it: a slow connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def slow_answers(open_page: Callable[..., Any]) -> tuple[Answers, Any]:
    """The answers to an empty page, which is to be sent somewhere, and the page."""
    answers = Answers()
    page = open_page("about:blank")
    page.route_web_socket("**/_stcore/stream*", answers.route)
    return answers, page


class Answers:
    """What the server says to a page, let through or kept back."""

    def __init__(self) -> None:
        self.kept: list[Any] | None = None
        self.send: Callable[[Any], None]

    def route(self, socket: Any) -> None:
        server = socket.connect_to_server()
        self.send = socket.send
        socket.on_message(server.send)
        server.on_message(
            lambda message: self.send(message) if self.kept is None else self.kept.append(message)
        )

    def hold_back(self, page: Any, act: Callable[[], None]) -> list[Any]:
        """The whole answer to `act`, which the page has not heard."""
        self.kept = []
        act()
        while not any(
            ForwardMsg.FromString(each).WhichOneof("type") == "script_finished" for each in self.kept
        ):
            page.wait_for_timeout(10)  # between two looks; messages arrive meanwhile
        return self.kept
