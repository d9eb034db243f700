"""The keeper's sessions, and what happens when a host or a program dies (a keeper's death: ``standby``)."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from session_host.errors import OutliveError, ProtocolViolation, why_not_started
from session_host.host.main import run_host
from session_host.keeper_client.channel import MessageChannel
from session_host.paths import obstacle
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import (
    Adopt,
    ChildEnded,
    EndBegun,
    EndSession,
    ExitSaved,
    KeeperChanged,
    KeeperMessage,
    KeeperStatus,
    Launch,
    Launched,
    Leave,
    NotReplaced,
    Prepare,
    Prepared,
    Refused,
    Rehearsed,
    Replaced,
    ReplaceHost,
    ReplaceKeeper,
    Running,
    Status,
    TakeOver,
    ToKeeper,
)
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.session.end_requests import AGENT_GRACE_S
from session_host.system.files import is_locked
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.identity import is_stopped, start_time
from session_host.system.processes.permission import (
    agent_chats,
    belongs_to,
    is_controlled_by,
    refusal_of,
    refusal_to_start,
)
from session_host.system.processes.process_tree import chat_processes, end
from session_host.system.processes.pty_process import PtyProcess
from session_host.system.unix_sockets import peer_pid
from session_host.version import VERSION

from .child_processes import (
    ANNOUNCEMENT_DELAY_S,
    UnrelatedProcesses,
    ended_children,
    kill_half_started,
    reap_and_store_status,
)
from .event_loop import Loop
from .host_forks import fork_host
from .kept_session import KeptSession, KeptSessionState, ReplacementHost
from .replication import StandbyReplication
from .sockets import ChatSockets

log = logging.getLogger(__name__)

RETRY_INTERVAL_S = 0.05

MAX_FAILED_STARTS = 3
"""Number of hosts that may die before the exec; then the launch fails."""

ANSWER_S = 3.0
"""Time limit for a host to prepare or to exit; a slower host is stopped or hangs, and is not replaced."""

OnFork = Callable[[int, MessageChannel], None]
"""Called with a host's PID and channel before the host runs."""

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

    def __init__(self, loop: Loop, open_files: int, replace_itself: ReplaceItself) -> None:
        self.sessions: dict[str, KeptSession] = {}
        self.loop = loop
        self.open_files = open_files
        self.replication = StandbyReplication()
        self._replace_itself = replace_itself
        self.channels = HostChannels(loop, self._on_host_message)
        self._host_replacement = HostReplacement(
            loop, self.replication, self.channels, partial(self._fork_host, rehearsal=True)
        )
        self._unrelated = UnrelatedProcesses(loop, self.replication, self._host_died, self.program_ended)
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
            case EndSession(session_id=session_id, gracefully=gracefully):
                return self._end(self.sessions.get(session_id), gracefully=gracefully)
            case ReplaceKeeper():
                return self._replace_itself(self, client, message)
            case _:
                log.warning("a command may not send %s", type(message).__name__)
                return None

    def _end(self, session: KeptSession | None, *, gracefully: bool) -> KeeperMessage:
        """End a session's program; see ``EndSession``."""
        if session is None or not gracefully or session.header.exit_status is not None:
            return kill_without_host(session)
        answer = stop_without_host(session)

        def kill() -> None:
            if self.sessions.get(session.id) is session and session.header.exit_status is None:
                kill_without_host(session, "stop")

        if isinstance(answer, EndBegun):
            self.loop.call_later(AGENT_GRACE_S, kill)
        return answer

    # ------------------------------------------------------------ sessions

    def _launch(self, client: MessageChannel, spec: LaunchSpec) -> KeeperMessage | None:
        known = self.sessions.get(spec.facts.id)
        if known is not None:
            if known.report is not None:
                return Launched(known.report)
            known.launchers.append(client)
            return None
        try:
            session = KeptSession.create(spec)
        except OSError as error:
            path = Path(spec.socket_path)
            problem = obstacle(path) or f"{path}: {_why_not_started(error)}"
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
                self._give_up_start(session, f"cannot start the chat's background process: {_why_not_started(error)}")
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
        if (previous := self.sessions.pop(message.spec.facts.id, None)) is not None:
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
        """Add a session with a running program; ``host_pid`` is 0 between two hosts."""
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
                self.program_ended(session)
            else:
                self.child_ended(pid, status)

    def program_ended(self, session: KeptSession) -> None:
        """Tell the host that the program's exit status is saved; without one, the next host records it at once."""
        session.send_to_host(ChildEnded())
        if not session.host_pid and session.state is KeptSessionState.RUNNING:
            session.failed_hosts = 0
            self._start_host(session)

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


