"""Gemini CLI (0.61): transcripts by project, which it may delete by itself.

A transcript is ``tmp/<project>/chats/session-<minute>-<first 8 of the id>.jsonl`` below ``.gemini``; Gemini CLI deletes
it at the end if the conversation is empty. ``--resume`` creates a second, empty transcript with the same name except
for the minute. The next Gemini CLI that starts in that project finds it "not resumable" and deletes all files with
these eight characters: the conversation is lost. So Outlive removes such empty transcripts before each start.

While a chat runs, the session's own files have a backup of its transcript, a hard link (``gemini_guard``), from which a
deleted transcript is restored.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from session_host.system.files import append, copy_regular, read_regular

from .base import Availability, ConversationQuery, LookupResult, StoredConversation, stored_conversation
from .listing_files import FileLister, FoundFile, files_in
from .records import MAX_BYTES, FileEnds, decoded, newest_first, records_backwards
from .turns import RecordedText, RecordedTurn, seconds_of, turns_of

_CONTEXT: Final = ("<session_context>", "<hook_context>")
"""Beginnings of messages that Gemini CLI itself sends to the model as the user's."""


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False


class Message(msgspec.Struct, kw_only=True):
    """A message of a transcript."""

    id: str = ""
    type: str = ""
    content: str | _Part | list[_Part | str] | None = ""
    timestamp: object = None
    tool_calls: object = msgspec.field(name="toolCalls", default=None)
    thoughts: object = None

    @property
    def text(self) -> str:
        """The text, without thoughts and tools."""
        parts = self.content if isinstance(self.content, list) else [self.content or ""]
        return "".join(
            part if isinstance(part, str) else part.text for part in parts if isinstance(part, str) or not part.thought
        )

    @property
    def is_resumable(self) -> bool:
        """Whether Gemini CLI resumes a conversation that has this message."""
        text = self.text.strip()
        if self.type == "gemini":
            return bool(text or self.tool_calls or self.thoughts)
        return self.type == "user" and bool(text) and not text.startswith(NOT_RESUMED)


class _Change(msgspec.Struct):
    """The change ``$set``, which may replace all earlier messages."""

    messages: list[Message] | None = None


class Record(Message, kw_only=True):
    """A line: a message, which is written again as it grows, or a change.

    ``$rewindTo`` drops the messages from an id on.
    """

    change: _Change | None = msgspec.field(name="$set", default=None)
    rewound_to: str = msgspec.field(name="$rewindTo", default="")

    @property
    def replacing(self) -> list[Message]:
        """The messages that replace all earlier ones."""
        return (self.change.messages if self.change is not None else None) or []


def recorded_texts(path: Path, most_bytes: int = MAX_BYTES) -> Iterator[RecordedText]:
    """Yield the texts of a transcript, the newest first.

    Raises:
        OSError, TooFarBack: see ``records_backwards``.
    """
    for message in _current_messages(records_backwards(path, Record, most_bytes)):
        text = message.text
        if message.type == "gemini":
            yield RecordedText("agent", text, goes_on=bool(message.tool_calls))
        elif message.type == "user" and text.strip() and not text.startswith(_CONTEXT):
            yield RecordedText("user", text, seconds_of(message.timestamp))


def _current_messages(records: Iterable[Record]) -> Iterator[Message]:
    """The messages that are still part of the conversation, the newest first."""
    seen: set[str] = set()
    dropped_from = ""
    for record in records:
        dropped_from = dropped_from or record.rewound_to
        whole = record.change.messages if record.change is not None else None
        for message in [record] if whole is None else reversed(whole):
            if message.id in seen:
                continue
            if message.id:
                seen.add(message.id)
            if not dropped_from:
                yield message
            elif message.id == dropped_from:
                dropped_from = ""
        if whole is not None:
            return


_MAX_EMPTY_TRANSCRIPT_BYTES = 64 * 1024
NOT_RESUMED = ("/", "?", *_CONTEXT)
"""Beginnings of messages that Gemini CLI does not count: its own context for the model, and commands."""


class Gemini:
    """Gemini CLI's conversations; see the module."""

    variables: Final = ("HOME", "GEMINI_CLI_HOME")

    @property
    def lister(self) -> FileLister:
        return FileLister(GeminiFiles)

    def find(self, query: ConversationQuery) -> LookupResult:
        paths = transcripts_of(query)
        if any(has_words(path) for path in [*paths, *backups(query.files, query.conversation)]):
            return LookupResult(Availability.WHOLE)
        if query.used:
            return LookupResult(
                Availability.LOST, f"Gemini CLI's transcript is missing from {home_of(query.environment) / 'tmp'}"
            )
        return LookupResult(Availability.NOTHING, "the conversation is empty")

    def opened_by(self, query: ConversationQuery) -> list[int]:  # noqa: ARG002 - no file names them
        return []

    def record(self, query: ConversationQuery) -> Path:
        return next(iter(newest_first(transcripts_of(query))), home_of(query.environment) / "tmp" / "project")

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        for path in newest_first([*transcripts_of(query), *backups(query.files, query.conversation)]):
            turn = None
            for turn in turns_of(recorded_texts(path, query.most_bytes)):
                yield turn
            if turn is not None:
                return  # The others are empty, or the same under another name.

    def before_start(self, query: ConversationQuery) -> None:
        """Restore transcripts that Gemini CLI deleted, and remove empty duplicates: it would delete others, too."""
        for chats in chats_directories(query.environment):
            by_id: dict[str, list[Path]] = defaultdict(list)
            for path in chats.glob("session-*-*.jsonl"):
                by_id[path.stem.rpartition("-")[2]].append(path)
            for paths in by_id.values():
                empty = [path for path in paths if len(paths) > 1 and not has_words(path)]
                if len(empty) < len(paths):
                    _remove(empty)
        if not query.conversation:
            return
        if not any(has_words(path) for path in transcripts_of(query)):
            # Gemini CLI cannot resume an empty conversation, and cannot begin one with the same id.
            _remove(transcripts_of(query))
            for backup in backups(query.files, query.conversation):
                original = original_path(backup, query.environment)
                if original is not None and has_words(backup):
                    _restore(backup, original)


