"""From the files under ``pages/`` to the pages of the lab, with what stands beside each of them.

A page is added by its file ``pages/<section>/<name>.py``, whose first line is its header:

    # page: 20 | :material/grid_view: | Datasets

that is its place in the section, its icon and its title in English.
"""

from __future__ import annotations

import gc
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st
import torch  # early and once: a first visitor waits for it here, not on a page
from PIL import Image

from nnlab.devices import DeviceInfo, describe_device
from nnlab.ui import components
from nnlab.ui.text import LANGUAGES, _, language, settle_language
from nnlab.ui.url import catch_up, open_url, query_choice, set_query

PAGES = Path(__file__).parents[2] / "pages"
_HEADER = re.compile(r"# page: (\d+) \| (:\S+:) \| (.+)")
_HOME = "home"

# The invisible component of `components.serve` takes no room; a wide screen is not all filled with text.
_STYLE = """<style>
.st-key-nnlab-library { display: none; }
.stMainBlockContainer { max-width: 76rem; padding-top: 3rem; padding-bottom: 4rem; }
/* Korean breaks between words. */
h1, h2, h3, h1 *, h2 *, h3 *, [data-testid=stMarkdownContainer] * {
  word-break: keep-all !important; overflow-wrap: anywhere !important;
}
/* A table that is too wide is scrolled; its words and numbers stay whole. */
[data-testid=stMarkdownContainer] table { display: block; overflow-x: auto; }
[data-testid=stMarkdownContainer] :is(td, th, td *) {
  overflow-wrap: normal !important;
}
@media (max-width: 640px) { .stMainBlockContainer { padding-top: 3.5rem; } }
</style>"""


@dataclass(frozen=True)
class PageFile:
    """A page as its header describes it; the title is in English."""

    path: Path
    order: int
    icon: str
    title: str

    @property
    def section(self) -> str:
        """The title of the folder the page is in, in English."""
        return self.path.parent.name.capitalize()


def page_files(folder: Path = PAGES) -> list[PageFile]:
    """The pages under `folder`, by section and place; raises ValueError for a page without its header."""
    found = []
    for path in sorted(folder.glob("*/*.py")):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        match = _HEADER.fullmatch(first.strip())
        if match is None:
            raise ValueError(f"{path} does not begin with '# page: order | :icon: | Title'")
        found.append(PageFile(path, int(match[1]), match[2], match[3]))
    return sorted(found, key=lambda page: (page.section, page.order))


def run_page() -> None:
    """Configure the browser's page, draw the sidebar, and run the page that the URL names."""
    _prepare()
    _remember_language()
    settle_language()
    page = st.navigation(_pages(), expanded=True)
    open_url(_stem(page))
    st.set_page_config(page_title=f"{page.title.partition(' ')[2]} · nnlab", page_icon=_icon(), layout="wide")
    st.html(_STYLE)
    with st.sidebar:
        _language_switch()
        _device(_device_info())
    components.serve()
    query_choice("lang", list(LANGUAGES), language())
    page.run()


def page_link_target(name: str) -> st.Page:
    """What `st.page_link` and `st.switch_page` take for the page whose file is ``<name>.py``."""
    return next(page for pages in _pages().values() for page in pages if _stem(page) == name)


def _pages() -> dict[str, list[st.Page]]:
    sections: dict[str, list[st.Page]] = {}
    for file in _files():
        page = st.Page(
            file.path,
            # As part of the title, not as `icon`, which a browser would fetch from the net for its tab.
            title=f"{file.icon} {_(file.title)}",
            url_path=file.path.stem,
            default=file.path.stem == _HOME,
        )
        sections.setdefault(_(file.section), []).append(page)
    return sections


def _stem(page: st.Page) -> str:
    return page.url_path or _HOME


def _remember_language() -> None:
    """Following a link to another page empties the URL; what was chosen there or in the sidebar stays."""
    catch_up("lang")  # which means the same on every page
    asked = st.query_params.get("lang")
    if asked in LANGUAGES:
        st.session_state["language"] = asked
    elif "language" in st.session_state:
        set_query("lang", st.session_state["language"])


def _language_switch() -> None:
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        default=language(),
        required=True,
        format_func=lambda name: LANGUAGES[name],
        key="language-switch",
        on_change=_language_chosen,
        width="stretch",
    )


def _language_chosen() -> None:
    st.session_state["language"] = st.session_state["language-switch"]
    set_query("lang", st.session_state["language"])


def _device(info: DeviceInfo) -> None:
    threads = _("1 thread a run") if info.threads == 1 else _("{count} threads a run", count=info.threads)
    memory = _("{size:.0f} GB memory", size=info.memory_bytes / 2**30)
    st.caption(f":material/memory: {info.name}  \n{memory} · {threads}")


@lru_cache
def _device_info() -> DeviceInfo:
    return describe_device()


@lru_cache
def _icon() -> Image.Image:
    """An edge filter, 3 x 3. Streamlit would fetch an icon of Material Symbols or an emoji from the net."""
    tones = {"-": (22, 104, 176), "0": (230, 232, 235), "+": (194, 80, 10)}
    small = Image.new("RGB", (3, 3))
    small.putdata([tones[sign] for sign in "-0+-0+-0+"])
    return small.resize((48, 48), Image.Resampling.NEAREST)


@lru_cache
def _files() -> list[PageFile]:
    return page_files()


@lru_cache
def _prepare() -> None:
    """Once a server: keep the garbage collector off what torch and streamlit leave behind when imported.

    Streamlit collects after every run, which takes 120 ms with all of torch to look through and next to
    nothing with it frozen.
    """
    torch.zeros(1)
    gc.collect()
    gc.freeze()