class HostChannels:
    """Receives the messages of hosts."""

    def __init__(self, loop: Loop, on_message: Callable[[KeptSession, MessageChannel, Any], None]) -> None:
        """Begin without a channel.

        Args:
            loop: wakes the keeper.
            on_message: called with each message, its session and its channel.
        """
        self._loop, self._on_message = loop, on_message

    def watch(self, session: KeptSession, connection: socket.socket) -> MessageChannel:
        """Make a channel to a session's host, and receive its messages."""
        connection.setblocking(False)
        channel = MessageChannel(connection, Decoder(ToKeeper))
        self.watch_connected(session, channel)
        return channel

    def watch_connected(self, session: KeptSession, channel: MessageChannel) -> None:
        """Receive the messages of a host that has connected itself."""
        self._loop.watch(channel.socket, lambda: self._on_readable(session, channel))

    def drop(self, session: KeptSession, channel: MessageChannel | None) -> None:
        """Close a channel to a session's host, if there is one."""
        if channel is None:
            return
        if channel.socket.fileno() >= 0:
            self._loop.unwatch(channel.socket)
            channel.close()
        if session.channel is channel:
            session.channel = None

    def receive_last(self, session: KeptSession, channel: MessageChannel) -> None:
        """Handle the messages of a host that has died, which may still be unread."""
        with suppress(BlockingIOError, OSError, ProtocolViolation):
            while (messages := channel.receive()) is not None:
                for message in messages:
                    self._on_message(session, channel, message)

    def _on_readable(self, session: KeptSession, channel: MessageChannel) -> None:
        messages = self._loop.receive(channel, keep=channel.is_packets)
        if messages is None:
            # If the host has died, the keeper learns it separately.
            self.drop(session, channel)
            return
        try:
            for message in messages:
                self._on_message(session, channel, message)
        finally:
            if messages and channel.is_packets and channel.socket.fileno() >= 0:
                # Only after it is handled: if this process dies first, the next keeper reads it again.
                channel.drop_descriptors()
                channel.consume()


class HostReplacement:
    """The hand-over from a living host to its replacement."""

    def __init__(
        self,
        loop: Loop,
        replication: StandbyReplication,
        channels: HostChannels,
        rehearse: Callable[[KeptSession, OnFork], None],
    ) -> None:
        """Begin without a replacement.

        Args:
            loop: the keeper's.
            replication: sends changes to the standby.
            channels: the channels to the hosts.
            rehearse: forks a replacement host; raises OSError.
        """
        self._loop, self._replication, self._channels, self._rehearse = loop, replication, channels, rehearse

    def replace(self, session: KeptSession | None, client: MessageChannel | None) -> KeeperMessage | None:
        """Start replacing a session's host by one of this version; returns the answer to send now, or None."""
        if session is None or session.state is KeptSessionState.OVER:
            return NotReplaced("the chat is not running")
        if session.state is KeptSessionState.STARTING:
            return NotReplaced("the chat is starting; try again", passing=True)
        if not session.host_pid:  # Between two hosts, or its hosts die also under this version.
            why = f"the chat's background process does not start; see {session.spec.log}"
            return NotReplaced(why, passing=True)
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
            self._rehearse(session, replacement.set_process)
        except OSError as error:
            self.give_up(session, f"cannot start a process: {_why_not_started(error)}")

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
        self._channels.drop(session, replacement.channel)  # The replacement host exits when its channel closes.
        self._loop.reply(replacement.client, NotReplaced(reason))


