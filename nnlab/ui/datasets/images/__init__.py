"""Your own images: from a zip or a handful of files to a dataset like any other."""

from __future__ import annotations

import streamlit as st

from nnlab.ui.datasets.images.collection import collection, open_dataset
from nnlab.ui.datasets.images.forms import accepted_forms
from nnlab.ui.datasets.images.found import findings
from nnlab.ui.datasets.images.labels import labelling
from nnlab.ui.datasets.images.problems import tell_problems
from nnlab.ui.datasets.images.upload import Upload, current_upload, received, uploader
from nnlab.ui.datasets.images.work import has_ended
from nnlab.ui.owned import keep_in_mind
from nnlab.ui.text import _

__all__ = ["show"]


def show() -> None:
    """Draw this part of the Datasets page."""
    uploader()
    upload = current_upload()
    accepted_forms(opened=upload is None)
    if upload is not None:
        with st.container(border=True, key="images-current"):
            received(upload)
            _steps(upload)
    collection()


def _steps(upload: Upload) -> None:
    """As far as the upload has come: labels, what is wrong with it or in it, and on to a dataset."""
    if upload.pictures:
        labelling(upload)
    looking = upload.looking
    if looking is None or not has_ended(looking, _("Looking at every file")):
        return
    if looking.error is not None:
        tell_problems(looking.error, _way_out(upload))
    if looking.result is None:
        return
    taking = upload.taking
    if taking is not None:
        if not has_ended(taking, _("Turning the images into tensors")):
            return
        if taking.error is not None:
            tell_problems(taking.error, _way_out(upload))
        if taking.result is not None:
            upload.taking = None
            keep_in_mind(taking.result.name)
            open_dataset(taking.result.name)
            st.rerun()
    findings(upload, looking.result)


def _way_out(upload: Upload) -> str:
    if upload.pictures:
        return _("Change the labels or take files out, and check again.")
    return _("Mend these files and upload the zip again.")
