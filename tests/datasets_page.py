"""The Datasets page in a test: opened at a URL, and the numbers it lists."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

_APP = Path(__file__).parents[1] / "app.py"


def show(**query: object) -> AppTest:
    """The page at ``/datasets?...``, reached from the app's own navigation."""
    app = AppTest.from_file(str(_APP), default_timeout=60).run()
    app.switch_page("pages/lab/datasets.py")
    for name, value in query.items():
        app.query_params[name] = str(value)
    return app.run()


def facts(page: AppTest) -> dict[str, str]:
    """The names and values that the page lists."""
    texts = [block.proto.body for block in page.get("html")]
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", "".join(texts)))
