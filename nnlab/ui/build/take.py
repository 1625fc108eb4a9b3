"""The part take: the network that is built, or a run, in a file that needs nothing of this lab."""

from __future__ import annotations

import json
from dataclasses import replace

import streamlit as st

from nnlab.data import dataset_info
from nnlab.errors import LabError
from nnlab.export import Subject, notebook_files, program_files
from nnlab.export.apart import export_apart
from nnlab.export.formats import OF_A_MODEL
from nnlab.nets.architecture import Architecture
from nnlab.training.recipe import RunSpec
from nnlab.training.weights import weights_bytes
from nnlab.ui.build.data import data_choice
from nnlab.ui.build.draft import draft, settle
from nnlab.ui.build.opening import file_name
from nnlab.ui.layers.weights import trained_runs
from nnlab.ui.programs import file_stem, program, program_download, remembered
from nnlab.ui.store import run_store
from nnlab.ui.text import _, mark, plain, say
from nnlab.ui.url import query_choice, set_query

_DRAFT = "draft"
_WHAT, _AS = "take-what", "take-as"
_KEPT = "take:file"  # the last file that was made, and what it was made of
_MOST = 256 * 2**20  # bytes of weights that travel through a page

_KINDS = {
    "py": mark("Program"),
    "ipynb": mark("Notebook"),
    "json": mark("Layers"),
    "safetensors": mark("Weights"),
    "onnx": "ONNX",
    "pt2": "torch.export",
}
# How a file is read, given its name and the shape of a batch of one.
_READ = {
    "safetensors": """\
from safetensors.torch import load_file

weights = load_file("{file}")  # for model.load_state_dict, of the class in the program
""",
    "onnx": """\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
images = np.zeros({shape}, np.float32)  # (values in 0 to 1 - {mean}) / {std}
(scores,) = session.run(None, {{"images": images}})
""",
    "pt2": """\
import torch

model = torch.export.load("{file}").module()
images = torch.zeros({shape})  # (values in 0 to 1 - {mean}) / {std}
scores = model(images)
""",
}


def draw() -> None:
    """Draw the part."""
    settle()
    with st.container(horizontal=True, vertical_alignment="bottom", key="take-strip"):
        subject = _subject()
    kind = _kind()
    if kind == "json":
        network = draft() if subject is None else subject.spec.architecture
        _layers(network)
    elif subject is None:
        st.info(_("Choose a dataset to build for: a network is trained on images."), icon=":material/image:")
    elif kind in ("py", "ipynb"):
        _script(subject, kind)
    else:
        _made(subject, kind)


def _subject() -> Subject | None:
    """What is taken; None where there are no images that the network could be trained on."""
    titles = {_DRAFT: _("{name}, as it is built now", name=draft().name), **trained_runs()}
    st.session_state[_WHAT] = query_choice("run", list(titles), _DRAFT)
    chosen = st.selectbox(
        _("Take"), list(titles), key=_WHAT, width=335, on_change=_note, args=("run", _WHAT, _DRAFT),
        format_func=titles.__getitem__,
    )  # fmt: skip
    if chosen != _DRAFT:
        return Subject.of(run_store().open(chosen))
    at = data_choice()
    if not at.is_dataset:
        return None
    recipe = remembered() or RunSpec(at.name, draft())
    return Subject(replace(recipe, dataset=at.name, architecture=draft()))


def _kind() -> str:
    """As what it is taken: the ending of the file."""
    titles = {kind: _(title) for kind, title in _KINDS.items()}
    st.session_state[_AS] = query_choice("as", list(titles), "py")
    st.segmented_control(
        _("As"), list(titles), key=_AS, required=True, label_visibility="collapsed",
        on_change=_note, args=("as", _AS, "py"), format_func=titles.__getitem__,
    )  # fmt: skip
    kind: str = st.session_state[_AS]
    return kind


def _note(name: str, key: str, usual: str) -> None:
    chosen = st.session_state[key]
    set_query(name, None if chosen == usual else chosen)


def _script(subject: Subject, kind: str) -> None:
    script = program(subject)
    if script is None:
        return
    files = program_files if kind == "py" else notebook_files
    program_download(script, files, f".{kind}", f"take-{kind}")
    st.code(script.code(), language="python")


def _layers(network: Architecture) -> None:
    text = network.to_text()
    _download(file_name(network), text.encode())
    st.code(text, language="json")


def _made(subject: Subject, kind: str) -> None:
    """A file that takes a while; how it is read stands below."""
    try:
        if _bytes(subject) > _MOST:
            raise LabError(
                "These are more than {most} MB of weights, too many for a page. On the machine of the lab: "
                "{command}",
                most=_MOST // 2**20, command=f"python -m nnlab export RUN --to FILE.{kind}",
            )  # fmt: skip
        name, content, values = _file(subject, kind)
    except LabError as error:
        st.error(say(error), icon=":material/error:")
        return
    _download(name, content)
    st.code(_READ[kind].format(file=name, **values), language="python")


def _file(subject: Subject, kind: str) -> tuple[str, bytes, dict[str, object]]:
    """Its name and content, and what is known of the images it takes; made once."""
    made_of = (json.dumps(subject.spec.to_json()), subject.run and subject.run.id, kind)
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != made_of:
        with st.spinner(_("Making the file …")):
            model = subject.model()
            info, name = model.info, f"{file_stem(subject.spec)}.{kind}"
            if f".{kind}" in OF_A_MODEL:
                content = export_apart(model, f".{kind}")
            else:
                content = weights_bytes(model.state_dict(), info)
        known: dict[str, object] = {
            "shape": (1, *info.in_shape),
            "mean": _listed(info.mean),
            "std": _listed(info.std),
        }
        kept = st.session_state[_KEPT] = made_of, (name, content, known)
    name, content, known = kept[1]
    return name, content, known


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _bytes(subject: Subject) -> int:
    """Of the weights; raises `LabError` where the network does not fit its data."""
    if subject.run is not None:
        return max((file.stat().st_size for _step, file in subject.run.snapshots()), default=0)
    info = dataset_info(subject.spec.dataset)
    return 4 * sum(row.params for row in subject.spec.architecture.trace(info.shape, len(info.classes)))


def _download(name: str, content: bytes) -> None:
    st.download_button(
        _("Download {file} ({size})", file=plain(name), size=_size(len(content))), content, name,
        "application/octet-stream", key="take-download", type="primary", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MB" if count >= 2**20 else f"{max(1, round(count / 1024))} kB"
