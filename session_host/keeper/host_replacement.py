"""Replaces a living host by one of another version. See ``protocol.keeper``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Protocol

from session_host.errors import why_not_started
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.keeper import (
    KeeperChanged,
    KeeperMessage,
    Leave,
    NotReplaced,
    Prepare,
    Replaced,
    TakeOver,
)
from session_host.system.processes.identity import is_stopped
from session_host.version import VERSION

from .event_loop import Loop
from .kept_session import KeptSession, KeptSessionState, ReplacementHost
from .standby.replication import StandbyReplication

log = logging.getLogger(__name__)


ANSWER_S = 3.0
"""Time limit for a host to prepare or to exit; a slower host is stopped or hangs, and is not replaced."""

OnFork = Callable[[int, MessageChannel], None]


class Fork(Protocol):
    """Forks a host for a session."""

    def __call__(self, session: KeptSession, on_fork: OnFork, *, rehearsal: bool = False) -> None:
        """Call ``on_fork`` with the host's PID and channel before the host runs; raises OSError."""


class HostReplacement:
    """The hand-over from a living host to its replacement."""

    def __init__(
        self,
        loop: Loop,
        replication: StandbyReplication,
        fork_host: Fork,
        drop_channel: Callable[[KeptSession, MessageChannel | None], None],
    ) -> None:
        self._loop = loop
        self._replication = replication
        self._fork_host = fork_host
        self._drop_channel = drop_channel

    def replace(self, session: KeptSession | None, client: MessageChannel | None) -> KeeperMessage | None:
        """Start replacing a session's host by one of this version; returns the answer to send now, or None."""
        if session is None or session.state is KeptSessionState.OVER:
            return NotReplaced("the chat is not running")
        if session.state is KeptSessionState.STARTING or not session.host_pid:
            return NotReplaced("the chat is starting; try again", passing=True)
        if session.replacement is not None:
            return NotReplaced("already updating", passing=True)
        session.replacement = replacement = ReplacementHost(client)
        session.send_to_host(Prepare())
        self._limit_wait(session, replacement)
        return None

    def _limit_wait(self, session: KeptSession, replacement: ReplacementHost) -> None:
        """Set the time limit for the previous host's part of the next step."""
        is_leaving = replacement.is_leaving

        def check() -> None:
            is_under_way = session.replacement is replacement and replacement.is_leaving is is_leaving
            if is_under_way and (is_leaving or not replacement.pid):
                process = f"PID {session.host_pid}{', which is stopped' if is_stopped(session.host_pid) else ''}"
                self.give_up(session, f"the chat's background process ({process}) does not respond")

        self._loop.call_later(ANSWER_S, check)

    def rehearse(self, session: KeptSession, replacement: ReplacementHost) -> None:
        """Fork the replacement host for its rehearsal, since the previous host is prepared."""
        try:
            self._fork_host(session, replacement.set_process, rehearsal=True)
        except OSError as error:
            self.give_up(session, f"cannot start a process: {why_not_started(error)}")

    def on_rehearsed(self, session: KeptSession, replacement: ReplacementHost, reason: str) -> None:
        """Ask the previous host to leave after a good rehearsal; give up after a failed one."""
        if reason:
            self.give_up(session, reason)
        else:
            replacement.is_ready = replacement.is_leaving = True
            session.send_to_host(Leave())
            self._limit_wait(session, replacement)

    def promote(self, session: KeptSession, replacement: ReplacementHost) -> None:
        """Give the session to the replacement host, after the previous host has exited."""
        session.replacement = None
        session.host_pid, session.channel = replacement.pid, replacement.channel
        self._replication.update_session(session, channel=True)
        session.send_to_host(TakeOver())
        session.send_to_host(KeeperChanged(os.getpid()))
        log.info("%s: host %d has taken over", session.id, session.host_pid)
        self._loop.reply(replacement.client, Replaced(VERSION))

    def on_replacement_exit(self, session: KeptSession, replacement: ReplacementHost) -> None:
        """Give up, because the replacement host exited before it had taken over."""
        if replacement.is_leaving:
            # The previous host is leaving already; its exit causes a fork, like any death.
            replacement.is_ready = False
        self.give_up(session, "the new background process failed to start; the old one keeps running")

    def give_up(self, session: KeptSession, reason: str) -> None:
        """Cancel the replacement and report why; the previous host continues."""
        replacement, session.replacement = session.replacement, None
        if replacement is None:
            return
        log.warning("%s: not replaced: %s", session.id, reason)
        self._drop_channel(session, replacement.channel)  # The replacement host exits when its channel closes.
        self._loop.reply(replacement.client, NotReplaced(reason))