# ---------------------------------------------------------------------------- paths of transcripts


def home_of(environment: Mapping[str, str]) -> Path:
    """Gemini CLI's directory."""
    return Path(environment.get("GEMINI_CLI_HOME") or environment.get("HOME") or Path.home()) / ".gemini"


def chats_directories(environment: Mapping[str, str]) -> list[Path]:
    """The directories of transcripts, one per project."""
    return sorted(home_of(environment).glob("tmp/*/chats"))


def transcripts(environment: Mapping[str, str]) -> Iterator[Path]:
    """All transcripts of all projects."""
    for chats in chats_directories(environment):
        yield from chats.glob("session-*.jsonl")


def transcripts_of(query: ConversationQuery) -> list[Path]:
    """The transcripts of a conversation."""
    home = home_of(query.environment)
    found = query.transcripts_named(home, "tmp/*/chats/session-*.jsonl", query.conversation[:8])
    return [path for path in found if conversation_in(path) == query.conversation]


def backup_name(conversation: str, path: Path) -> str:
    """The file name of a transcript's backup among a session's own files."""
    return f"{conversation}.{path.parent.parent.name}.{path.name}"


def backups(directory: Path, conversation: str) -> list[Path]:
    """The backups of a conversation's transcripts."""
    return sorted(directory.glob(f"{conversation}.*.session-*.jsonl"))


def original_path(backup: Path, environment: Mapping[str, str]) -> Path | None:
    """The path of the transcript that a backup belongs to; None if it is not a backup's name."""
    project, mark, rest = backup.name.partition(".")[2].rpartition(".session-")
    return home_of(environment) / "tmp" / project / "chats" / f"session-{rest}" if mark else None


# ------------------------------------------------------------------------------ contents of transcripts


def conversation_in(path: Path) -> str:
    """The conversation id in a transcript's first record; "" if it has none."""
    try:
        with FileEnds(path) as ends:
            head = ends.first_bytes(_MAX_EMPTY_TRANSCRIPT_BYTES)
        record = json.loads(head.partition(b"\n")[0])
        conversation = record.get("sessionId")
    except (OSError, ValueError, RecursionError, AttributeError):
        return ""
    return conversation if isinstance(conversation, str) else ""


def has_words(path: Path) -> bool:
    """Whether a transcript has messages that Gemini CLI resumes; an unreadable format counts as having some."""
    try:
        if path.stat().st_size > _MAX_EMPTY_TRANSCRIPT_BYTES:
            return True
        lines = read_regular(path, _MAX_EMPTY_TRANSCRIPT_BYTES).splitlines()
        records = [msgspec.json.decode(line, type=Record) for line in lines if line.strip()]
        return any(message.is_resumable for record in records for message in (record, *record.replacing))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError):
        return True


MAX_COPIED_BYTES: Final = 1 << 30
"""The largest transcript that is copied."""


def _restore(backup: Path, original: Path) -> None:
    """Restore a transcript from its backup, and append what was written at its path since its deletion."""
    original.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    since = read_regular(original, MAX_BYTES) if original.exists() else b""
    unfinished = original.with_name(f".{original.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    copy_regular(backup, unfinished, MAX_COPIED_BYTES)
    shutil.copystat(backup, unfinished)
    append(unfinished, since)
    unfinished.replace(original)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


_MAX_PATH_BYTES: Final = 4096


class _FirstLine(msgspec.Struct, rename="camel"):
    session_id: str
    project_hash: str = ""
    kind: str = "main"


class GeminiFiles:
    """Lists the conversations, without those of sub-agents; see ``FileReader``.

    A project's directory names the real working directory in ``.project_root``, and the first line its hash.
    """

    def __init__(self, query: ConversationQuery) -> None:
        self._query = query

    def files(self) -> Iterable[FoundFile]:
        here = os.path.realpath(self._query.directory)
        for chats in chats_directories(self._query.environment):
            yield from files_in(chats, ".jsonl", is_here=_root(chats.parent) == here)

    def read(self, found: FoundFile) -> StoredConversation | None:
        with FileEnds(found.path) as ends:
            first = next(ends.first_records(_FirstLine), None)
            if first is None or first.kind != "main":
                return None
            prompt = next((text for each in ends.first_records(Record) for text in _prompts(each)), "")
            last_lines = (line for line in reversed(ends.last_lines()) if b'"user"' in line)
            decoder = msgspec.json.Decoder(Record)
            last_records = (record for line in last_lines if (record := decoded(decoder, line, Record)) is not None)
            last_prompt = next((text for each in last_records for text in reversed(_prompts(each))), "")
        root = _root(found.path.parent.parent)
        directory = root if hashlib.sha256(root.encode(errors="replace")).hexdigest() == first.project_hash else ""
        return stored_conversation(first.session_id, directory, "", (prompt, last_prompt), found.changed_s)


def _prompts(record: Record) -> list[str]:
    """The prompts of a message, or of all messages that a line puts in the place of the previous ones."""
    messages = record.replacing or [record]
    texts = [message.text.strip() for message in messages if message.type == "user"]
    return [text for text in texts if text and not text.startswith(NOT_RESUMED)]


def _root(project: Path) -> str:
    try:
        with FileEnds(project / ".project_root") as ends:
            return ends.first_bytes(_MAX_PATH_BYTES).decode(errors="replace").strip("\n")
    except OSError:
        return ""
