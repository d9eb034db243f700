"""The keeper's sessions, and what happens when a host or a program dies (a keeper's death: ``pair``)."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from session_host.errors import OutliveError, why_not_started
from session_host.host.main import run_host
from session_host.keeper_client.channel import MessageChannel
from session_host.paths import obstacle
from session_host.protocol.keeper import (
    Adopt,
    ChildEnded,
    EndSession,
    ExitSaved,
    KeeperChanged,
    KeeperMessage,
    KeeperStatus,
    Launch,
    Launched,
    Prepared,
    Refused,
    Rehearsed,
    ReplaceHost,
    ReplaceKeeper,
    Running,
    Status,
)
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.system.files import is_locked
from session_host.version import VERSION

from .event_loop import Loop
from .forced_end import kill_without_host
from .host_channels import HostChannels
from .host_replacement import HostReplacement, OnFork
from .kept_session import KeptSession, KeptSessionState
from .permission import refusal
from .processes.children import ended_children, kill_half_started, reap_and_store_status
from .processes.forking import fork_host
from .processes.unrelated import ANNOUNCEMENT_DELAY_S, UnrelatedProcesses
from .sockets import ChatSockets
from .standby.replication import DescriptorHolder, StandbyReplication

log = logging.getLogger(__name__)

RETRY_INTERVAL_S = 0.05
MAX_FAILED_STARTS = 3
"""Number of hosts that may die before the exec; then the launch fails."""

ReplaceItself = Callable[["Keeper", MessageChannel, ReplaceKeeper], KeeperMessage]


class Keeper:
    """Keeps the sessions, and answers commands and hosts.

    Attributes:
        sessions: the sessions by their ids.
        loop: wakes the keeper.
        sockets: the sessions' sockets; ``channels``: the channels to their hosts.
        replication: sends each change to the standby, in the active keeper.
        open_files: the programs' soft limit of open files; ours is higher.
    """

    def __init__(
        self, loop: Loop, open_files: int, replace_itself: ReplaceItself, holder: DescriptorHolder | None = None
    ) -> None:
        self.sessions: dict[str, KeptSession] = {}
        self.loop = loop
        self.open_files = open_files
        self.replication = StandbyReplication(holder)
        self._replace_itself = replace_itself
        self.channels = HostChannels(loop, self._on_host_message)
        self._host_replacement = HostReplacement(loop, self.replication, self._fork_host, self.channels.drop)
        self._unrelated = UnrelatedProcesses(loop, self.replication, self._host_died)
        self.sockets = ChatSockets(loop, self.sessions, self.replication)

    def is_busy(self) -> bool:
        """Whether there is a session."""
        return bool(self.sessions)

    def on_connection(self, client: MessageChannel, message: Any) -> None:
        """Answer a command's message, or adopt the session of a host that lost its keeper."""
        if isinstance(message, Adopt):
            self._adopt(client, message)
            return
        answer = self._answer(client, message)
        if answer is not None:
            self.loop.reply(client, answer)

    def _answer(self, client: MessageChannel, message: Any) -> KeeperMessage | None:
        if (refused := refusal(client, message, self.sessions)) is not None:
            return refused
        match message:
            case Launch(spec=spec):
                return self._launch(client, spec)
            case Status():
                self.sockets.rebind_missing()
                return KeeperStatus(os.getpid(), VERSION, [each.summary() for each in self.sessions.values()])
            case ReplaceHost(session_id=session_id):
                return self._host_replacement.replace(self.sessions.get(session_id), client)
            case EndSession(session_id=session_id):
                return kill_without_host(self.sessions.get(session_id))
            case ReplaceKeeper():
                return self._replace_itself(self, client, message)
            case _:
                log.warning("a command may not send %s", type(message).__name__)
                return None

    # ------------------------------------------------------------ sessions

    def _launch(self, client: MessageChannel, spec: LaunchSpec) -> KeeperMessage | None:
        known = self.sessions.get(spec.session_id)
        if known is not None:
            if known.report is not None:
                return Launched(known.report)
            known.launchers.append(client)
            return None
        try:
            session = KeptSession.create(spec)
        except OSError as error:
            path = Path(spec.socket_path)
            problem = obstacle(path) or f"{path}: {why_not_started(error)}"
            return Launched(LaunchReport(ok=False, error=problem, error_kind="failed"))
        if client.is_over():
            # Without a socket, ``client.sessions.session_info`` takes this start for one that was cut short.
            log.info("%s: the launcher is gone", session.id)
            Path(spec.socket_path).unlink(missing_ok=True)
            session.close()
            return None
        session.launchers.append(client)
        self.sessions[session.id] = session
        self.replication.add_session(session)
        self._start_host(session)
        return None

    def _start_host(self, session: KeptSession) -> None:
        """Fork a host for a session."""
        if self.sessions.get(session.id) is not session or session.host_pid:
            return
        if is_locked(session.descriptors.input_log):  # Its host lives, and will connect to this keeper.
            self.loop.call_later(RETRY_INTERVAL_S, lambda: self._start_host(session))
            return
        self.sockets.rebind_if_missing(session, must_connect=True)

        def on_fork(pid: int, channel: MessageChannel) -> None:
            session.host_pid, session.channel = pid, channel
            self.replication.update_session(session, channel=True)

        try:
            self._fork_host(session, on_fork)
        except OSError as error:
            wait_s = session.count_death(None)
            log.warning("%s: no host could be forked: %s", session.id, error)
            if session.state is KeptSessionState.STARTING and session.failed_hosts > MAX_FAILED_STARTS:
                self._give_up_start(session, f"cannot start the chat's background process: {why_not_started(error)}")
            else:
                self.loop.call_later(max(wait_s, 0.1), lambda: self._start_host(session))
            return
        log.info("%s: host %d", session.id, session.host_pid)

    def _give_up_start(self, session: KeptSession, why: str) -> None:
        if session.header.child:
            with suppress(OSError):
                os.killpg(session.header.child, signal.SIGKILL)  # No viewer would ever see its output.
        Path(session.spec.socket_path).unlink(missing_ok=True)
        self._report(session, LaunchReport(ok=False, error=why, error_kind="failed"))
        self._remove_session(session)

    def _fork_host(self, session: KeptSession, on_fork: OnFork, *, rehearsal: bool = False) -> None:
        parameters = session.host_parameters(self.open_files, rehearsal=rehearsal)
        fork_host(
            session.descriptors,
            session.slave,
            session.spec.log,
            lambda channel: run_host(parameters, channel),
            on_fork=lambda pid, ours: on_fork(pid, self.channels.watch(session, ours)),
        )

    def _on_host_message(self, session: KeptSession, channel: MessageChannel, message: Any) -> None:
        replacement = session.replacement
        match message:
            case Running():
                session.child_pid, session.running_since_s = message.child_pid, time.monotonic()
                session.version, session.protocol = message.version, message.protocol
                session.close_slave()
                if session.state is KeptSessionState.STARTING:
                    session.state = KeptSessionState.RUNNING
                    self.sockets.rebind_if_missing(session)
                    self._report(session, LaunchReport(ok=True, host_pid=message.host_pid, child_pid=message.child_pid))
                else:
                    self.replication.update_session(session)
            case Refused(report=report):
                session.state = KeptSessionState.OVER
                self._report(session, report)
            case ExitSaved():
                session.state = KeptSessionState.OVER
                self.replication.update_session(session)
            case Prepared() if replacement is not None and not replacement.pid:
                self._host_replacement.rehearse(session, replacement)
            case Rehearsed(why=why) if replacement is not None and replacement.channel is channel:
                self._host_replacement.on_rehearsed(session, replacement, why)
            case _:
                log.warning("%s: unexpected %s", session.id, type(message).__name__)

    def _report(self, session: KeptSession, report: LaunchReport) -> None:
        session.report = report
        self.replication.update_session(session)
        for client in session.launchers:
            self.loop.reply(client, Launched(report))
        session.launchers.clear()

    def _remove_session(self, session: KeptSession) -> None:
        self.replication.remove_session(session)
        self.release_session(session)

    def release_session(self, session: KeptSession) -> None:
        """Release a session and its descriptors."""
        self.channels.drop(session, session.channel)
        if session.replacement is not None:
            self._host_replacement.give_up(session, "the chat has ended")
        self._unrelated.forget(session)
        if self.sessions.get(session.id) is session:
            del self.sessions[session.id]
        session.close()

    def _adopt(self, client: MessageChannel, message: Adopt) -> None:
        """Adopt a session from a host of a previous keeper, and the channel to it if the host sent one."""
        try:
            session, channel = KeptSession.adopt(message.spec, list(client.descriptors))
        except (OutliveError, OSError, ValueError) as error:
            log.warning("not adopted: %s", error)
            self.loop.drop(client)
            return
        client.descriptors.clear()
        if (previous := self.sessions.pop(message.spec.session_id, None)) is not None:
            self._remove_session(previous)
        session.state, session.protocol = KeptSessionState.RUNNING, message.protocol
        self.add_session(session, message.host_pid, message.child_pid, message.version)
        self.replication.add_session(session)
        if channel is not None:
            self.add_channel(session, channel)
            self.replication.update_session(session, channel=True)
            session.send_to_host(KeeperChanged(os.getpid()))
            self.loop.drop(client)
        else:
            self.replication.update_session(session)
            self.loop.release(client)
            session.channel = client
            self.channels.watch_connected(session, client)
        log.info("%s: adopted from host %d", session.id, session.host_pid)
        self.sockets.rebind_if_missing(session, must_connect=True)
        self._unrelated.watch(session)

    def add_session(self, session: KeptSession, host_pid: int, child_pid: int, version: str) -> None:
        """Add a session that has a running host."""
        session.host_pid, session.child_pid, session.version = host_pid, child_pid, version
        session.report = LaunchReport(ok=True, host_pid=host_pid, child_pid=child_pid)
        self.sessions[session.id] = session

    def add_channel(self, session: KeptSession, connection: socket.socket) -> None:
        """Add the channel of a host that is older than this process."""
        session.channel = self.channels.watch(session, connection)

    # ------------------------------------------------------------ two processes

    def become_active(self) -> None:
        """Become the active keeper, with the state copied by the fork."""
        children = self._unrelated.children_of_keepers()
        for session in tuple(self.sessions.values()):
            if not session.host_pid:
                self._unrelated.watch_program(session)
                self._replace_dead_host(session, None)
            elif session.host_pid not in children and not self._unrelated.watch_host(session):
                self._host_died(session, None)
            if session.header.exit_status is not None:
                session.send_to_host(ChildEnded())
        self.loop.call_later(ANNOUNCEMENT_DELAY_S, self._announce_keeper)

    def _announce_keeper(self) -> None:
        """Repeat messages that the previous process may not have sent; this wakes all hosts."""
        for session in self.sessions.values():
            self._unrelated.watch(session)
            if session.channel is not None and session.channel.is_packets:
                session.send_to_host(KeeperChanged(os.getpid()))
                if session.is_rebound:
                    self.sockets.send_bound_socket(session)

    def stand_by(self) -> None:
        """Become the standby: keep the sessions, drop clients, timers and unfinished replacements."""
        self.loop.drop_clients_and_timers()
        for session in self.sessions.values():
            self._unrelated.forget(session)
            if session.replacement is not None:
                self.channels.drop(session, session.replacement.channel)
                session.replacement = None

    # ------------------------------------------------------------ deaths

    def children_ended(self) -> None:
        """Store each child's exit status before reaping it; programs of dead hosts are children, too."""
        for pid, status in ended_children():
            session = reap_and_store_status(self.sessions.values(), pid, status)
            if session is not None:
                session.send_to_host(ChildEnded())
            else:
                self.child_ended(pid, status)

    def child_ended(self, pid: int, status: int) -> None:
        """Handle the end of a child of this process or of the standby: perhaps a host, never a program."""
        for session in tuple(self.sessions.values()):
            if session.host_pid == pid:
                self._host_died(session, status)
                return
            if session.replacement is not None and session.replacement.pid == pid:
                self._host_replacement.on_replacement_exit(session, session.replacement)
                return

    def _host_died(self, session: KeptSession, status: int | None) -> None:
        if session.channel is not None:
            self.channels.receive_last(session, session.channel)
            self.channels.drop(session, session.channel)
        log.info("%s: host %d ended, status %s", session.id, session.host_pid, status)
        session.host_pid = 0
        self._unrelated.forget_host(session)
        self.replication.update_session(session)
        self._replace_dead_host(session, status)

    def _replace_dead_host(self, session: KeptSession, status: int | None) -> None:
        """Promote the session's replacement host after its host's death, or fork a new one."""
        if session.state is KeptSessionState.OVER:
            self._remove_session(session)
            return
        replacement = session.replacement
        if replacement is not None and replacement.is_ready:
            self._host_replacement.promote(session, replacement)
            return
        if replacement is not None:
            self._host_replacement.give_up(session, "the chat's background process died")
        wait_s = session.count_death(status)
        if session.header.engine_suspected:
            log.warning("%s: the engine is suspected; the next host uses the other one", session.id)
        if session.state is KeptSessionState.STARTING:
            if not session.header.child:
                kill_half_started(session, self.sessions.values())
            if session.failed_hosts > MAX_FAILED_STARTS:
                self._give_up_start(session, f"the chat's background process failed to start; see {session.spec.log}")
                return
        if wait_s:
            self.loop.call_later(wait_s, lambda: self._start_host(session))
        else:
            self._start_host(session)
