"""What the browser is sent while a page is still being drawn and somebody already uses a part of it.

Streamlit then throws away what it has not sent of that fragment, and sends the rest. Where a fragment lies
inside another, that rest may have no place any more, and the page ends with an error. So the queue of
messages of every page is cut at every place, as a busy machine does, and what is left must still fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from datasets_page import show_page
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from nnlab.ui.build import PARTS as BUILD
from nnlab.ui.datasets.parts import PARTS as DATASETS
from nnlab.ui.draw.desk import VIEWS
from nnlab.ui.navigation import page_files

# The parts of each Learn page, which is drawn by the package of its name.
LEARN = {
    file.path.stem: list(import_module(f"nnlab.ui.learn.{file.path.stem}").PARTS)
    for file in page_files() if file.section == "Learn"
}  # fmt: skip
PAGES = [
    ("home", {}), ("train", {}), ("draw", {}), ("draw", {"from": "photo"}),
    *(("draw", {"from": "sample", "part": view}) for view in VIEWS),
    *((page, {"part": part}) for page, parts in LEARN.items() for part in parts),
    *(("datasets", {"part": part, "dataset": "strokes"}) for part in DATASETS),
    *(("layers", {"part": part}) for part in ("layer", "network", "sequences", "losses")),
    *(("build", {"part": part}) for part in BUILD),
]  # fmt: skip


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ForwardMsg]:
    """The messages of the last run of a page."""
    found: list[ForwardMsg] = []
    forward = LocalScriptRunner.forward_msgs

    def noted(runner: LocalScriptRunner) -> list[ForwardMsg]:
        found[:] = forward(runner)
        return found

    monkeypatch.setattr(LocalScriptRunner, "forward_msgs", noted)
    return found


def interrupted(sent: list[ForwardMsg]) -> Iterator[tuple[str, list[ForwardMsg]]]:
    """What arrives where a fragment is used while some of `sent` has not been sent, and which one it is."""
    used: set[str] = set()
    for at, message in enumerate(sent, 1):
        if message.HasField("delta") and message.delta.fragment_id:
            used.add(message.delta.fragment_id)
        for fragment in used:
            queue = ForwardMsgQueue()
            for rest in sent[at:]:
                queue.enqueue(rest)
            queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=[fragment])
            yield fragment, [*sent[:at], *queue.flush()]


def misplaced(messages: list[ForwardMsg]) -> list[int] | None:
    """The first place that has nothing before it, or no block around it."""
    children: dict[tuple[int, ...], int] = {(0,): 0, (1,): 0, (2,): 0, (3,): 0}
    for message in messages:
        if not message.HasField("delta"):
            continue
        *parent, index = message.metadata.delta_path
        if index > children.get(tuple(parent), -1):
            return list(message.metadata.delta_path)
        children[tuple(parent)] = max(children[tuple(parent)], index + 1)
        if message.delta.WhichOneof("type") == "add_block":
            children.setdefault((*parent, index), 0)
    return None


@pytest.mark.parametrize(
    ("page", "query"), PAGES, ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else value
)
def test_a_page_that_is_used_while_it_is_drawn_stays_whole(
    page: str, query: dict[str, str], sent: list[ForwardMsg]
) -> None:
    assert not show_page(page, query).exception
    assert misplaced(sent) is None
    for fragment, arrived in interrupted(sent):
        assert misplaced(arrived) is None, fragment
