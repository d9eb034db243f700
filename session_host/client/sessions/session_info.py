"""A session's row merged with its host's description. Imports no asyncio."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from session_host.client.sessions.stale_rows import resolve_stale_row
from session_host.errors import HostUnavailable, ProtocolViolation
from session_host.paths import (
    check_private,
    runtime_dir,
    session_socket,
    session_stderr,
)
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Describe, Description, Error, Failed, Welcome
from session_host.protocol.values import FOREGROUND, RUNNING_STATES, Runtime, State, shown_activity
from session_host.storage.store import SessionRecord, Store
from session_host.storage.store.session_record import INTERRUPTED, UNSTARTED
from session_host.system.unix_sockets import is_foreign

DESCRIBE_TIMEOUT_S = 2.0
"""How long a host may take to describe its session before it counts as unknown."""

Reason = Literal["interrupted", "lost", "unstarted"]
"""Why a session's end is unknown: the computer restarted, its host and keeper both died, or it never ran."""
_REASONS: dict[str, Reason] = {INTERRUPTED: "interrupted", UNSTARTED: "unstarted"}


class SessionInfo(msgspec.Struct, kw_only=True):
    """One session as the command line's JSON shows it; unknown values are None."""

    id: str
    name: str
    agent: str
    argv: list[str]
    cwd: str
    state: str
    reason: Reason | None = None
    exit_code: int | None
    exit_signal: int | None
    activity: str | None = None
    activity_source: str | None = None
    activity_detail: str | None = None
    """The agent's question or work, if the agent reports it."""
    activity_since: str | None = None
    title: str
    host_pid: int | None
    child_pid: int | None
    keeper_pid: int | None = None
    created_at: str
    ended_at: str | None
    cols: int
    rows: int
    viewers: int | None = None
    engine: str
    provider_session_id: str | None
    resumable: bool | None = None
    resumed_from: str | None = None
    """The session that this session resumes."""
    continued_by: str | None = None
    """The session that continues this session's conversation."""
    stderr_path: str | None = None
    journal_bytes: int | None = None
    worktree: str | None = None
    """The git worktree that was created for the session."""
    branch: str | None = None
    """The branch that was checked out in the worktree when the session started."""
    notice: str | None = None
    """A problem of the session, one line."""
    foreground: str | None = None
    """The program in the foreground of a shell or command; "" for a shell at its prompt."""
    foreground_since: str | None = None
    end_request: str | None = None
    """The request that ended the session: the user's "stop" or "kill", or "idle"."""
    last_exit_code: int | None = None
    """The exit code of the last command of a shell at its prompt, if the shell marks its commands (OSC 133)."""
    last_ended: str | None = None
    """The time at which that command ended."""
    runtime: Runtime = "terminal"
    """How Outlive talks to the agent."""
    turn_failed: bool | None = None
    """Whether the agent is idle since an error stopped its turn, which the detail names."""

    @property
    def has_host(self) -> bool:
        """Whether its host described it; a host answers for a moment after the program's end, until all is saved."""
        return self.viewers is not None


def info_of(record: SessionRecord, description: Description | None = None) -> SessionInfo:
    """Merge a record with its host's description, which takes precedence."""
    info = SessionInfo(
        id=record.id,
        name=record.name,
        agent=record.agent,
        argv=record.argv,
        cwd=record.cwd,
        state=record.state,
        reason=reason_of(record),
        exit_code=record.exit_code,
        exit_signal=record.exit_signal,
        title=record.title,
        host_pid=record.host_pid,
        child_pid=record.child_pid,
        created_at=record.created_at,
        ended_at=record.ended_at,
        cols=record.columns,
        rows=record.rows,
        engine=record.engine,
        provider_session_id=record.provider_session_id,
        stderr_path=_stderr_path(record.id),
        resumed_from=record.resumed_from,
        continued_by=record.continued_by,
        worktree=record.worktree,
        branch=record.branch,
        end_request=record.end_request or None,
        runtime=record.runtime,
    )
    if description is not None:
        info.state, info.reason = description.state, None
        info.exit_code, info.exit_signal = description.exit_code, description.exit_signal
        info.end_request = description.end_request or None
        info.ended_at = description.ended_at or info.ended_at
        info.activity, info.activity_source = description.activity, description.activity_source
        info.activity_detail, info.activity_since = description.activity_detail or None, description.activity_since
        info.activity = shown_activity(description.activity, record.agent, description.foreground)
        if info.activity != description.activity:
            ended = description.last_ended if not description.foreground else ""
            info.activity_source = FOREGROUND
            info.activity_since = ended or description.foreground_since or description.activity_since
        info.turn_failed = description.turn_failed
        info.title = description.title
        info.host_pid, info.child_pid = description.host_pid, description.child_pid
        info.cols, info.rows = description.size.columns, description.size.rows
        info.viewers = description.viewers
        info.keeper_pid, info.journal_bytes = description.keeper_pid, description.journal_bytes
        info.notice = description.notice or None
        info.foreground, info.foreground_since = description.foreground, description.foreground_since or None
        info.last_exit_code, info.last_ended = description.last_exit_code, description.last_ended or None
        info.provider_session_id = description.conversation or info.provider_session_id
    return info


def _stderr_path(session_id: str) -> str | None:
    path = session_stderr(session_id)
    return str(path) if path.exists() else None


