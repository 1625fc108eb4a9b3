"""The Datasets page in a test: opened at a URL, the numbers it lists, what its components get, its script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

_APP = Path(__file__).parents[1] / "app.py"


def show(**query: object) -> AppTest:
    """The page at ``/datasets?...``, reached from the app's own navigation."""
    return show_page("datasets", query)


def show_page(name: str, query: Mapping[str, object]) -> AppTest:
    """The page whose file is ``pages/<section>/<name>.py``, with that query in its URL."""
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    (file,) = (_APP.parent / "pages").glob(f"*/{name}.py")
    app.switch_page(str(file.relative_to(_APP.parent)))
    for key, value in query.items():
        app.query_params[key] = str(value)
    return app.run()


def facts(page: AppTest) -> dict[str, str]:
    """The names and values that the page lists."""
    texts = [block.proto.body for block in page.get("html")]
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", "".join(texts)))


def component(page: AppTest, key: str) -> tuple[dict[str, Any], list[bytes]]:
    """What the component with that key was sent: its header and its blobs."""
    (data,) = [e.proto.bytes for e in page.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    return unpack(data)


def unpack(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The inverse of `nnlab.ui.components.library.pack`: a header and its blobs."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    at, blobs = 4 + length, []
    for size in header["blobs"]:
        blobs.append(data[at : at + size])
        at += size
    return header, blobs


def browse_script(page: AppTest) -> dict[str, Any]:
    """Open the code of the part Browse and execute it; what is defined then."""
    page.session_state["datasets-code"] = True
    page.run()
    space: dict[str, Any] = {}
    exec(page.code[0].value, space)
    return space
