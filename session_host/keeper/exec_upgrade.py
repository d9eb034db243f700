"""Upgrade the keeper by execve(2): same PID, same children, same descriptors, same lock.

A session between two hosts is handed over as it is, and gets a host of the new version: its hosts may all die.

The keeper writes its state into a file in memory; the new program's argument is that file's descriptor. If the exec
fails, nothing has changed.
"""

from __future__ import annotations

import logging
import os
import socket
import sys

import msgspec

from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import KeeperMessage, NotReplaced, Replaced, ReplaceKeeper
from session_host.protocol.launch import LaunchSpec
from session_host.storage.descriptors.input_log import LogHeader
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.version import VERSION

from .keeper import Keeper
from .kept_session import KeptSession, KeptSessionState

log = logging.getLogger(__name__)

ARGUMENT = "--continue"


class InheritedSession(msgspec.Struct):
    """One session, as the new program gets it."""

    spec: LaunchSpec
    descriptors: list[int]
    host_pid: int
    pidfd: int
    child_pidfd: int
    channel: int
    child_pid: int
    version: str
    over: bool
    protocol: int


class InheritedState(msgspec.Struct):
    """The keeper's state, as the new program gets it."""

    listener: int
    lock: int
    asked_by: int
    open_files: int
    sessions: list[InheritedSession]
    standby: int = -1
    """The connection with the standby, which holds all descriptors until the new program has another."""


def exec_new_version(lock: int, keeper: Keeper, client: MessageChannel, message: ReplaceKeeper) -> KeeperMessage:
    """Exec the new version; on failure, return the error to send to the requester."""
    if any(each.state is KeptSessionState.STARTING or each.replacement for each in keeper.sessions.values()):
        return NotReplaced("a chat is starting or updating; try again", passing=True)
    state = InheritedState(
        keeper.loop.listener.fileno(),
        lock,
        client.socket.fileno(),
        keeper.open_files,
        [_inherited_session(session) for session in keeper.sessions.values()],
        -1 if keeper.replication.connection is None else keeper.replication.connection.fileno(),
    )
    file = os.memfd_create("outlive-keeper", 0)
    data = msgspec.msgpack.encode(state)
    done = 0
    while done < len(data):
        done += os.write(file, data[done:])
    descriptors = [file, *_descriptors_of(state)]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    log.info("becoming %s", message.argv)
    sys.stderr.flush()
    try:
        os.execve(  # noqa: S606 - no shell is wanted
            message.argv[0], [*message.argv, ARGUMENT, str(file)], {**os.environ, **message.environment}
        )
    except OSError as error:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        os.close(file)
        return NotReplaced(f"{message.argv[0]}: {error.strerror}")


def _inherited_session(session: KeptSession) -> InheritedSession:
    return InheritedSession(
        session.spec,
        list(session.descriptors.present),
        session.host_pid,
        session.pidfd,
        session.child_pidfd,
        session.channel.socket.fileno() if session.channel is not None else -1,
        session.child_pid,
        session.version,
        session.state is KeptSessionState.OVER,
        session.protocol,
    )


def _descriptors_of(state: InheritedState) -> list[int]:
    descriptors = [state.listener, state.lock, state.asked_by, *([state.standby] if state.standby >= 0 else [])]
    for session in state.sessions:
        descriptors += [
            *session.descriptors,
            *(each for each in (session.pidfd, session.child_pidfd, session.channel) if each >= 0),
        ]
    return descriptors


def read_inherited_state(descriptor: int) -> InheritedState:
    """Read the state that the earlier version left in a file, and make its descriptors close-on-exec."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb") as file:
        state = msgspec.msgpack.decode(file.read(), type=InheritedState)
    for each in _descriptors_of(state):
        os.set_inheritable(each, False)
    return state


def restore_inherited_state(keeper: Keeper, state: InheritedState) -> None:
    """Restore the earlier version's sessions, and report success to the requester."""
    for each in state.sessions:
        descriptors = SessionDescriptors(*each.descriptors)
        session = KeptSession(each.spec, descriptors, LogHeader(descriptors.input_log))
        session.state = KeptSessionState.OVER if each.over else KeptSessionState.RUNNING
        session.pidfd, session.child_pidfd = each.pidfd, each.child_pidfd
        session.protocol = each.protocol
        keeper.add_session(session, each.host_pid, each.child_pid, each.version)
        if each.channel >= 0:
            keeper.add_channel(session, socket.socket(fileno=each.channel))
    client = keeper.loop.add_client(socket.socket(fileno=state.asked_by))
    keeper.loop.reply(client, Replaced(VERSION))
