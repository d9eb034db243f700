"""A session's row merged with its host's description. Imports no asyncio."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from session_host.client.sessions.stale_rows import elsewhere, lacks_host, resolve_stale_row
from session_host.errors import HostUnavailable, ProtocolViolation, StoreError
from session_host.paths import (
    check_private,
    runtime_dir,
    session_socket,
    session_stderr,
)
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.facts import AgentStatus, ChatFacts
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Describe, Description, Error, Failed, HostReport, Welcome
from session_host.protocol.values import RUNNING_STATES, State
from session_host.standing.later_prompt import is_too_late
from session_host.standing.status import shown_status
from session_host.storage.store import Store
from session_host.system.unix_sockets import is_foreign

DESCRIBE_TIMEOUT_S = 2.0
"""How long a host may take to describe its session before it counts as unknown."""


ELSEWHERE: Final = "elsewhere"
"""The source in the status of a chat that runs on another machine, or in another container; see ``stale_rows``."""

WITHOUT_HOST: Final = "without host"
"""The source in the status of a chat whose hosts die soon after their starts."""
NOT_STARTING: Final = "the chat's background process does not start"


class ListedPrompt(msgspec.Struct, frozen=True):
    """A prompt that is to be sent at a time, as ``outlive ls --json`` has it."""

    at: str
    """When it is due, ISO 8601, UTC."""
    text: str
    by: str
    """Who set it, as in an event."""
    stage: Literal["waiting", "held", "sending", "late", "missed"]
    """"held": it is due, and ``why`` says what it waits for. "late": nothing could send it in time, and the user is
    asked. "missed": it is not sent.
    """
    why: str
    """One line; "" while it waits for its time."""


class SessionInfo(msgspec.Struct, kw_only=True):
    """One session as commands know it."""

    facts: ChatFacts
    host: HostReport | None = None
    """None if no host described it."""
    resumable: bool | None = None
    """None while that is not known."""
    stderr_path: str | None = None
    memory_bytes: int | None = None
    """The memory of its processes; None while nobody has asked for it, and if the kernel does not tell it."""

    @property
    def id(self) -> str:
        """The session's id."""
        return self.facts.id

    @property
    def name(self) -> str:
        """The session's name."""
        return self.facts.entry.name

    @property
    def state(self) -> State:
        """The state of its process."""
        return self.facts.outcome.state

    @property
    def has_host(self) -> bool:
        """Whether its host described it; a host answers for a moment after the program's end, until all is saved."""
        return self.host is not None

    @property
    def status(self) -> AgentStatus:
        """Its status as users know it; "no signal" without a source if no host described it."""
        return shown_status(self.facts) if self.has_host else self.facts.status

    @property
    def notice(self) -> str:
        """A problem of the session, one line; "" for none."""
        if self.host is not None:
            return self.host.notice
        return self.facts.status.detail if self.facts.status.source in {ELSEWHERE, WITHOUT_HOST} else ""

    @property
    def later(self) -> ListedPrompt | None:
        """The prompt that is to be sent at a time; None for none."""
        if (prompt := self.facts.later) is None:
            return None
        stage = prompt.stage or ("waiting" if not prompt.why else "held")
        return ListedPrompt(prompt.at, prompt.text, prompt.by, stage, prompt.why)

    def as_json(self) -> dict[str, object]:
        """The object that ``outlive ls --json`` prints; unknown values are None."""
        return {key: _at(self, path) for key, path in JSON_KEYS.items()}


JSON_KEYS: Final = {
    "id": "facts.origin.id",
    "name": "facts.entry.name",
    "agent": "facts.origin.agent",
    "argv": "facts.origin.argv",
    "cwd": "facts.origin.cwd",
    "state": "facts.outcome.state",
    "reason": "facts.outcome.reason",
    "exit_code": "facts.outcome.exit_code",
    "exit_signal": "facts.outcome.exit_signal",
    "activity": "status.activity",
    "activity_source": "status.source",
    "activity_detail": "status.detail",
    "activity_since": "status.since",
    "title": "facts.program.title",
    "host_pid": "facts.program.host_pid",
    "child_pid": "facts.program.child_pid",
    "keeper_pid": "host.keeper_pid",
    "created_at": "facts.origin.created_at",
    "ended_at": "facts.outcome.ended_at",
    "cols": "facts.program.size.columns",
    "rows": "facts.program.size.rows",
    "viewers": "host.viewers",
    "engine": "facts.origin.engine",
    "provider_session_id": "facts.program.conversation",
    "resumable": "resumable",
    "resumed_from": "facts.origin.resumed_from",
    "continued_by": "facts.entry.continued_by",
    "stderr_path": "stderr_path",
    "journal_bytes": "host.journal_bytes",
    "worktree": "facts.origin.worktree.path",
    "branch": "facts.origin.worktree.branch",
    "notice": "notice",
    "foreground": "facts.foreground.program",
    "foreground_since": "facts.foreground.since",
    "end_request": "facts.outcome.end_request",
    "last_exit_code": "facts.foreground.last_exit_code",
    "last_ended": "facts.foreground.last_ended",
    "runtime": "facts.origin.runtime",
    "turn_failed": "status.failed",
    "later": "later",
    "account": "facts.origin.account",
    "handed_from": "facts.origin.handed_from",
    "handed_to": "facts.entry.handed_to",
    "is_asleep": "facts.is_asleep",
    "freed_bytes": "facts.outcome.freed_bytes",
    "memory_bytes": "memory_bytes",
    "asked_at_amount": "status.asked",
}
"""The keys of a session's JSON in their order, and where the values are; scripts rely on them."""

