"""Finds the end of a session that its row says is running; a row of an earlier boot is "interrupted"."""

from __future__ import annotations

import contextlib
import socket

from session_host.errors import NoSuchSession, StoreError
from session_host.paths import (
    session_journal,
    session_log,
    session_socket,
    session_unsaved_end,
)
from session_host.protocol.facts import INTERRUPTED, UNSTARTED, ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.storage.store.copies import noted_end
from session_host.storage.store.session_row import columns_of
from session_host.system.clock import as_text, now
from session_host.system.processes.identity import boot_id, is_running
from session_host.system.unix_sockets import is_foreign

CONNECT_TIMEOUT_S = 2.0

HOST_GONE = "the chat's background process is gone"


def resolve_stale_row(store: Store, record: ChatFacts) -> ChatFacts:
    """Check a row that says "running"; if its host has ended, save the end that the host noted, or mark it lost."""
    if record.outcome.is_over:
        return record
    rebooted = _is_of_another_boot(record)
    kept = not rebooted and (
        is_running(record.program.host_pid, record.program.host_started)
        or has_live_socket(record.id)
        or _comes_back(record)
    )
    # The host may have recorded the end since the row was read.
    current = store.get(record.id)
    if kept or current is None or current.outcome.is_over:
        return current or record
    if end := noted_end(session_unsaved_end(record.id)):
        store.update(record.id, **columns_of(end))
    elif rebooted:
        store.update(record.id, state=State.LOST, error=INTERRUPTED, ended_at=_last_sign_of_life(record))
    else:
        # A host writes a log from its start; its launcher may have been killed before it recorded the start.
        had_host = current.outcome.state is State.RUNNING or session_log(record.id).exists()
        why = HOST_GONE if had_host else UNSTARTED
        store.update(record.id, state=State.LOST, error=why, ended_at=now())
    return store.get(record.id) or record


def record_of(store: Store, session_id: str) -> ChatFacts:
    """A session's record, with the state "running" only if the session does run.

    Raises:
        NoSuchSession: there is no such session.
    """
    record = store.get(session_id)
    if record is None:
        raise NoSuchSession.of(session_id)
    return resolve_stale_row(store, record)


def all_after_boot(store: Store) -> list[ChatFacts]:
    """Every record, oldest first; sessions that a reboot interrupted are marked so, if the store can be written."""
    records = store.all()
    with contextlib.suppress(StoreError):  # The next reading of the store tries again.
        return [
            resolve_stale_row(store, record) if not record.outcome.is_over and _is_of_another_boot(record) else record
            for record in records
        ]
    return records


def _is_of_another_boot(record: ChatFacts) -> bool:
    now_booted = boot_id()
    # A restart can be detected only if both boot ids are known.
    return bool(record.origin.boot_id and now_booted) and record.origin.boot_id != now_booted


def _last_sign_of_life(record: ChatFacts) -> str:
    """The last time at which a session of a previous boot is known to have run, from its journal and its host's log."""
    found = [record.origin.created_at]
    for path in (*session_journal(record.id).glob("*.log"), session_log(record.id)):
        try:
            found.append(as_text(path.stat().st_mtime))
        except OSError:
            continue  # The file was removed meanwhile, or never existed.
    return max(found)


def has_live_socket(session_id: str) -> bool:
    """Whether a process holds the session's socket: a host, or the keeper, which starts another host.

    Raises:
        OSError: this cannot be determined (too many open files).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CONNECT_TIMEOUT_S)
        try:
            connection.connect(str(session_socket(session_id)))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return False
        except (BlockingIOError, TimeoutError):
            return True  # A process listens; the queue of connections is full.
        return not is_foreign(connection)


def _comes_back(record: ChatFacts) -> bool:
    """Whether a running session without a socket gets one soon, because its keeper binds it again."""
    if record.outcome.state is not State.RUNNING:
        return False
    from session_host.keeper_client.discovery import rebind_sockets  # rarely needed

    return rebind_sockets() and has_live_socket(record.id)
