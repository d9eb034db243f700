"""opencode (1.18): all conversations in one SQLite file, ``opencode.db`` in its data directory, without locks.

opencode's terminal title is ``OC | `` and the conversation's title; a title of more than 40 characters is cut to 37 and
an ellipsis. While the conversation has no title, the terminal title is ``OpenCode``.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Final

from session_host.protocol.untrusted_numbers import time_ms

from .base import (
    MAX_LISTED,
    Availability,
    ConversationQuery,
    IsCancelled,
    LookupResult,
    StoredConversation,
    StoredConversations,
    clean,
)
from .turns import RecordedText, RecordedTurn, turns_of

TIMEOUT_S = 1.0
"""How long to wait for a busy file."""

_SHORT_TIMEOUT_S = 0.1
"""The timeout for a host, which must not block."""

_TEXTS = (
    "SELECT message.id, json_extract(message.data, '$.role'), coalesce(json_extract(part.data, '$.text'), ''),"
    " message.time_created,"
    " coalesce(json_extract(message.data, '$.finish'), json_extract(message.data, '$.error.name'))"
    " FROM message JOIN part ON part.message_id = message.id"
    " WHERE message.session_id = ? AND json_extract(part.data, '$.type') IN ('text', 'tool')"
    " AND NOT coalesce(json_extract(part.data, '$.synthetic'), json_extract(part.data, '$.ignored'), 0)"
    " AND json_extract(message.data, '$.summary') IS NOT 1"  # A compaction's; a prompt's summary is an object.
    " ORDER BY message.time_created DESC, message.id DESC, part.id DESC"
)

_TITLE_MARK = "OC | "
_LONGEST_WHOLE = 40
_CUT_CHARACTERS = 37


class OpenCode:
    """opencode's conversations; see the module."""

    variables: Final = ("HOME", "XDG_DATA_HOME", "OPENCODE_DB")

    @property
    def lister(self) -> OpenCodeDatabase:
        return OpenCodeDatabase()

    def find(self, query: ConversationQuery) -> LookupResult:
        path = database(query)
        if not path.exists():
            return LookupResult(Availability.LOST, f"opencode's database is missing: {path}")
        try:
            rows = _rows(path, query.conversation)
        except sqlite3.Error:
            return LookupResult(Availability.UNKNOWN)  # The file is of another version, or busy.
        return (
            LookupResult(Availability.WHOLE)
            if rows
            else LookupResult(Availability.LOST, f"the conversation is missing from {path}")
        )

    def opened_by(self, query: ConversationQuery) -> list[int]:  # noqa: ARG002 - no file names them
        return []

    def record(self, query: ConversationQuery) -> Path:
        return database(query)

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        if database(query).exists():
            try:
                yield from turns_of(_recorded_texts(database(query), query.conversation))
            except sqlite3.Error as error:
                raise OSError(str(error)) from error


def titled(query: ConversationQuery, terminal_title: str, since_s: float) -> str:
    """The id of the conversation in the directory with this terminal title.

    Other chats can work on conversations of the same title, so that one of several was changed lately proves nothing.

    Args:
        query: the query that leads to the conversations; its id is that of the conversation so far, "" if unknown.
        terminal_title: the title that opencode has set.
        since_s: when the chat began, in seconds since 1970. If several conversations match and none is known yet, the
            only one that was created since then counts.

    Returns:
        "" if there is none, or several match, or the file cannot be read. The conversation so far, if it is among them.
    """
    mark, title = terminal_title[: len(_TITLE_MARK)], terminal_title[len(_TITLE_MARK) :]
    path = database(query)
    if mark != _TITLE_MARK or not title or not path.exists():
        return ""
    is_cut = len(title) == _CUT_CHARACTERS + 1 and title.endswith("…")
    wanted = title[:-1] if is_cut else title
    question = (
        "SELECT id, time_created >= ? FROM session WHERE parent_id IS NULL AND directory IN (?, ?)"
        " AND (title = ? OR (? AND length(title) > ? AND substr(title, 1, ?) = ?))"
    )
    directories = (query.directory, os.path.realpath(query.directory))
    given = (int(since_s * 1000), *directories, title, is_cut, _LONGEST_WHOLE, _CUT_CHARACTERS, wanted)
    try:
        with opened(path, _SHORT_TIMEOUT_S) as connection:
            rows = connection.execute(question, given).fetchall()
    except sqlite3.Error:
        return ""  # The file is of another version, or busy.
    if query.conversation in [row[0] for row in rows]:
        return query.conversation
    if len(rows) > 1:
        rows = [row for row in rows if row[1] and not query.conversation]
    return str(rows[0][0]) if len(rows) == 1 else ""


