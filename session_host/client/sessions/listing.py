"""Lists sessions with blocking sockets: importing asyncio takes longer than asking twenty hosts."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator

from session_host.errors import HostUnavailable, ProtocolViolation
from session_host.paths import check_private, runtime_dir, session_socket
from session_host.protocol.codec import HostDecoder, encode
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Describe, Description
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store
from session_host.system.unix_sockets import is_foreign

from .session_info import DESCRIBE_TIMEOUT_S, SessionInfo, info_of, merge, resolve_stale_row

CONNECTIONS_AT_ONCE = 100
RECEIVE_BYTES = 65536
DIGITS_TO_END = 4
"""How many digits of an id a command that ends or removes a session needs, so that a typing error ends none."""


def list_sessions(store: Store, *, ended: bool) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended`` also the ended ones.

    Raises:
        UnsafeDirectory: another user could have put the sockets there.
    """
    records = store.all() if ended else store.running()
    running = [record.id for record in records if record.state in RUNNING_STATES]
    return merge(store, records, describe_all(running), ended=ended)


def find_session(store: Store, text: str, *, to_end: bool = False) -> SessionInfo:
    """Find the session that ``text`` names: its name, its id, or a unique prefix (four digits or more with ``to_end``).

    Blocks for up to two seconds if the session's host does not answer.

    Raises:
        NoSuchSession: no session has this name or id.
        AmbiguousSession: several sessions match.
    """
    record = store.find(text, least_digits=DIGITS_TO_END if to_end else 1)
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
    decoder = HostDecoder()
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
