"""What several tests need: a server of the lab and a browser in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same examples every time, so that a change is judged by what it changes; HYPOTHESIS_PROFILE=explore
# draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Two threads on a machine that also runs servers and a browser wait for each other more than they compute.
torch.set_num_threads(1)
_CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """``serve("app.py")`` is the address of that app, started once a session, with its own runs."""
    pytest.importorskip("playwright")
    servers: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def address(app: str) -> str:
        if app not in servers:
            servers[app] = _start(app, tmp_path_factory.mktemp("served"))
        return servers[app][1]

    yield address
    for process, _ in servers.values():
        process.terminate()
    for process, _ in servers.values():
        process.wait(15)


@pytest.fixture(scope="session")
def lab(serve: Callable[[str], str]) -> str:
    """The address of the lab itself."""
    return serve("app.py")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium: the system's where there is one, else Playwright's own."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=found, args=list(_CHROMIUM))
        except sync_api.Error as error:
            pytest.skip(f"no Chromium (apt-get install chromium): {error.message[:200]}")
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: object) -> Iterator[Callable[..., object]]:
    """``open_page(url, **context)`` opens a page in a context of its own, and waits until it stands;
    expectations wait up to 30 s.

    The test fails where the page reports an error of its own JavaScript.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    contexts, errors = [], []

    def opened(url: str, **options: object) -> object:
        options = {"locale": "en-US", "viewport": {"width": 1440, "height": 900}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        if url.startswith("http"):
            _wait_until_it_stands(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors, errors


def _wait_until_it_stands(page: Any) -> None:
    """Until the page has run, and no control of it waits for its script, with another height meanwhile."""
    from playwright.sync_api import expect

    expect(page.get_by_test_id("stElementContainer").first).to_be_attached(timeout=60_000)
    expect(page.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=60_000
    )
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def _start(app: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Data that tests may read is that of the environment; without it, a folder of this session alone.
    data = os.environ.get("NNLAB_DATA") or str(folder / "data")
    environment = {
        **os.environ, "NNLAB_DATA": data, "NNLAB_RUNS": str(folder / "runs"), "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.port", str(port),
               "--server.address", "127.0.0.1", "--server.headless", "true"]  # fmt: skip
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    _wait_until_healthy(address, process, folder / "server.log")
    return process, address


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import time

    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)  # between two looks, not a wait of fixed length
    process.kill()
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")
