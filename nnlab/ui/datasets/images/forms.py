"""What can be uploaded: three forms, their limits, and a small zip of each kind to try."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from nnlab.data.images import FORMATS, MAX_BYTES, MAX_FILES, MAX_MEGAPIXELS
from nnlab.ui.datasets.images.example import COUNT, example_zip
from nnlab.ui.datasets.images.upload import MOST_PICTURES
from nnlab.ui.text import _

_FOLDERS = "photos.zip\n├ train/cat/1.jpg\n├ train/dog/2.png\n└ test/cat/3.webp"
_TABLE = "photos.zip\n├ labels.csv\n│   1.jpg,cat\n└ images/1.jpg"
_LOOSE = "cat1.jpg\ncat2.jpg\ndog1.png"


def accepted_forms(opened: bool) -> None:
    """The three forms side by side."""
    with st.expander(_("What can be uploaded"), icon=":material/help:", expanded=opened):
        folders, table, loose = st.columns(3)
        with folders:
            st.markdown(f"**{_('Class folders')}**")
            st.caption(_("A zip with a folder for each class; train/ and test/ around them if you like."))
            st.code(_FOLDERS, language=None)
        with table:
            st.markdown(f"**{_('Images and a CSV')}**")
            st.caption(_("A zip with a table of file name and label, with or without a header."))
            st.code(_TABLE, language=None)
        with loose:
            st.markdown(f"**{_('A handful of files')}**")
            st.caption(_("Up to {count} image files, labelled here on the page.", count=MOST_PICTURES))
            st.code(_LOOSE, language=None)
        st.caption(
            _(
                "{formats} (of a moving GIF the first frame); up to {files:,} files, {size} MB unpacked, "
                "{pixels} megapixels each.",
                formats=", ".join(FORMATS), files=MAX_FILES, size=MAX_BYTES // 10**6, pixels=MAX_MEGAPIXELS,
            )
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("Nothing at hand? {count} written digits to try:", count=COUNT), width="content")
            _example("folders", _("Class folders"))
            _example("csv", _("Images and a CSV"))


def _example(layout: Literal["folders", "csv"], label: str) -> None:
    st.download_button(
        label, data=lambda: example_zip(layout), file_name=f"digits-{layout}.zip", mime="application/zip",
        icon=":material/download:", key=f"images-example-{layout}", on_click="ignore", type="tertiary",
    )  # fmt: skip
