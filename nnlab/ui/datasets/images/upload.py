"""What a person has uploaded: kept for the session, on disk, until another upload takes its place."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from nnlab.data import DatasetInfo
from nnlab.data.images import Found, ImageOptions, import_images, look_at, pack_files, show_pictures
from nnlab.errors import LabError, check
from nnlab.ui.datasets.images.names import File, guess_label, harmless, is_zip, numbered
from nnlab.ui.datasets.images.work import Tell, Work
from nnlab.ui.text import _, plain, say

MOST_PICTURES = 60  # to be labelled by hand
_TYPES = ("zip", "png", "jpg", "jpeg", "jfif", "webp", "gif", "bmp")
_MOST_NAMED = 4  # classes in the title of a handful of pictures
_PICTURES, _ARCHIVE = "pictures", "archive"  # folders of an upload
_CURRENT, _REFUSED, _ROUND = "images:current", "images:refused", "images:round"


@dataclass
class Picture:
    """One image file of a handful, as it was uploaded, and the label that it is to have ("": none yet)."""

    name: str
    path: Path
    label: str


@dataclass(eq=False)
class Upload:
    """A zip, or pictures that wait for their labels; and how far it has come."""

    title: str = ""
    archive: Path | None = None
    pictures: list[Picture] = field(default_factory=list)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="nnlab-upload-")))
    looking: Work[Found] | None = None
    options: ImageOptions | None = None
    taking: Work[DatasetInfo] | None = None
    showing: Work[dict[str, np.ndarray]] | None = (
        None  # small pictures, by the names of the files in `folder`
    )

    def __post_init__(self) -> None:
        for inner in (_PICTURES, _ARCHIVE):
            (self.folder / inner).mkdir()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def show(self) -> None:
        """Have the pictures opened, to be seen beside their labels."""
        folder = self.folder / _PICTURES
        self.showing = Work(lambda tell: {example.file: example.picture for example in show_pictures(folder)})

    def look(self) -> None:
        """Have every image checked; the pictures of a handful with their labels."""
        pictures = [(picture.name, picture.path, picture.label) for picture in self.pictures]

        def act(tell: Tell) -> Found:
            if pictures:
                packed = pack_files([(name, path.read_bytes(), label) for name, path, label in pictures])
                self.archive = Path(shutil.move(packed, self.folder / _ARCHIVE / harmless(self.title)))
            assert self.archive is not None
            return look_at(self.archive, progress=tell)

        self.changed()
        self.options = None
        if pictures:
            labels = sorted({picture.label for picture in self.pictures})
            self.title = ", ".join(labels[:_MOST_NAMED]).replace(".", " ")
        self.looking = Work(act)

    def take(self) -> None:
        """Have them made a dataset, as the options say."""
        archive, options = self.archive, self.options
        assert archive is not None and options is not None
        self.taking = Work(lambda tell: import_images(archive, options, progress=tell))

    def changed(self) -> None:
        """What was found is no longer true."""
        self.looking = self.taking = None


def current_upload() -> Upload | None:
    """What this session has uploaded last."""
    return st.session_state.get(_CURRENT)


def uploader() -> None:
    """The place to drop files on, and why the last ones could not be taken."""
    # A new widget after every upload: Streamlit then gives back the memory that the files took.
    key = f"images-upload-{st.session_state.get(_ROUND, 0)}"
    st.file_uploader(
        _("A zip of images, or image files"),
        type=_TYPES,
        accept_multiple_files=True,
        key=key,
        on_change=_received,
        args=(key,),
    )
    refused: LabError | None = st.session_state.get(_REFUSED)
    if refused is not None:
        st.error(say(refused), icon=":material/error:")


def received(upload: Upload) -> None:
    """What is there, and a way to be rid of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        loose = _("Image files: {count}", count=len(upload.pictures))
        title = loose if upload.pictures else upload.title
        st.markdown(f":material/folder_zip: **{plain(title)}**", width="stretch")
        st.button(_("Remove"), icon=":material/close:", key="images-remove", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_CURRENT, None)


def _received(key: str) -> None:
    files = st.session_state[key]
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.session_state[_REFUSED] = None
    try:
        if files:
            st.session_state[_CURRENT] = accept(files, current_upload())
    except LabError as error:
        st.session_state[_REFUSED] = error


def accept(files: list[File], before: Upload | None) -> Upload:
    """The upload that `files` make: one zip by itself, or pictures, which join those of `before`.

    Raises:
        LabError: they are neither; nothing is lost of what was there before.
    """
    if any(is_zip(file) for file in files):
        check(
            len(files) == 1,
            "These are {count} files with a zip among them: upload one zip by itself, or image files only.",
            count=len(files),
        )
        upload = Upload(title=files[0].name)
        upload.archive = upload.folder / _ARCHIVE / harmless(files[0].name)
        upload.archive.write_bytes(files[0].getbuffer())
        upload.look()
        return upload
    count = len(files) + (len(before.pictures) if before else 0)
    check(
        count <= MOST_PICTURES,
        "That would be {count} images to label by hand; at most {most}. Pack a zip with a folder for each "
        "class instead.",
        count=count, most=MOST_PICTURES,
    )  # fmt: skip
    upload = before if before is not None and before.pictures else Upload()
    upload.changed()
    for file in files:
        _add(upload, file)
    upload.show()
    return upload


def _add(upload: Upload, file: File) -> None:
    path = upload.folder / _PICTURES / secrets.token_hex(8)  # its own name may be anything
    path.write_bytes(file.getbuffer())
    taken = {picture.name for picture in upload.pictures}
    name = next(name for name in numbered(harmless(file.name)) if name not in taken)
    upload.pictures.append(Picture(name, path, guess_label(file.name)))