def database(query: ConversationQuery) -> Path:
    """The path of opencode's SQLite file."""
    data = query.from_variable("XDG_DATA_HOME", query.home / ".local" / "share")
    return data / "opencode" / (query.environment.get("OPENCODE_DB") or "opencode.db")


def opened(path: Path, timeout_s: float) -> closing[sqlite3.Connection]:
    """Open the file for reading, as a context manager; wait up to ``timeout_s`` while another process locks it.

    Raises:
        sqlite3.Error: the file is of another version, damaged or busy.
    """
    # SQLite would wait for the other end of a pipe.
    beside = (path.with_name(f"{path.name}{ending}") for ending in ("", "-wal", "-shm", "-journal"))
    if in_the_way := next((each for each in beside if each.exists() and not each.is_file()), None):
        raise sqlite3.OperationalError(f"{in_the_way} is not a file")
    # Without a log no process writes to the file; a connection would create an empty log, and leave it there.
    is_idle = not path.with_name(f"{path.name}-wal").exists()
    mode = "mode=ro&immutable=1" if is_idle else "mode=ro"
    return closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=timeout_s))


def _rows(path: Path, conversation: str) -> list[tuple[int]]:
    with opened(path, TIMEOUT_S) as connection:
        return connection.execute("SELECT 1 FROM session WHERE id = ?", (conversation,)).fetchall()


def _recorded_texts(path: Path, conversation: str) -> Iterator[RecordedText]:
    with opened(path, TIMEOUT_S) as connection:
        rows = connection.execute(_TEXTS, (conversation,))
        for (_, role), parts in groupby(rows, key=lambda row: row[:2]):
            said = [(str(text), created_ms, end) for _, _, text, created_ms, end in parts]
            text = "\n\n".join(text for text, _, _ in reversed(said) if text)
            _, created_ms, end = said[0]
            if end == "MessageAbortedError":
                yield RecordedText("agent", "", stops=True)
            goes_on = end == "tool-calls"
            yield RecordedText("user" if role == "user" else "agent", text, _seconds(created_ms), goes_on)


def _seconds(created_ms: object) -> float:
    """A time of the file, in seconds since 1970; 0 for anything else: a column of SQLite may hold any type."""
    return (time_ms(created_ms) or 0) / 1000


_TEXT_OF: Final = (
    "(SELECT substr(json_extract(part.data, '$.text'), 1, 1200) FROM message JOIN part ON part.message_id = message.id"
    " WHERE message.session_id = session.id AND json_extract(message.data, '$.role') = 'user'"
    " AND json_extract(part.data, '$.type') = 'text'"
    " AND NOT coalesce(json_extract(part.data, '$.synthetic'), json_extract(part.data, '$.ignored'), 0)"
    " ORDER BY message.time_created {order}, message.id {order}, part.id LIMIT 1)"
)
_LIST: Final = (
    f"SELECT id, directory, title, time_updated, {_TEXT_OF.format(order='ASC')}, {_TEXT_OF.format(order='DESC')}"  # noqa: S608
    " FROM session WHERE parent_id IS NULL AND time_archived IS NULL ORDER BY time_updated DESC LIMIT ?"
)

_UNTITLED: Final = re.compile(r"New session - \d{4}-.*")
"""opencode's title until its model has given one."""


class OpenCodeDatabase:
    """Lists the conversations, with the first and the last prompt of each; see ``ConversationLister``."""

    def list(self, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
        path = database(query)
        if not path.exists():
            return StoredConversations([], has_older=False)
        conversations: list[StoredConversation] = []
        has_older = False
        try:
            with opened(path, TIMEOUT_S) as connection:
                # Undecodable text is shown with replacement characters.
                connection.text_factory = lambda data: data.decode(errors="replace")
                for number, row in enumerate(connection.execute(_LIST, (MAX_LISTED + 1,))):
                    has_older = number == MAX_LISTED
                    if has_older or is_cancelled():
                        break
                    if (conversation := _conversation(row)) is not None:
                        conversations.append(conversation)
        except sqlite3.Error as error:
            if not conversations:
                raise OSError(f"{path}: {error}") from error
        return StoredConversations(conversations, has_older)


def _conversation(row: tuple[object, ...]) -> StoredConversation | None:
    conversation, directory, title, changed_ms, prompt, last_prompt = row
    if not isinstance(prompt, str) or not prompt.strip():
        return None
    own = str(title or "")
    shown = prompt if not own.strip() or _UNTITLED.fullmatch(own) else own
    last = last_prompt if isinstance(last_prompt, str) else ""
    return StoredConversation(str(conversation), str(directory or ""), clean(shown), clean(last), _seconds(changed_ms))