_NOT_EMPTY: Final = {
    "status.detail",
    "status.asked",
    "facts.program.conversation",
    "notice",
    "facts.foreground.since",
    "facts.outcome.end_request",
    "facts.foreground.last_ended",
    "facts.origin.handed_from",
    "facts.entry.handed_to",
}
"""Texts that are unknown if they are empty."""


def _at(info: SessionInfo, path: str) -> object:
    """The value at a path; None if a part of it is unknown."""
    first, *rest = path.split(".")
    value: object = None if first == "status" and not info.has_host else getattr(info, first)
    for name in rest:
        if value is None:
            return None
        value = getattr(value, name)
    return None if value == "" and path in _NOT_EMPTY else value


def info_of(record: ChatFacts, description: Description | None = None) -> SessionInfo:
    """Merge a record with its host's description, which takes precedence."""
    stderr_path = _stderr_path(record.id)
    record = replace(record, origin=record.origin.without_secrets())
    if description is None:
        if where := elsewhere(record):
            detail = f"it runs {where}, which shares this computer's chats"
            record = replace(record, status=AgentStatus(source=ELSEWHERE, detail=detail))
        elif lacks_host(record):
            detail = f"{NOT_STARTING}; `outlive logs {record.id[:8]}` has the reason"
            record = replace(record, status=AgentStatus(source=WITHOUT_HOST, detail=detail))
        return SessionInfo(facts=record, stderr_path=stderr_path)
    said = description.facts
    facts = ChatFacts(
        record.origin,
        record.entry,
        replace(said.outcome, ended_at=said.outcome.ended_at or record.outcome.ended_at),
        replace(said.program, conversation=said.program.conversation or record.program.conversation),
        said.status,
        said.foreground,
    )
    return SessionInfo(facts=facts, host=description.host, stderr_path=stderr_path)


def _stderr_path(session_id: str) -> str | None:
    path = session_stderr(session_id)
    return str(path) if path.exists() else None


def merge(
    store: Store,
    records: list[ChatFacts],
    descriptions: Mapping[str, Description],
    *,
    ended: bool,
    asleep: bool = False,
) -> list[SessionInfo]:
    """Merge records with their hosts' descriptions, in the records' order.

    A record that says "running" and has no answering host is resolved; if that session has ended, it is left out
    without ``ended``. ``asleep`` keeps sleeping chats, also one that is not yet saved as asleep.
    """
    infos = []
    for record in records:
        description = descriptions.get(record.id)
        info = info_of(record if description is not None else resolve_stale_row(store, record), description)
        if ended or info.state in RUNNING_STATES or (asleep and info.facts.is_asleep):
            infos.append(info)
    return infos


CONNECTIONS_AT_ONCE = 100
RECEIVE_BYTES = 65536
_Reply = Welcome | Error | Failed | Description
"""A host sends nothing else to a client that asks for its description; all its messages take longer to prepare for."""


def list_sessions(store: Store, *, ended: bool, asleep: bool = False) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended`` also the ended ones, with ``asleep`` as ``merge`` has it.

    Raises:
        UnsafeDirectory: another user could have put the sockets there.
    """
    _correct_lost(store)
    records = store.all() if ended else store.running()
    running = [record.id for record in records if not record.outcome.is_over]
    infos = merge(store, records, describe_all(running), ended=ended, asleep=asleep)
    missed: set[str] = set()
    with contextlib.suppress(StoreError):  # The next list tries again.
        missed.update(store.miss_later(lambda prompt: is_too_late(prompt, time.time())))
    return [info_of(store.get(each.id) or each.facts) if each.id in missed else each for each in infos]


def sessions_of(store: Store, session_ids: Sequence[str]) -> list[SessionInfo]:
    """The sessions with these ids; those that are gone are left out.

    Raises:
        UnsafeDirectory: another user could have put the sockets there.
    """
    records = [record for each in session_ids if (record := store.get(each)) is not None]
    running = [record.id for record in records if not record.outcome.is_over]
    return merge(store, records, describe_all(running), ended=True)


def _correct_lost(store: Store) -> None:
    """Correct the rows of sessions that run here and that another machine has marked as lost: they have sockets."""
    try:
        sockets = {name.removesuffix(".sock") for name in os.listdir(runtime_dir()) if "-" in name}  # noqa: PTH208
    except OSError:
        return
    for session_id in sockets - {record.id for record in store.running()}:
        if (record := store.get(session_id)) is not None:
            with contextlib.suppress(StoreError):  # The next list tries again.
                resolve_stale_row(store, record)


def find_session(store: Store, text: str, *, least_digits: int = 1) -> SessionInfo:
    """Find the session that ``text`` names: its name, its id, or a unique prefix of the id.

    Blocks for up to two seconds if the session's host does not answer.

    Raises:
        NoSuchSession: no session has this name or id.
        AmbiguousSession: several sessions match.
    """
    record = store.find(text, least_digits=least_digits)
    if record.outcome.is_over:
        return info_of(resolve_stale_row(store, record))
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
