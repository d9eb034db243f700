"""Codex (0.169): one rollout per thread, created at the first prompt; a lock on each thread that a process has open.

A rollout is ``sessions/Y/M/D/rollout-<time>-<id>.jsonl``, in ``archived_sessions`` once archived; a thread without one
cannot be resumed. ``thread-writer-locks/<id>.lock`` outlives its process, so only flock(2) shows its use
(``/proc/locks``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from session_host.system.files import read_regular
from session_host.system.processes import proc

from .base import Availability, ConversationQuery, LookupResult, StoredConversation, stored_conversation
from .listing_files import FileLister, FoundFile, directories_in, files_in
from .records import MAX_BYTES, FileEnds, decoded, last_record, newest_first, records_backwards
from .turns import RecordedText, RecordedTurn, seconds_of, turns_of


class _Content(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Content] = []


class _Payload(msgspec.Struct):
    """Content of a line.

    Attributes:
        item: what was completed.
        message: a prompt, in rollouts of earlier versions.
    """

    type: str = ""
    role: str = ""
    content: list[_Content] = []
    item: _Item | None = None
    message: str = ""


class RolloutLine(msgspec.Struct):
    """A line of a rollout."""

    type: str
    payload: _Payload
    timestamp: object = None


class Codex:
    """Codex's conversations; see the module."""

    variables: Final = ("HOME", "CODEX_HOME")

    @property
    def lister(self) -> FileLister:
        return FileLister(CodexFiles)

    def find(self, query: ConversationQuery) -> LookupResult:
        sessions = home(query) / "sessions"
        if any(rollouts(query)):
            return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(Availability.LOST, f"Codex's transcript is missing from {sessions}")
        return LookupResult(Availability.LOST, f"the conversation is empty, or missing from {sessions}")

    def opened_by(self, query: ConversationQuery) -> list[int]:
        lock = home(query) / "thread-writer-locks" / f"{query.conversation}.lock"
        try:
            inode = lock.stat().st_ino
            lines = read_regular("/proc/locks", MAX_BYTES).decode("ascii", "replace").splitlines()
        except OSError:
            return []  # No process ever had the thread open, or the system does not list locks.
        # "1: FLOCK  ADVISORY  WRITE 1234 08:02:5678 0 EOF"; a waiting lock has "->" before its kind (proc(5)).
        found = [line.split() for line in lines if " FLOCK " in line and "->" not in line]
        pids = {int(words[4]) for words in found if len(words) > 5 and words[5].rpartition(":")[2] == str(inode)}
        # Inode numbers are unique only within one file system.
        return sorted(pid for pid in pids if _has_open(pid, lock))

    def record(self, query: ConversationQuery) -> Path:
        return next(iter(newest_first(rollouts(query))), home(query) / "sessions" / "rollout")

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        for path in newest_first(rollouts(query))[:1]:
            yield from turns_of(_recorded_texts(path, query.most_bytes))


def home(query: ConversationQuery) -> Path:
    """Codex's directory."""
    return query.from_variable("CODEX_HOME", query.home / ".codex")


def rollouts(query: ConversationQuery) -> Iterator[Path]:
    """The rollouts of a thread."""
    for directory in ("sessions/*/*/*", "archived_sessions"):
        yield from query.transcripts_named(home(query), f"{directory}/rollout-*.jsonl", query.conversation)


def _recorded_texts(path: Path, most_bytes: int) -> Iterator[RecordedText]:
    for line in records_backwards(path, RolloutLine, most_bytes):
        match line.type, line.payload:
            case "response_item", _Payload(type="message", role="assistant") as answer:
                yield RecordedText("agent", _text(answer.content))
            case "response_item", _Payload(type=kind) if kind.endswith(("_call", "_call_output")):
                yield RecordedText("agent", "", goes_on=True)
            case "event_msg", _Payload(type="turn_aborted"):
                yield RecordedText("agent", "", stops=True)
            case _ if (prompt := prompt_in(line)) is not None:
                yield RecordedText("user", prompt, seconds_of(line.timestamp))


