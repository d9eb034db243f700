"""Opens the store, completes it where it was lost, and reads the outcome of a session."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import NamedTuple

from session_host.errors import HostUnavailable, NoSuchSession, OutliveError, StoreCorrupt, StoreError
from session_host.paths import database, runtime_dir
from session_host.protocol.keeper import SessionSummary
from session_host.protocol.messages import Description
from session_host.protocol.values import RUNNING_STATES, State
from session_host.storage.store import SessionRecord, Store
from session_host.storage.store.database import FILE_TRIES
from session_host.storage.store.session_record import fields_of
from session_host.system.clock import now
from session_host.system.processes import proc
from session_host.system.processes.identity import boot_id, start_time

from .session_info import describe_all
from .stale_rows import has_live_socket, resolve_stale_row


class SessionOutcome(NamedTuple):
    """The outcome of a session with an unreachable host."""

    state: State
    exit_code: int | None
    exit_signal: int | None
    message: str
    end_request: str = ""


def open_store(on_rebuild: Callable[[str], None] | None = None) -> Store:
    """Open the store; a new store is filled with the chats that are found, and ``on_rebuild`` gets a line about them.

    Raises:
        StoreCorrupt: the store is damaged, see ``rebuild``.
        StoreError: the store cannot be opened.
    """
    store = Store.open(database())
    try:
        if store.is_new:
            line = complete(store)
            if line and on_rebuild is not None:
                on_rebuild(line)
    except BaseException:
        store.close()
        raise
    return store


def open_or_recover() -> tuple[Store, str]:
    """Open the store; replace a damaged store by a new one.

    Returns:
        The store, and one line for the user if it is a new one, else "".

    Raises:
        StoreError: the store cannot be opened, and cannot be replaced.
    """
    warnings: list[str] = []
    try:
        return open_store(warnings.append), "".join(warnings)
    except StoreCorrupt:
        return recover()


def recover() -> tuple[Store, str]:
    """Replace a store in which damage was found, unless another process has done so; returns as ``open_or_recover``.

    Raises:
        StoreError: it cannot be replaced.
    """
    path = database()
    damaged = Store.move_damaged(path)
    store = Store.open(path)
    found = find_chats(store)
    chats = f"{found}; " if any(found) else ""  # Another process may have added them.
    return store, f"the chat database was damaged and has been rebuilt; {chats}the damaged file is {damaged}"


def outcome_of(session_id: str) -> SessionOutcome:
    """The stored state of a session with an unresponsive host. Blocks on the disk."""
    try:
        with open_store() as store:
            record = store.get(session_id)
            if record is None:
                return SessionOutcome(State.LOST, None, None, "this chat was removed")
            record = resolve_stale_row(store, record)
    except NoSuchSession:
        return SessionOutcome(State.LOST, None, None, "this chat was removed")
    except OutliveError as error:
        return SessionOutcome(State.RUNNING, None, None, str(error))
    except OSError as error:
        # If we cannot check (no descriptor is left), we must not report the session as gone.
        return SessionOutcome(State.RUNNING, None, None, f"cannot check this chat: {error.strerror}")
    return SessionOutcome(record.state, record.exit_code, record.exit_signal, record.error, record.end_request)


DEFAULT_COLUMNS, DEFAULT_ROWS = 80, 24


class Found(NamedTuple):
    """The chats that were added to a rebuilt store."""

    running: int
    ended: int

    def __str__(self) -> str:
        """The subject and verb of a sentence."""
        chats = "chat was" if (self.running, self.ended) in {(1, 0), (0, 1)} else "chats were"
        numbers = (f"{count} {kind}" for count, kind in ((self.running, "running"), (self.ended, "ended")) if count)
        return f"{' and '.join(numbers) or 'no'} {chats} found"


def complete(store: Store) -> str:
    """Add the chats to a new store, after the previous store was lost.

    Returns:
        One line for the user if chats were found, else "".

    Raises:
        StoreCorrupt: the store is damaged.
    """
    try:
        if not store.is_new:
            return ""
        found = find_chats(store)
    except StoreCorrupt:
        raise
    except (OutliveError, OSError):
        return ""  # The store cannot be written now; a later call may succeed.
    return f"the chat database was missing and has been rebuilt; {found}" if any(found) else ""


def find_chats(store: Store) -> Found:
    """Add the chats that are missing in the store.

    Raises:
        StoreError: the store cannot be written.
    """
    found = Found(0, 0)
    for _ in range(FILE_TRIES):
        file = store.file
        restored = [resolve_stale_row(store, each) for each in store.restore_copies()]
        running = sum(each.state in RUNNING_STATES for each in restored)
        found = Found(running + _add_running(store), len(restored) - running)
        if store.mark_complete(file):
            break
    return found


def _add_running(store: Store) -> int:
    """Add the running chats that have no copy; returns how many."""
    ids = sorted(path.stem for path in runtime_dir().glob("*.sock") if is_session_id(path.stem))
    unknown = [each for each in ids if store.get(each) is None]
    described = describe_all(unknown)
    records = [_record_of(each) for each in described.values()]
    silent = [each for each in unknown if each not in described and has_live_socket(each)]
    if silent:
        records += _records_of_unresponsive(silent)
    found = 0
    for record in records:
        try:
            store.insert(record)
            found += 1
        except StoreError:
            if store.get(record.id) is None:
                raise
    return found


def _records_of_unresponsive(ids: list[str]) -> list[SessionRecord]:
    """Records of chats with an unresponsive host, as far as the keeper and procfs know them."""
    from session_host.keeper_client.discovery import keeper_status  # rarely needed, and slow to import

    try:
        status = keeper_status()
    except HostUnavailable:
        status = None
    return (
        [_record_of_summary(each) for each in status.sessions if each.session_id in ids] if status is not None else []
    )


def _record_of_summary(summary: SessionSummary) -> SessionRecord:
    words = proc.command_line(summary.child_pid).decode(errors="replace").rstrip("\0")
    return SessionRecord(
        id=summary.session_id,
        name=summary.name or summary.session_id[:8],
        agent=summary.agent or "command",
        argv=words.split("\0") if words else [],
        cwd=summary.cwd or proc.working_directory(summary.child_pid) or "/",
        state=State.RUNNING,
        host_pid=summary.host_pid,
        host_started=start_time(summary.host_pid),
        child_pid=summary.child_pid,
        child_started=start_time(summary.child_pid),
        boot_id=boot_id(),
        created_at=summary.created_at or now(),
        columns=DEFAULT_COLUMNS,
        rows=DEFAULT_ROWS,
        engine=summary.engine,
        runtime=summary.runtime,
        **fields_of(summary.origin),
    )


def is_session_id(name: str) -> bool:
    """Whether a socket of this name is a session's: the directory also has other sockets, such as the window's."""
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def _record_of(description: Description) -> SessionRecord:
    return SessionRecord(
        id=description.session_id,
        name=description.name,
        agent=description.agent,
        argv=description.argv,
        cwd=description.cwd,
        state=description.state,
        title=description.title,
        host_pid=description.host_pid,
        host_started=start_time(description.host_pid),
        child_pid=description.child_pid,
        child_started=start_time(description.child_pid) if description.child_pid is not None else None,
        boot_id=boot_id(),
        created_at=description.created_at,
        columns=description.size.columns,
        rows=description.size.rows,
        engine=description.engine,
        runtime=description.runtime,
        provider_session_id=description.conversation or None,
        **fields_of(description.origin),
    )
