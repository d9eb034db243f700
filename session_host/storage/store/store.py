"""The store's operations: add, update, find and remove sessions; keep the window's layout."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from msgspec.structs import replace

from session_host.errors import (
    AlreadyContinued,
    AmbiguousSession,
    NameTaken,
    NoSuchSession,
    StoreError,
    StoreIncomplete,
)
from session_host.protocol.events import Ended, Missed, Removed, Renamed, Started, Woke, kind_of
from session_host.protocol.facts import INTERRUPTED, NOT_RUNNING, SLEEP, UNSTARTED, ChatFacts, LaterPrompt, Outcome
from session_host.protocol.shown_command import shown_command
from session_host.protocol.values import RUNNING_STATES, State

from . import copies, database, moved_aside
from .database import FILE_TRIES, Database, damaged, directory_lock, is_sound
from .ledger import Ledger, LedgerEntry, Position, add_end, add_event, is_known, last_position, last_status
from .session_row import COLUMNS, FIELDS, INSERTED, from_row, meant, to_column, to_row
from .usage import UsageTable

_RUNNING = f"({', '.join(repr(state.value) for state in sorted(RUNNING_STATES))})"
"""The states of a running session, as a part of a statement (S608: made of literals)."""
_ASLEEP = f"(state = 'exited' AND end_request = '{SLEEP}' AND continued_by IS NULL)"
_NAMED = f"(state IN {_RUNNING} OR {_ASLEEP})"
"""What is so of a session whose name no other may have: it runs, or it is asleep."""
_NAMES_FILES = "EXISTS (SELECT 1 FROM json_each(files_in) WHERE value = ?1)"
_COMPLETE = 0x4F75744C
"""SQLite's ``application_id`` ("OutL"), set once the file has all chats that ran when the file was made."""
_RECENT_DIRECTORIES_KEPT = 50