def _why_not_started(error: OSError) -> str:
    """As ``why_not_started``; a shell's limit is not the keeper's, which has that of an earlier login."""
    if error.errno == errno.EMFILE:
        return "the keeper has too many open files; `outlive doctor` says how to raise its limit without a new login"
    return why_not_started(error)


def stop_without_host(session: KeptSession) -> KeeperMessage:
    """Ask a session's program to exit, as its host would do; returns the answer."""
    if session.state is not KeptSessionState.RUNNING:
        return NotReplaced("the chat is not running")
    pid = session.header.child
    session.header.request_end("stop")
    number = signal.SIGHUP if session.spec.watch.leave_by == "SIGHUP" else signal.SIGTERM
    process = PtyProcess(pid, start_time(pid), session.descriptors.master)
    process.signal(number)
    process.signal(signal.SIGCONT)  # A stopped program cannot act on a polite signal.
    log.warning("%s: stopped without a host", session.id)
    return EndBegun(session.host_pid)


def kill_without_host(session: KeptSession | None, asked: str = "kill") -> KeeperMessage:
    """Kill a session's program and its host; for an agent, also the processes that it started. Returns the answer.

    The next host finds the program ended, ends what is left of it, and records the end, with ``asked`` as its request.
    """
    if session is None or session.state is not KeptSessionState.RUNNING:
        return NotReplaced("the chat is not running")
    pid = session.header.child
    known = chat_processes(pid, Mark.of_chat(session.id)) if session.spec.ends_all else []
    session.header.request_end(asked)
    if session.header.exit_status is None and pid:
        PtyProcess(pid, start_time(pid), session.descriptors.master).signal(signal.SIGKILL)
    end([each for each in known if each.pid != session.host_pid], signal.SIGKILL)
    host_pid = session.host_pid
    log.warning("%s: ended without its host %d, which does not answer", session.id, host_pid)
    if host_pid:
        with suppress(ProcessLookupError):
            os.kill(host_pid, signal.SIGKILL)
    return EndBegun(host_pid)


def refusal(client: MessageChannel, message: Any, sessions: Mapping[str, KeptSession]) -> NotReplaced | Launched | None:
    """The answer to a refused command; None if the command is allowed.

    Args:
        client: the command's connection.
        message: the command's message; replacing the keeper means controlling all chats, and starting a chat means
            controlling those that it will control.
        sessions: the chats by their ids.
    """
    match message:
        case Launch(spec=spec):
            controlled = [each.spec for each in sessions.values() if is_controlled_by(each.spec, spec)]
        case EndSession(session_id=session_id) | ReplaceHost(session_id=session_id):
            controlled = [sessions[session_id].spec] if session_id in sessions else []
        case ReplaceKeeper():
            controlled = [each.spec for each in sessions.values()]
        case _:
            return None
    origin = agent_chats(peer_pid(client.socket))  # Reads /proc: once for all chats.
    if isinstance(message, Launch) and not belongs_to(message.spec, origin):
        log.warning("refused a launch: the chat would not belong to the agent that starts it")
        return Launched(LaunchReport(ok=False, error="an agent's chat belongs to the agent"))
    reason = next(_refusals(origin, controlled), "")
    if isinstance(message, Launch) and not reason:
        reason = refusal_to_start(origin, {session_id: each.spec for session_id, each in sessions.items()})
    if not reason:
        return None
    log.warning("refused: %s", reason)
    if isinstance(message, Launch):
        return Launched(LaunchReport(ok=False, error=reason, error_kind="refused"))
    return NotReplaced(reason, refused=True)


def _refusals(origin: tuple[str, ...], specs: Iterable[LaunchSpec]) -> Iterator[str]:
    return filter(None, (refusal_of(origin, spec, spec.facts.entry.name) for spec in specs))
