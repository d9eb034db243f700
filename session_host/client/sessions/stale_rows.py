"""Finds the end of a session that its row says is running; a row of an earlier boot is "interrupted".

Machines and containers may share the state directory. A PID or a socket says nothing about a session of another one, so
its row is left alone; see ``elsewhere``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from datetime import UTC, datetime, timedelta
from functools import cache

from msgspec.structs import replace

from session_host.errors import NoSuchSession, OutliveError, StoreError
from session_host.paths import (
    session_journal,
    session_log,
    session_socket,
    session_unsaved_end,
)
from session_host.protocol.facts import INTERRUPTED, UNSTARTED, ChatFacts, Origin, Outcome
from session_host.protocol.values import State
from session_host.standing.later_prompt import is_too_late
from session_host.storage.store import Store
from session_host.storage.store.copies import noted_end
from session_host.storage.store.session_row import columns_of
from session_host.system.clock import as_text, now, parse_time
from session_host.system.files import is_locked
from session_host.system.processes.identity import boot_id, host_name, is_running, machine_id, pid_namespace
from session_host.system.unix_sockets import is_foreign

CONNECT_TIMEOUT_S = 2.0

HOST_GONE = "the chat's background process is gone"

STARTS_WITHIN = timedelta(minutes=1)
"""How long a start in another container may take until its host has the lock."""


def resolve_stale_row(store: Store, record: ChatFacts) -> ChatFacts:
    """Check a row that says "running"; if its host has ended, save the end that the host noted, or mark it lost."""
    if record.outcome.is_over:
        return _correct(store, record) if record.outcome.state is State.LOST else record
    rebooted = _is_of_another_boot(record.origin)
    kept = elsewhere(record) or (
        not rebooted
        and (
            (_may_be_here(record.origin) and is_running(record.program.host_pid, record.program.host_started))
            or has_live_socket(record.id)
            or _comes_back(record)
        )
    )
    # The host may have recorded the end since the row was read.
    current = store.get(record.id)
    if kept or current is None or current.outcome.is_over:
        return current or record
    # A host writes a log from its start; its launcher may have been killed before it recorded the start.
    had_host = current.outcome.state is State.RUNNING or session_log(record.id).exists()
    if not had_host and _wakes(store, current):
        store.remove(record.id, UNSTARTED)
        return replace(current, outcome=Outcome(State.LOST, error=UNSTARTED, ended_at=now()))
    if end := noted_end(session_unsaved_end(record.id)):
        store.update(record.id, **columns_of(end))
    elif rebooted:
        store.update(record.id, state=State.LOST, error=INTERRUPTED, ended_at=_last_sign_of_life(record))
    else:
        why = HOST_GONE if had_host else UNSTARTED
        store.update(record.id, state=State.LOST, error=why, ended_at=now())
    return store.get(record.id) or record


def _wakes(store: Store, record: ChatFacts) -> bool:
    """Whether a chat was to wake another one, which is asleep again without it."""
    other = store.get(record.origin.resumed_from) if record.origin.resumed_from else None
    return other is not None and other.outcome.was_put_to_sleep


def _correct(store: Store, record: ChatFacts) -> ChatFacts:
    """Correct a row that another machine or container has marked as lost, although the session runs here."""
    if record.entry.continued_by is not None or not _may_be_here(record.origin) or not _is_served(record):
        return record
    current = store.get(record.id)
    if current is None or current.outcome != record.outcome:
        return current or record
    store.update(record.id, **columns_of(Outcome(State.RUNNING)))
    return store.get(record.id) or record


def _is_served(record: ChatFacts) -> bool:
    """Whether a host serves a session that its row calls lost: there is a socket, and a process behind it."""
    with contextlib.suppress(OSError, OutliveError):  # Nothing is known.
        return session_socket(record.id).exists() and has_live_socket(record.id)
    return False


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
        records = [
            resolve_stale_row(store, record)
            if not record.outcome.is_over and _is_of_another_boot(record.origin)
            else record
            for record in records
        ]
        if store.miss_later(lambda prompt: is_too_late(prompt, time.time())):
            records = store.all()
    return records


# ---------------------------------------------------------------- other machines and containers

_boot, _namespace = cache(boot_id), cache(pid_namespace)


def elsewhere(record: ChatFacts) -> str:
    """The place of a session that may run on another machine, or in another container, which shares our directories.

    Nothing here tells whether a process of another machine runs: locks between machines are not to be trusted, and a
    time stamp that hosts renew would need a timer in idle ones. So the user says when a machine is gone. In another
    container of this machine, the host has a lock on its log; nobody else has, once it has ended.

    Returns:
        Words such as ``on elm``; "" for a session that can be judged here, or has ended.

    Raises:
        OSError: this cannot be determined (too many open files).
    """
    origin = record.origin
    if record.outcome.is_over or _may_be_here(origin):
        return ""
    if _differ(origin.boot_id, _boot()):
        return f"on {origin.host_name}"
    if not (_is_starting(record) or _is_log_locked(record.id)):
        return ""
    return f"in the container {origin.host_name}" if origin.host_name != host_name() else "in another container"


def lacks_host(record: ChatFacts) -> bool:
    """Whether a running session is between two hosts: longer than for a moment only if each one dies soon."""
    program = record.program
    is_here = record.outcome.state is State.RUNNING and not elsewhere(record)
    return is_here and not is_running(program.host_pid, program.host_started)


def give_up(store: Store, record: ChatFacts) -> ChatFacts:
    """Mark a session as lost that ran elsewhere: the user says that its machine or container is gone for good."""
    if elsewhere(record):
        store.update(record.id, state=State.LOST, error=HOST_GONE, ended_at=_last_sign_of_life(record))
    return store.get(record.id) or record


def _may_be_here(origin: Origin) -> bool:
    """Whether PIDs and sockets here are those of a session's place; rows of version 0.1.0 do not name theirs."""
    if _differ(origin.boot_id, _boot()):
        return not _differ(origin.machine_id, machine_id())
    return not _differ(origin.pid_namespace, _namespace())


def _differ(one: str | int, other: str | int) -> bool:
    """Whether two ids are known, and differ."""
    return bool(one and other) and one != other


def _is_of_another_boot(origin: Origin) -> bool:
    """Whether the computer was restarted since; on another machine, nothing is known of that."""
    return _differ(origin.boot_id, _boot()) and _may_be_here(origin)


def _is_starting(record: ChatFacts) -> bool:
    created = parse_time(record.origin.created_at)
    is_young = created is not None and abs(datetime.now(UTC) - created) < STARTS_WITHIN
    return record.outcome.state is State.STARTING and is_young


def _is_log_locked(session_id: str) -> bool:
    """Whether a host of this machine writes a session's log."""
    try:
        descriptor = os.open(session_log(session_id), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


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