def _is_complete(connection: sqlite3.Connection) -> bool:
    """Whether the file has all chats that ran when it was made."""
    (number,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(number == _COMPLETE)


def _check_complete(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file has all chats that ran when it was made.

    Raises:
        StoreIncomplete: it may lack some.
    """
    if not _is_complete(connection):
        raise StoreIncomplete(f"{path}: new, and still without the running chats; try again")


def _check_name(connection: sqlite3.Connection, session_id: str, name: str, resumed: str | None = None) -> None:
    """Check that no other session that runs or is asleep has a name, but the one that this one resumes.

    Raises:
        NameTaken: one has.
    """
    query = f"SELECT id FROM session WHERE name = ? AND id NOT IN (?, ?) AND {_NAMED}"  # noqa: S608
    if other := connection.execute(query, (name, session_id, resumed or "")).fetchone():
        raise NameTaken(f"a running chat is already named {name!r} ({other[0][:8]}); choose another name")


def _insert_row(connection: sqlite3.Connection, record: ChatFacts, path: Path, *, replaces: bool = False) -> None:
    """Add a row, or replace the session's own; note its directory; let it take the place of the session it resumes.

    Raises:
        AlreadyContinued: the resumed session was continued already.
        StoreError: the id exists already.
    """
    if record.origin.resumed_from is not None:
        record = _take_place(connection, record)
    try:
        connection.execute(f"INSERT {'OR REPLACE ' * replaces}{INSERTED}", to_row(record))
    except sqlite3.IntegrityError as error:
        raise StoreError(f"{path}: cannot save chat {record.id} ({error})") from error
    if record.outcome.state is State.STARTING:  # A chat that is added after a loss of the file started long ago.
        origin = record.origin
        started = Started(
            agent=origin.agent, directory=origin.cwd, resumed_from=origin.resumed_from, account=origin.account
        )
        add_event(connection, record.id, started)
    if record.origin.resumed_from is not None:
        _continue(connection, record)
    if record.origin.handed_from:
        connection.execute(
            "UPDATE session SET handed_to = ?, handed_at = ? WHERE id = ?",
            (record.id, record.origin.created_at, record.origin.handed_from),
        )
    # A worktree is removed with its chat; its maker notes the directory that it was made from.
    if record.origin.worktree is None:
        _note_directory(connection, record.origin.cwd)


def _with_short_name(record: ChatFacts) -> ChatFacts:
    """The facts with the name of a shell as it is now: name and title of version 0.1.0 had the whole command line."""
    if record.origin.agent != "shell":
        return record
    entry = replace(record.entry, topic=shown_command(record.entry.topic.split()))
    return replace(record, entry=entry, program=replace(record.program, title=""))


def _copy_shells(path: Path, connection: sqlite3.Connection) -> None:
    """Save the copies of the rows of shells again, since their names were shortened."""
    for row in connection.execute(f"SELECT {COLUMNS} FROM session WHERE agent = 'shell'"):  # noqa: S608
        with contextlib.suppress(ValueError, TypeError):  # A reader of the row reports this.
            copies.save_row(path, from_row(row))


def _take_place(connection: sqlite3.Connection, record: ChatFacts) -> ChatFacts:
    """Take over what only one of two chats has from the one that this one resumes; returns the new facts.

    That is the pin, the position, and the prompt that is to be sent at a time, which the new chat's host has already.
    Both have the time since when their place in lists is theirs.
    """
    before = "SELECT coalesce(nullif(began_at, ''), created_at) FROM session WHERE id = ?"
    if began := connection.execute(before, (record.origin.resumed_from,)).fetchone():
        record = replace(record, entry=replace(record.entry, began_at=began[0]))
    columns = "pinned, position, later"
    query = f"SELECT {columns} FROM session WHERE id = ? AND ({columns}) IS NOT (0, NULL, 'null')"  # noqa: S608
    if found := connection.execute(query, (record.origin.resumed_from,)).fetchone():
        taken = f"UPDATE session SET ({columns}) = (0, NULL, 'null') WHERE id = ?"  # noqa: S608
        connection.execute(taken, (record.origin.resumed_from,))
        return replace(record, entry=replace(record.entry, pinned=bool(found[0]), position=found[1]))
    return record


def _continue(connection: sqlite3.Connection, record: ChatFacts) -> None:
    """Mark a session as continued; raises if another chat already continues it."""
    done = connection.execute(
        "UPDATE session SET continued_by = ? WHERE id = ? AND (continued_by IS NULL OR continued_by = ?)"
        " RETURNING state = ? AND end_request = ?",
        (record.id, record.origin.resumed_from, record.id, State.EXITED.value, SLEEP),
    ).fetchall()
    if done:
        if done[0][0]:
            add_event(connection, str(record.origin.resumed_from), Woke(continued_by=record.id))
        return
    row = connection.execute("SELECT continued_by FROM session WHERE id = ?", (record.origin.resumed_from,)).fetchone()
    if row is not None:
        words = f"{record.entry.name}: this conversation already continues in {row[0]}; attach to that chat"
        raise AlreadyContinued(words)


def _note_directory(connection: sqlite3.Connection, path: str) -> None:
    """Note that a session was started from this directory."""
    connection.execute(
        "INSERT OR REPLACE INTO recent_directory (path, used)"
        " VALUES (?, (SELECT coalesce(max(used), 0) + 1 FROM recent_directory))",
        (path,),
    )
    connection.execute(
        "DELETE FROM recent_directory WHERE used <= (SELECT max(used) - ? FROM recent_directory)",
        (_RECENT_DIRECTORIES_KEPT,),
    )


# Statements are put together from the names of columns and from literals of this file (S608); every value is bound.
_ORDER = "ORDER BY ordinal"
"""The order of starts. By ``created_at`` it would change with a clock that was set."""

_END_FIELDS = frozenset({"state", "exit_code", "exit_signal", "end_request", "error", "ended_at", "freed_bytes"})


class Changes(NamedTuple):
    """The sessions that were changed after a place.

    Attributes:
        position: the place after the changes.
        changed: the changed and new sessions, oldest first.
        removed: the ids of those that were removed; None if ``changed`` are all sessions that there are.
    """

    position: Position
    changed: list[ChatFacts]
    removed: list[str] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was changed."""
        return not self.changed and self.removed == []


class ChangedChats(NamedTuple):
    """The chats of which something has changed after a place: the record, or something happened in them.

    Attributes:
        position: the place after the changes.
        ids: their ids, also of removed ones; None if all chats must be read again.
    """

    position: Position
    ids: list[str] | None

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self.ids == []


class Store:
    """The open store; several processes may have it open at once. Not for use by several threads.

    Attributes:
        ledger: the events of all sessions.
        usage: what turns used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ledger, self.usage = Ledger(database), UsageTable(database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, creating the file and its directory if need be.

        Raises:
            StoreCorrupt: the file is damaged; ``move_damaged`` makes room for a fresh one.
            StoreError: it cannot be opened or written, or another version wrote it.
            UnsafeDirectory: its directory cannot be trusted.
        """
        return cls(Database(path, database.STORE_SCHEMA, partial(_copy_shells, path)))

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def close(self) -> None:
        """Close the file; harmless when closed."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ sessions

    def insert(self, record: ChatFacts, *, named_alone: bool = False) -> None:
        """Add a new session, and mark the session that it resumes as continued.

        Args:
            record: the session's record.
            named_alone: no running session may have its name, now and until it ends.

        Raises:
            NameTaken: one has, see ``named_alone``.
            StoreIncomplete: whether one has cannot be known before ``mark_complete``.
            StoreError: the id exists already, the resumed session was continued already, or the file cannot be
                written.
        """
        if named_alone:
            self._insert_alone(record)
        else:
            with self._database.writing() as connection:
                _insert_row(connection, record, self.path)

    def _insert_alone(self, record: ChatFacts) -> None:
        """Add a session with a name of its own, also in the file that takes the place of a lost one.

        Another process may move the file away at any moment, and fill a new one from the copies. If the file is still
        in its place after the copy was saved, each later one has the row. Otherwise the new file may lack the row, and
        another session may have got its name there.
        """
        is_copied = False
        try:
            for _ in range(FILE_TRIES):
                with self._database.writing() as connection:
                    _check_complete(connection, self.path)
                    _check_name(connection, record.id, record.entry.name, record.origin.resumed_from)
                    _insert_row(connection, record, self.path, replaces=is_copied)
                    is_copied = True
                    copies.save_new_row(self.path, record)
                if self._database.is_current:
                    return
        except BaseException:
            if is_copied:
                copies.remove_row(self.path, record.id)
                with contextlib.suppress(StoreError):  # Another process may have added the row from the copy.
                    self.remove(record.id, UNSTARTED)
            raise

    def update_all(self, changes: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Change some fields of several sessions; one that is gone meanwhile is left out."""
        for session_id, fields in changes:
            with contextlib.suppress(NoSuchSession):
                self.update(session_id, **fields)

    def update(self, session_id: str, left: Sequence[str] = (), /, **fields: Any) -> None:
        """Change some fields of a session; ``left`` is for the event of its end.

        ``exited`` is final. If a process writes another state later, only its other fields are saved; the state and the
        facts of the end stay. Examples: a launcher writes ``running`` after the end of a short program; a list takes
        the ended host for a lost one.

        Raises:
            NoSuchSession: no session has this id.
            TypeError: a field is not one of ChatFacts's, or is its id.
        """
        if unknown := fields.keys() - set(FIELDS) or fields.keys() & {"id"}:
            raise TypeError(f"not a field that can be changed: {', '.join(sorted(unknown))}")
        if not fields:
            return
        is_late = "state" in fields and fields["state"] != State.EXITED
        assignments = []
        for field in fields:
            if is_late and field in _END_FIELDS:
                assignments.append(f"{field} = CASE WHEN state = 'exited' THEN {field} ELSE ? END")
            else:
                assignments.append(f"{field} = ?")
        values = [to_column(field, value) for field, value in fields.items()]
        with self._database.writing() as connection:
            before = (
                _outcome(connection, session_id) if fields.get("state", State.RUNNING) not in RUNNING_STATES else None
            )
            done = connection.execute(
                f"UPDATE session SET {', '.join(assignments)} WHERE id = ?",  # noqa: S608
                [*values, session_id],
            )
            if done.rowcount == 0:
                raise NoSuchSession.of(session_id)
            if before is not None and (after := _outcome(connection, session_id)) is not None:
                add_end(connection, session_id, before, after, left)
            self._copy(connection, session_id)

    def miss_later(self, is_missed: Callable[[LaterPrompt], bool]) -> list[str]:
        """Note that ended sessions did not get a prompt at its time: it asks the user if the session is resumed.

        Args:
            is_missed: whether the time of a prompt is over.

        Returns:
            The ids of these sessions.
        """
        found: list[str] = []
        ended = [each for each in self._select("WHERE later <> 'null'") if each.outcome.is_over]
        for record in ended:
            prompt = record.entry.later
            if prompt is None or not prompt.waits or record.entry.continued_by is not None or not is_missed(prompt):
                continue
            late = replace(prompt, stage="late", why=NOT_RUNNING)
            with self._database.writing() as connection:
                done = connection.execute(
                    "UPDATE session SET later = ? WHERE id = ? AND later = ?",
                    (to_column("later", late), record.id, to_column("later", prompt)),
                )
                if done.rowcount:
                    add_event(connection, record.id, Missed(due=prompt.at, why=NOT_RUNNING, asks=True))
                    self._copy(connection, record.id)
                    found.append(record.id)
        return found

    def rename(self, session_id: str, name: str) -> None:
        """Give a session another name, which the user has chosen.

        Raises:
            NameTaken: it runs, and another running session has that name.
            NoSuchSession: no session has this id.
        """
        with self._database.writing() as connection:
            runs = connection.execute(
                f"SELECT 1 FROM session WHERE id = ? AND {_NAMED}",  # noqa: S608
                (session_id,),
            ).fetchone()
            if runs:
                _check_name(connection, session_id, name)
            before = connection.execute("SELECT name FROM session WHERE id = ?", (session_id,)).fetchone()
            if before is None:
                raise NoSuchSession.of(session_id)
            connection.execute("UPDATE session SET name = ?, default_name = '' WHERE id = ?", (name, session_id))
            if before[0] != name:
                add_event(connection, session_id, Renamed(before=before[0]))
            self._copy(connection, session_id)

    def _copy(self, connection: sqlite3.Connection, session_id: str) -> None:
        """Save the copy of a row; within the transaction, so that it has the last change."""
        for row in connection.execute(f"SELECT {COLUMNS} FROM session WHERE id = ?", (session_id,)):  # noqa: S608
            with contextlib.suppress(ValueError, TypeError):  # A reader of the row reports this.
                copies.save_row(self.path, from_row(row))

    def _copy_all(self, connection: sqlite3.Connection, session_ids: Iterable[str]) -> None:
        for each in dict.fromkeys(session_ids):
            self._copy(connection, each)

    def restore_copies(self) -> list[ChatFacts]:
        """Add the sessions of which only a copy is left, after a loss of the file; returns them. Also the layout.

        Raises:
            StoreError: the file cannot be written.
        """
        added = []
        with self._database.writing() as connection:
            found = sorted(copies.rows(self.path), key=lambda record: record.origin.created_at)
            for each in map(_with_short_name, found):
                # In Turkish locales, there is no rowcount: Python asks C whether "INSERT" is "insert".
                if connection.execute(f"INSERT OR IGNORE {INSERTED} RETURNING id", to_row(each)).fetchall():
                    added.append(each)
                    _note_directory(connection, each.origin.project)
            connection.execute(
                "UPDATE session SET continued_by ="
                " (SELECT id FROM session AS later WHERE later.resumed_from = session.id ORDER BY ordinal LIMIT 1)"
            )
            _copy_shells(self.path, connection)
            if (layout := copies.layout(self.path)) is not None:
                connection.execute("INSERT OR IGNORE INTO layout (one, value) VALUES (1, ?)", (layout,))
        return added

    def get(self, session_id: str) -> ChatFacts | None:
        """The session of this full id, or None."""
        return next(iter(self._select("WHERE id = ?", (session_id,))), None)

    def in_conversation(self, conversation: str) -> list[ChatFacts]:
        """The sessions of an agent's conversation, oldest first."""
        return self._select("WHERE provider_session_id = ?", (conversation,))

    def in_directory(self, directory: str) -> list[ChatFacts]:
        """The sessions that were started in a directory or below it, also by a symbolic link to it, oldest first."""
        below = f"{directory.rstrip('/')}/"
        inside = "{0} = ?1 OR substr({0}, 1, ?2) = ?3"
        condition = f"WHERE {inside.format('cwd')} OR {inside.format('real_cwd')}"
        return self._select(condition, (directory, len(below), below))

    def running(self) -> list[ChatFacts]:
        """Sessions that are starting or running as far as is recorded, oldest first."""
        return self._select(f"WHERE state IN {_RUNNING}")

    def interrupted_since(self, moment: str) -> list[str]:
        """The names of sessions that a restart of the computer has interrupted since then, and that none continues."""
        chosen = "state = 'lost' AND error = ? AND continued_by IS NULL AND ended_at > ?"
        query = f"SELECT name FROM session WHERE {chosen} {_ORDER}"  # noqa: S608
        with self._database.reading() as connection:
            return [str(name) for (name,) in connection.execute(query, (INTERRUPTED, moment))]

    def asleep(self) -> list[ChatFacts]:
        """Sessions that are asleep, oldest first."""
        return self._select(f"WHERE {_ASLEEP}")

    def running_names(self) -> set[str]:
        """The names of the sessions that run or are asleep."""
        with self._database.reading() as connection:
            return {str(name) for (name,) in connection.execute(f"SELECT name FROM session WHERE {_NAMED}")}  # noqa: S608

    def names(self) -> set[str]:
        """The names of all sessions."""
        with self._database.reading() as connection:
            return {str(name) for (name,) in connection.execute("SELECT name FROM session")}

    def all(self) -> list[ChatFacts]:
        """Every session, oldest first."""
        return self._select()

    def changes_since(self, position: Position | None) -> Changes:
        """The sessions that were changed after a place; all if it is None, lost, or of another store."""
        with self._database.snapshot() as connection:
            here = last_position(connection)
            if position == here:
                return Changes(here, [], [])
            if position is None or not is_known(connection, position):
                return Changes(here, self._selected(connection), None)
            changed = self._selected(connection, "WHERE changed > ?", (position.number,))
            query = (
                "SELECT DISTINCT chat FROM event WHERE number > ? AND kind = ? AND chat NOT IN (SELECT id FROM session)"
            )
            removed = connection.execute(query, (position.number, kind_of(Removed)))
            return Changes(here, changed, [str(session_id) for (session_id,) in removed])

    def chats_changed_since(self, position: Position) -> ChangedChats:
        """The chats of which something has changed after a place, see ``ChangedChats``."""
        with self._database.snapshot() as connection:
            here = last_position(connection)
            if not is_known(connection, position):
                return ChangedChats(here, None)
            query = "SELECT id FROM session WHERE changed > ? UNION SELECT chat FROM event WHERE number > ?"
            found = connection.execute(query, (position.number, position.number))
            return ChangedChats(here, [str(session_id) for (session_id,) in found])

    def keep_text(self, session_id: str, prompt: LaterPrompt, why: str) -> None:
        """Keep a text that could not wake a session that is asleep, as missed; a start that failed has done it."""
        missed = replace(prompt, stage="missed", why=why)
        with self._database.writing() as connection:
            before = self.get(session_id)
            if before is None or not before.is_asleep or _is_same(before.entry.later, prompt):
                return
            values = (to_column("later", missed), session_id)
            connection.execute("UPDATE session SET later = ? WHERE id = ?", values)
            add_event(connection, session_id, Missed(due=missed.at, why=why))
            self._copy(connection, session_id)

    def end_sleep(self, session_id: str) -> bool:
        """Make a session that is asleep an ended one, as after "stop"; returns whether it was asleep."""
        with self._database.writing() as connection:
            done = connection.execute(
                f"UPDATE session SET end_request = 'stop' WHERE id = ? AND {_ASLEEP} RETURNING exit_code, exit_signal",  # noqa: S608
                (session_id,),
            ).fetchall()
            for exit_code, exit_signal in done:
                event = Ended(exit_code=exit_code, exit_signal=exit_signal, end_request="stop")
                add_event(connection, session_id, event)
                self._copy(connection, session_id)
        return bool(done)

    def remove(self, session_id: str, why: str = "") -> None:
        """Remove a session if it exists. The session that it resumed has its place, and can be resumed again.

        ``why``: if it could not be started; then the text that was to wake the other one was not sent.
        """
        with self._database.writing() as connection:
            self._copy_all(connection, _delete(connection, session_id, why))
            copies.remove_row(self.path, session_id)

    def remove_with_files(self, session_id: str, only_if: Callable[[ChatFacts], bool] | None = None) -> bool:
        """Remove a session, and move its directory aside: both, or neither.

        Files that its conversation may name stay in their place while another session continues or copies that.

        Args:
            session_id: the session.
            only_if: decides with the present record, while nothing else can change the store.

        Returns:
            Whether it was removed. Then the caller deletes what was moved (``moved_aside.directory``).

        Raises:
            StoreError: the file cannot be written.
        """
        is_moved = False
        try:
            with self._database.writing() as connection:
                record = self.get(session_id)
                if only_if is not None and not (record and only_if(record)):
                    return False
                named = moved_aside.named(self.path, session_id)
                users = self._pass_on_files(connection, record, has_own=bool(named)) if record is not None else []
                if record is not None and record.entry.continued_by is not None:
                    self._copy(connection, session_id)  # After a kill, it names the session that continues it.
                is_moved = moved_aside.move(self.path, session_id, but=named if users else ())
                self._copy_all(connection, [*users, *_delete(connection, session_id)])
        except BaseException:
            if is_moved:
                moved_aside.put_back(self.path, session_id)
            raise
        return True

    def _pass_on_files(self, connection: sqlite3.Connection, record: ChatFacts, *, has_own: bool) -> list[str]:
        """Note the files that a session's conversation may name in the others that continue or copy it.

        Those of version 0.1.0 lack the note.

        Args:
            connection: the open transaction.
            record: the session.
            has_own: whether its own directory has such files.

        Returns:
            The others, if it has.
        """
        files_in = [*record.origin.files_in, *([record.id] if has_own else [])]
        if not files_in:
            return []
        linked = "resumed_from = ?1 OR handed_from = ?1 OR provider_session_id = ?2"
        values = (record.id, record.program.conversation or None)
        users = self._select(f"WHERE id <> ?1 AND ({linked} OR {_NAMES_FILES})", values)
        for each in users:
            column = to_column("files_in", list(dict.fromkeys([*each.origin.files_in, *files_in])))
            connection.execute("UPDATE session SET files_in = ? WHERE id = ?", (column, each.id))
        return [each.id for each in users] if has_own else []

    def names_files_of(self, session_id: str) -> bool:
        """Whether a session's conversation may name files of another one, which may be removed."""
        return bool(self._select(f"WHERE {_NAMES_FILES}", (session_id,)))

    def unfinished_removals(self) -> list[str]:
        """The removed sessions with directories that were moved aside, and not deleted.

        A directory is put back if its session has a row: the process that removed it was killed before it could.
        """
        found = moved_aside.ids(self.path)
        if found:
            with self._database.writing():
                for session_id in found:
                    if self.get(session_id) is not None:
                        moved_aside.put_back(self.path, session_id)
            found = moved_aside.ids(self.path)
        return found

    def find(self, text: str, *, least_digits: int = 1) -> ChatFacts:
        """Find the session that the user means: by full id, name, or unique beginning of the id, in this order.

        Among several with the name, the running one is meant, else the one that was not continued.

        Args:
            text: the user's text.
            least_digits: minimum length of a beginning of an id, in hexadecimal digits.

        Raises:
            NoSuchSession: none matches.
            AmbiguousSession: several match.
        """
        # An argument's bytes that are no UTF-8 are lone surrogates, which SQLite does not take.
        wanted = text.strip().encode(errors="backslashreplace").decode()
        if record := self.get(wanted.lower()):
            return record
        found = meant(self._select("WHERE name = ?", (wanted,)))
        if not found and wanted and all(character in "0123456789abcdef-" for character in wanted.lower()):
            found = self._select("WHERE id BETWEEN ? AND ? || 'g'", (wanted.lower(), wanted.lower()))
            if found and len(wanted.replace("-", "")) < least_digits:
                hint = f"use at least {least_digits} digits of an id"
                raise NoSuchSession(f"no chat matches {text!r}; {hint}")
        if not found:
            raise NoSuchSession(f"no chat matches {text!r}; {self._advice(wanted)}")
        if len(found) > 1:
            ids = _some_ids(found)
            raise AmbiguousSession(f"{text!r} matches {len(found)} chats; use an id from `outlive ls --all`: {ids}")
        return found[0]

    def _advice(self, name: str) -> str:
        """The next step after a name that no session has."""
        import difflib  # not needed for a correct name

        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT name FROM session {_ORDER}").fetchall()  # noqa: S608
        names = {str(each).casefold(): str(each) for (each,) in rows}
        close = difflib.get_close_matches(name.casefold(), names, n=1)
        meant = f"did you mean {names[close[0]]!r}? " if close else ""
        return f"{meant}`outlive ls --all` lists all chats"

    def _select(self, condition: str = "", values: tuple[object, ...] = ()) -> list[ChatFacts]:
        with self._database.reading() as connection:
            return self._selected(connection, condition, values)

    def _selected(
        self, connection: sqlite3.Connection, condition: str = "", values: tuple[object, ...] = ()
    ) -> list[ChatFacts]:
        query = f"SELECT {COLUMNS} FROM session {condition} {_ORDER}"  # noqa: S608
        try:
            return [from_row(row) for row in connection.execute(query, values)]
        except (ValueError, TypeError) as error:
            raise damaged(self.path, str(error)) from error

    @property
    def is_new(self) -> bool:
        """Whether the file is new and may lack running chats, until ``mark_complete``."""
        with self._database.reading() as connection:
            return not _is_complete(connection)

    @property
    def file(self) -> tuple[int, int]:
        """The identity of the store's file, which another process may replace."""
        with self._database.reading():
            return self._database.file

    def mark_complete(self, file: tuple[int, int]) -> bool:
        """Note that all chats were added to a file.

        Args:
            file: its identity, before they were added.

        Returns:
            Whether it is still the store's file; if not, the chats must be added to the one that is.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._database.writing() as connection:
            if self._database.file != file:
                return False
            connection.execute(f"PRAGMA application_id = {_COMPLETE}")
        return True

    def status_at(self) -> tuple[Position, list[ChatFacts], list[LedgerEntry]]:
        """The place after all events, with the running sessions and the last status of each, as they are there."""
        with self._database.snapshot() as connection:
            running = self._selected(connection, f"WHERE state IN {_RUNNING}")
            return last_position(connection), running, last_status(connection)

    # ------------------------------------------------------------ the window

    def layout(self, warn: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """The window's layout as last saved; empty if never, or if it cannot be read, for which ``warn`` is called."""
        import json  # It takes lone surrogates in a draft; most commands need no layout.

        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM layout").fetchone()
        if row is None:
            return {}
        # A broken layout counts as none, since the sessions matter more.
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            value = json.loads(row[0])
            if isinstance(value, dict):
                return value
        warn()
        return {}

    def keep_damaged_layout(self) -> Path | None:
        """Copy the layout, which cannot be read, into a file of its own, since the next one replaces it.

        Returns:
            The file, beside the database; None if there is no layout, or the disk does not take it.
        """
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM layout").fetchone()
        if row is None:
            return None
        text = row[0].decode(errors="surrogateescape") if isinstance(row[0], bytes) else str(row[0])
        return copies.keep_damaged_layout(self.path, text)

    def save_layout(self, layout: dict[str, Any]) -> None:
        """Save the window's layout: anything that JSON can hold."""
        import json

        with self._database.writing() as connection:
            text = json.dumps(layout)
            connection.execute("INSERT OR REPLACE INTO layout (one, value) VALUES (1, ?)", (text,))
            copies.save_layout(self.path, text)

    def note_directory(self, path: str) -> None:
        """Note that a session was started from this directory.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._database.writing() as connection:
            _note_directory(connection, path)

    def recent_directories(self, limit: int) -> list[str]:
        """Directories that sessions were started in, the last one first."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT path FROM recent_directory ORDER BY used DESC LIMIT ?", (limit,))
            return [path for (path,) in rows]

    # ------------------------------------------------------------ damage

    def problems(self) -> list[str]:
        """The faults of the file, one line each; empty if it is undamaged. Reads all of it."""
        with self._database.reading() as connection:
            found = [str(line) for (line,) in connection.execute("PRAGMA quick_check(10)") if line != "ok"]
        if not found:
            self.all()
        return found

    @classmethod
    def move_damaged(cls, path: Path) -> Path:
        """Rename a damaged file, with its -wal and -shm, so that a fresh one can take its place.

        If several processes find the damage, one renames the file; the others find an undamaged one in its place
        and do nothing.

        Returns:
            The damaged file's new path: ``outlive.db.damaged-<n>`` beside it.
        """
        try:
            with directory_lock(path.parent):
                number = 1
                while _damaged_path(path, number).exists():
                    number += 1
                if number > 1 and (not path.exists() or is_sound(path, _is_readable)):
                    return _damaged_path(path, number - 1)
                damaged = _damaged_path(path, number)
                # The WAL first: without its database it is never played into the fresh one.
                for suffix in ("-wal", "-shm", ""):
                    with contextlib.suppress(FileNotFoundError):
                        Path(f"{path}{suffix}").replace(f"{damaged}{suffix}")
                return damaged
        except OSError as error:
            raise StoreError(f"{path}: damaged, and cannot be moved away ({error.strerror})") from error


def _outcome(connection: sqlite3.Connection, session_id: str) -> Outcome | None:
    """The outcome in a row; None without a row."""
    columns = ", ".join(Outcome.__struct_fields__)
    row = connection.execute(f"SELECT {columns} FROM session WHERE id = ?", (session_id,)).fetchone()  # noqa: S608
    return None if row is None else Outcome(State(row[0]), *row[1:])


def _delete(connection: sqlite3.Connection, session_id: str, why: str = "") -> list[str]:
    """Delete a row; returns the ids of changed ones. ``why`` as for ``remove``.

    The session that continues it continues the one that it resumed. If there is none, that one has its place, and can
    be resumed again.
    """
    add_event(connection, session_id, Removed())
    between = connection.execute(
        "SELECT gone.resumed_from, later.id FROM session AS gone JOIN session AS later ON later.id = gone.continued_by"
        " WHERE gone.id = ? AND gone.resumed_from IS NOT NULL",
        (session_id,),
    ).fetchall()
    for earlier, later in between:
        connection.execute("UPDATE session SET resumed_from = ? WHERE id = ?", (earlier, later))
        connection.execute(
            "UPDATE session SET continued_by = ? WHERE id = ? AND continued_by = ?", (later, earlier, session_id)
        )
    connection.execute(
        "UPDATE session SET continued_by = NULL, (pinned, position, later) ="
        " (SELECT coalesce(max(pinned), 0), max(position), coalesce(max(later), 'null') FROM session WHERE id = :id)"
        " WHERE id = (SELECT resumed_from FROM session WHERE id = :id) AND continued_by = :id",
        {"id": session_id},
    )
    connection.execute(
        "UPDATE session SET (handed_to, handed_at) = (SELECT other.id, other.created_at FROM session AS other"
        " WHERE other.handed_from = session.id AND other.id <> :id UNION ALL SELECT '', '' ORDER BY 2 DESC LIMIT 1)"
        " WHERE id = (SELECT handed_from FROM session WHERE id = :id) AND handed_to = :id",
        {"id": session_id},
    )
    resumed = f"SELECT {COLUMNS} FROM session WHERE id = (SELECT resumed_from FROM session WHERE id = ?)"  # noqa: S608
    for row in connection.execute(f"{resumed} AND continued_by IS NULL", (session_id,)).fetchall():
        other = from_row(row)
        if (text := other.entry.later) is not None and text.stage == "sending":
            missed = replace(text, stage="missed", why=why or UNSTARTED)
            values = (to_column("later", missed), other.id)
            connection.execute("UPDATE session SET later = ? WHERE id = ?", values)
            add_event(connection, other.id, Missed(due=missed.at, why=missed.why))
        if other.is_asleep and not why:  # It was woken, and its user has removed what continued it.
            connection.execute("UPDATE session SET end_request = 'stop' WHERE id = ?", (other.id,))
    connection.execute("DELETE FROM session WHERE id = ?", (session_id,))
    return [str(each) for pair in between for each in pair]


def _is_same(one: LaterPrompt | None, other: LaterPrompt) -> bool:
    return one is not None and one.token == other.token


def _is_readable(connection: sqlite3.Connection) -> bool:
    try:
        for row in connection.execute(f"SELECT {COLUMNS} FROM session"):  # noqa: S608
            from_row(row)
    except (ValueError, TypeError):
        return False
    return True


def _damaged_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{number}")


def _some_ids(records: list[ChatFacts]) -> str:
    shown = ", ".join(record.id[:13] for record in records[:4])
    return f"{shown}, …" if len(records) > 4 else shown
