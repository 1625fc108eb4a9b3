"""A publisher on this machine, for tests of downloading: whole files, cut off, wrong, slow or silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Publisher:
    """Serves `files` by path. How: see the attributes, each by path.

    Attributes:
        files: the bodies.
        cut: close the connection after so many bytes, though all were promised.
        hold: wait after so many bytes until `go_on` is set; `held` says that it waits.
        drip: send one byte at a time, `pause` seconds apart, until `go_on` is set.
        redirect: answer with this address instead.
        silent_about_size: leave out Content-Length.
        asked: the paths asked for, in order.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.hold: dict[str, int] = {}
        self.drip: set[str] = set()
        self.pause = 0.02
        self.redirect: dict[str, str] = {}
        self.silent_about_size = False
        self.asked: list[str] = []
        self.held = threading.Event()
        self.go_on = threading.Event()
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        self.asked.append(path)
        if path in self.redirect:
            request.send_response(302)
            request.send_header("Location", self.redirect[path])
            request.end_headers()
            return
        if path not in self.files:
            request.send_error(404)
            return
        body = self.files[path]
        request.send_response(200)
        if not self.silent_about_size:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if path in self.drip:
            for i in range(len(body)):
                request.wfile.write(body[i : i + 1])
                if self.go_on.wait(self.pause):
                    return
        first = min(self.cut.get(path, len(body)), self.hold.get(path, len(body)))
        request.wfile.write(body[:first])
        request.wfile.flush()
        if path in self.hold:
            self.held.set()
            self.go_on.wait(60)
        request.wfile.write(body[first : self.cut.get(path, len(body))])


@contextmanager
def publisher() -> Iterator[Publisher]:
    """A `Publisher` that answers at its `url` until the end of the block."""
    state = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # the one who asked has gone
                state.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