def prompt_in(line: RolloutLine) -> str | None:
    """The user's prompt in a line; None if it has none."""
    # The messages of the role "user" hold Codex's own notes, too, so the prompt is read from an event.
    match line.type, line.payload:
        case "event_msg", _Payload(type="item_completed", item=_Item(type="UserMessage", content=content)):
            return _text(content)
        case "event_msg", _Payload(type="user_message", message=message):
            return message
    return None


_TURN_EVENTS: Final = frozenset({"task_started", "task_complete", "turn_aborted"})


def is_in_turn(path: Path) -> bool:
    """Whether the thread of a rollout is in a turn.

    Raises:
        OSError, TooFarBack: as ``records.lines_backwards``.
    """
    events = (line.payload.type for line in records_backwards(path, RolloutLine) if line.type == "event_msg")
    return next((event for event in events if event in _TURN_EVENTS), "") == "task_started"


def _text(content: list[_Content]) -> str:
    return "\n\n".join(each.text for each in content if each.text)


def _has_open(pid: int, path: Path) -> bool:
    wanted = os.path.realpath(path)
    return any(target == wanted for _, target in proc.open_files(pid))


_SCRIPTED: Final = "exec"
_MAX_INDEX_BYTES: Final = 1 << 20
_PROMPT_MARK: Final = b'"UserMessage"'


class _Meta(msgspec.Struct):
    id: str
    cwd: str = ""
    source: Any = ""
    thread_source: str | None = ""


class _Named(msgspec.Struct):
    id: str
    thread_name: str


class _FirstLine(msgspec.Struct):
    payload: _Meta
    type: str = ""


class _Context(msgspec.Struct):
    cwd: str


class _ContextLine(msgspec.Struct):
    payload: _Context


class CodexFiles:
    """Lists the threads; see ``FileReader``.

    The first line has the id, the real working directory and the origin of the thread; the last ``turn_context`` has
    the directory in which Codex resumes it. The origin ``exec`` is a command that answers once; a sub-agent's thread
    cannot be resumed alone. Archived threads are left out, as in Codex's own list. ``session_index.jsonl`` has the
    names that users gave to threads.
    """

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query
        self._names = _names(query)

    def files(self) -> Iterable[FoundFile]:
        years = directories_in(home(self._query) / "sessions")
        for month in (month for year in years for month in directories_in(year)):
            for day in directories_in(month):
                yield from files_in(day, ".jsonl")

    def read(self, found: FoundFile) -> StoredConversation | None:
        with FileEnds(found.path) as ends:
            meta = next((line.payload for line in ends.first_records(_FirstLine) if line.type == "session_meta"), None)
            if meta is None or meta.thread_source == "subagent" or isinstance(meta.source, dict):
                return None
            prompt = next((text for line in ends.first_records(RolloutLine) if (text := prompt_in(line))), "")
            last_lines = ends.last_lines()
        last = last_record(last_lines, _PROMPT_MARK, RolloutLine)
        context = last_record(last_lines, b'"turn_context"', _ContextLine)
        directory = context.payload.cwd if context is not None else meta.cwd
        prompts = prompt, (prompt_in(last) or "") if last is not None else ""
        name = self._names.get(meta.id, "")
        return stored_conversation(
            meta.id, directory, name, prompts, found.changed_s, is_scripted=meta.source == _SCRIPTED
        )


def _names(query: ConversationQuery) -> dict[str, str]:
    """The names of threads by their ids; a later one replaces an earlier one."""
    try:
        with FileEnds(home(query) / "session_index.jsonl") as ends:
            lines = ends.last_lines(_MAX_INDEX_BYTES)
    except OSError:
        return {}
    decoder = msgspec.json.Decoder(_Named)
    named = (decoded(decoder, line, _Named) for line in lines)
    return {each.id: each.thread_name for each in named if each is not None}