def reason_of(record: SessionRecord) -> Reason | None:
    """Why a session ended without an exit status; None if it runs or has one."""
    if record.state is not State.LOST:
        return None
    return _REASONS.get(record.error, "lost")


def merge(
    store: Store, records: list[SessionRecord], descriptions: Mapping[str, Description], *, ended: bool
) -> list[SessionInfo]:
    """Merge records with their hosts' descriptions, in the records' order.

    A record that says "running" and has no answering host is resolved; if that session has ended, it is left out
    without ``ended``.
    """
    infos = []
    for record in records:
        description = descriptions.get(record.id)
        info = info_of(record if description is not None else resolve_stale_row(store, record), description)
        if ended or info.state in RUNNING_STATES:
            infos.append(info)
    return infos


CONNECTIONS_AT_ONCE = 100
RECEIVE_BYTES = 65536
_Reply = Welcome | Error | Failed | Description
"""A host sends nothing else to a client that asks for its description; all its messages take longer to prepare for."""


def list_sessions(store: Store, *, ended: bool) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended`` also the ended ones.

    Raises:
        UnsafeDirectory: another user could have put the sockets there.
    """
    records = store.all() if ended else store.running()
    running = [record.id for record in records if record.state in RUNNING_STATES]
    return merge(store, records, describe_all(running), ended=ended)


def find_session(store: Store, text: str, *, least_digits: int = 1) -> SessionInfo:
    """Find the session that ``text`` names: its name, its id, or a unique prefix of the id.

    Blocks for up to two seconds if the session's host does not answer.

    Raises:
        NoSuchSession: no session has this name or id.
        AmbiguousSession: several sessions match.
    """
    record = store.find(text, least_digits=least_digits)
    if record.state not in RUNNING_STATES:
        return info_of(record)
    description = describe(record.id)
    return info_of(record, description) if description is not None else info_of(resolve_stale_row(store, record))


def describe(session_id: str) -> Description | None:
    """A session's description from its host; None if the host does not answer in time."""
    return describe_all([session_id]).get(session_id)


def describe_all(session_ids: list[str]) -> dict[str, Description]:
    """Descriptions of sessions from their hosts.

    If a socket was removed, the keeper binds it again, and its host is asked then.

    Raises:
        UnsafeDirectory: another user could have put the sockets there.
    """
    found = _describe_all(session_ids)
    removed = [each for each in session_ids if each not in found and not session_socket(each).exists()]
    if removed:
        from session_host.keeper_client.discovery import rebind_sockets  # most lists do not need it

        if rebind_sockets():
            found |= _describe_all(removed)
    return found


def _describe_all(session_ids: list[str]) -> dict[str, Description]:
    """Like ``describe_all``, without the keeper."""
    check_private(runtime_dir())
    found: dict[str, Description] = {}
    waiting = [ClientGreeting(each, "control") for each in session_ids]
    while waiting:
        with contextlib.ExitStack() as connections:
            sockets = _open_sockets(min(len(waiting), CONNECTIONS_AT_ONCE), connections)
            asked, waiting = waiting[: len(sockets)], waiting[len(sockets) :]
            for greeting, answer in _describe(list(zip(asked, sockets, strict=True))):
                if answer is not None:
                    found[greeting.session_id] = answer
    return found


def _open_sockets(count: int, connections: contextlib.ExitStack) -> list[socket.socket]:
    """Open up to ``count`` sockets: as many as this process may still open, at least one.

    Raises:
        OSError: not even one can be opened.
    """
    sockets: list[socket.socket] = []
    while len(sockets) < count:
        try:
            sockets.append(connections.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)))
        except OSError as error:
            if not sockets or error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            break
    return sockets


def _describe(
    sessions: list[tuple[ClientGreeting, socket.socket]],
) -> Iterator[tuple[ClientGreeting, Description | None]]:
    """Ask all hosts, then read the answers; None for a host that does not answer in time."""
    deadline_s = time.monotonic() + DESCRIBE_TIMEOUT_S
    asked = []
    for greeting, connection in sessions:
        try:
            _limit(connection, deadline_s)
            connection.connect(str(session_socket(greeting.session_id)))
            if not is_foreign(connection):
                connection.sendall(greeting.data_to_send() + encode(Describe(1)))
                asked.append((greeting, connection))
        except OSError:
            continue  # There is no host, or it accepts no connections.
    for greeting, connection in asked:
        yield greeting, _answer(greeting, connection, deadline_s)


def _answer(greeting: ClientGreeting, connection: socket.socket, deadline_s: float) -> Description | None:
    decoder = Decoder(_Reply)
    is_greeted = False
    try:
        while True:
            _limit(connection, deadline_s)
            data = connection.recv(RECEIVE_BYTES)
            if not data:
                return None
            for message in decoder.feed(data):
                if not is_greeted:
                    greeting.receive(message)
                    is_greeted = True
                elif isinstance(message, Description):
                    return message
    except (OSError, ProtocolViolation, HostUnavailable):
        return None


def _limit(connection: socket.socket, deadline_s: float) -> None:
    """Limit the next call on the connection to the deadline; it gets at least a moment, so that it can succeed."""
    connection.settimeout(max(0.001, deadline_s - time.monotonic()))
