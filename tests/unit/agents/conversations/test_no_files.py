"""What is no file of an agent, in the place of each of its files: a pipe, an endless device, a file without an end."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from session_host.agents.conversations import codex, gemini, opencode, qwen
from session_host.agents.conversations.base import Availability, ConversationQuery
from session_host.agents.conversations.counting.counting import count
from session_host.agents.conversations.earlier_items import earlier_items
from session_host.agents.conversations.gemini_guard import TranscriptGuard
from session_host.agents.conversations.records import LARGEST_BYTES, TooFarBack, has_text
from session_host.agents.conversations.stores import (
    STORES,
    before_start,
    directory_of,
    find_conversation,
    list_stored,
    opened_by,
    record_path,
    turns_in,
)
from session_host.agents.session_files import copy_conversation_files
from session_host.errors import LaunchFailed
from session_host.host.watchers.conversation import ConversationTracker, TranscriptWatcher
from session_host.paths import endpoint_conversation
from session_host.protocol.launch import Watch
from session_host.protocol.values import Activity
from session_host.system.files import open_regular
from tests.support.session_harness import spec_of
from tests.unit.agents.conversations.test_turns import PLACES

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
GEMINI_NAME = f"session-2026-11-22T12-47-{ID[:8]}.jsonl"
FILES = {
    **{name: (place.format(id=ID, short=ID[:8]),) for name, place in PLACES.items()},
    "aider": (f"files/{ID}.md",),
    "opencode": tuple(f".local/share/opencode/opencode.db{ending}" for ending in ("", "-wal", "-shm", "-journal")),
}
MORE_FILES = {
    "claude": (".claude/sessions/1.json",),
    "codex": (".codex/session_index.jsonl", f".codex/thread-writer-locks/{ID}.lock"),
    "copilot": (f".copilot/session-state/{ID}/workspace.yaml", f".copilot/session-state/{ID}/inuse.1.hold"),
    "endpoint": (),
    "gemini": (".gemini/tmp/project/.project_root", f"files/{ID}.project.{GEMINI_NAME}"),
    "qwen": (".qwen/sessions/1.json", f".qwen/projects/p/subagents/{ID}/agent-1.meta.json"),
}
PLACED = [(store, file) for store in STORES for file in (*FILES.get(store, ("",)), *MORE_FILES.get(store, ()))]
"""Each file that is read of each store; "" for the one in Outlive's own directory."""

Maker = Callable[[Path], object]


def sparse(path: Path) -> None:
    """Make a file of 100 GB, which takes no disk space."""
    with path.open("wb") as file:
        file.truncate(100 << 30)


NO_FILES: dict[str, Maker] = {
    "a pipe": os.mkfifo,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a directory": Path.mkdir,
    "100 GB": sparse,
    "a file without an end": lambda path: os.truncate(_touched(path), LARGEST_BYTES),
}

pytestmark = pytest.mark.timeout(20)


def _touched(path: Path) -> Path:
    path.touch()
    return path


@pytest.fixture(params=NO_FILES)
def put(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    """Puts what is no file to a path below the home, and returns the path."""

    def make(place: str) -> Path:
        path = tmp_path / place if place else endpoint_conversation(ID)
        path.parent.mkdir(parents=True, exist_ok=True)
        NO_FILES[request.param](path)
        return path

    return make


def query_in(home: Path) -> ConversationQuery:
    return ConversationQuery(ID, "/home/user/project", {"HOME": str(home)}, home / "files", used=True)


def open_descriptors() -> int:
    gc.collect()  # What earlier tests have left may be open until then.
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number


@pytest.mark.parametrize(("store", "place"), PLACED)
def test_nothing_waits_for_what_is_no_file_in_an_agents_home(
    store: str, place: str, put: Callable[[str], Path], tmp_path: Path
) -> None:
    path, query, before = put(place), query_in(tmp_path), open_descriptors()
    asks: tuple[Callable[[], object], ...] = (
        lambda: find_conversation(store, query),
        lambda: opened_by(store, query),
        lambda: record_path(store, query),
        lambda: list(turns_in(store, query)),
        lambda: list_stored(store, query, lambda: False),
        lambda: directory_of(store, query),
        lambda: count(store, query, {1: 1e9}, 1, 2e9),
        lambda: earlier_items(store, query),
        lambda: before_start(store, query),
        lambda: opencode.titled(query, "OC | title", 0),
        lambda: codex.is_in_turn(path),
        lambda: gemini.has_words(path),
        lambda: has_text(path, re.compile(b"user")),
        lambda: qwen.running_sub_agents(path.parent),
    )
    for ask in asks:
        with suppress(OSError, TooFarBack):
            ask()
    assert open_descriptors() == before


@pytest.mark.parametrize("store", ["claude", "copilot", "aider", "gemini", "qwen"])
def test_a_chat_is_not_resumed_with_what_is_no_file(store: str, put: Callable[[str], Path], tmp_path: Path) -> None:
    put(FILES[store][0])
    assert find_conversation(store, query_in(tmp_path)).availability is not Availability.WHOLE


async def test_the_guard_leaves_what_is_no_transcript_alone(put: Callable[[str], Path], tmp_path: Path) -> None:
    chats = tmp_path / ".gemini" / "tmp" / "project" / "chats"
    path = put(f".gemini/tmp/project/chats/{GEMINI_NAME}")
    whole = chats / f"session-2026-11-22T12-48-{ID[:8]}.jsonl"
    content = f'{{"sessionId":"{ID}"}}\n{{"type":"user","content":"hi"}}\n'
    whole.write_text(content)
    guard = TranscriptGuard(ID, {"HOME": str(tmp_path)}, tmp_path / "files")
    guard.start()
    try:
        backup = tmp_path / "files" / f"{ID}.project.{whole.name}"
        assert backup.samefile(whole)
        whole.unlink()
        path.rename(whole)
        guard.relink()
        guard.ended()
    finally:
        guard.close()

    assert backup.read_text() == content
    assert os.path.lexists(whole)


async def test_a_turns_scan_does_not_wait_for_what_is_no_transcript(put: Callable[[str], Path], tmp_path: Path) -> None:
    spec = spec_of(env={"HOME": str(tmp_path)}, watch=Watch(transcripts="gemini"))
    conversation = ConversationTracker("", spec.watch, None, lambda _: None)
    watcher = TranscriptWatcher(spec, conversation, lambda: None)
    watcher.start()
    put(f".gemini/tmp/project/chats/{GEMINI_NAME}")
    watcher.activity_changed(Activity.IDLE)
    watcher.finish()

    assert conversation.id == ""


@pytest.mark.parametrize("bytes_", [0, 1, 5])
def test_a_file_is_opened_up_to_its_largest_size(bytes_: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345"[:bytes_])
    with open_regular(tmp_path / "file", 5) as file:
        assert file.read() == b"12345"[:bytes_]
    with pytest.raises(OSError, match="too large"):
        open_regular(tmp_path / "file", bytes_ - 1)


def test_a_chat_that_is_resumed_copies_nothing_that_is_no_file(put: Callable[[str], Path], tmp_path: Path) -> None:
    path = put(f"files/{ID}.md")
    is_too_large = path.is_file() and not path.is_symlink()
    with pytest.raises(LaunchFailed, match="File too large") if is_too_large else nullcontext():
        copy_conversation_files(ID, path.parent, tmp_path / "new")
    assert not (tmp_path / "new" / path.name).exists()
