"""Carries out the rules' effects in order; see ``session_host.session``. Key path, 13 of 16. Answer path, 12 of 15.

An effect that fails never leaves the parts of a session apart. What concerns one client costs that client its
connection: it connects again, and gets what it lacks by its offset. A host that cannot record what its rules have
decided ends as if it were killed, and the next one continues from what is recorded.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from signal import Signals
from typing import Any, TypeVar

from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.program import Program
from session_host.host.program.termination import end_processes
from session_host.paths import session_socket
from session_host.protocol.codec import encode
from session_host.protocol.messages import OUTPUT_CHUNK_BYTES, Kill, Output, Reply, Send, SendChatInput, Sleep, Stop
from session_host.protocol.packing import MAX_SNAPSHOT_BYTES
from session_host.protocol.values import SnapshotKind
from session_host.session.effects import (
    AppendEntry,
    AppendRecord,
    Broadcast,
    Close,
    Effect,
    EndProcesses,
    Flush,
    ListProcesses,
    Log,
    MakeSnapshot,
    RecordEndRequest,
    Refuse,
    SendMore,
    SendReply,
    SignalProgram,
    Snapshot,
    StartTimer,
    StopTimer,
    TimerOwner,
    UseLogin,
    WriteToProgram,
)
from session_host.session.end_requests import AGENT_GRACE_S
from session_host.session.output_ring import Span
from session_host.session.session import Session
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.output_file import MemoryFile
from session_host.structured.engine import TranscriptEngine
from session_host.structured.transcript import BUILD as TRANSCRIPT
from session_host.system.login_sockets import VARIABLES, point_links
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.identity import environment_variables
from session_host.system.processes.process_tree import ChatProcess, chat_processes, descendants
from session_host.system.worker import Worker
from session_host.terminal.base import Replica

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R", Send, Stop | Kill | Sleep, SendChatInput)

RECORDED = (AppendEntry, AppendRecord, WriteToProgram)
"""Effects that record what the rules have decided, whose state is ahead of the record if one fails."""

Handlers = Mapping[type[Effect], Callable[[Any], None]]
"""The handlers by type of effect; a handler gets the effect."""


_REST_BYTES = 32 * 1024 * 1024
"""How much of a snapshot may be other than items."""


def _snapshot_of(engine_build: str, kind: SnapshotKind, replica: Replica) -> Snapshot:
    """A snapshot; the caller knows its offset."""
    has_history = kind is not SnapshotKind.SCREEN
    is_readable = replica.build == TRANSCRIPT or (has_history and replica.build == engine_build)
    form = replica.build if is_readable else "vt"
    if kind is SnapshotKind.PACKED and isinstance(replica, TranscriptEngine):
        data = replica.transcript.snapshot(newest_bytes=MAX_SNAPSHOT_BYTES - _REST_BYTES)
    else:
        data = replica.snapshot() if is_readable and has_history else replica.replay(history=has_history)
    if kind is not SnapshotKind.WHOLE:
        data = zlib.compress(data, 1)
    return Snapshot(form, data, replica.size, replica.scrollback_limit, 0, 0, kind)


class Performer:
    """Carries out a session's effects in order, and owns its timers."""

    def __init__(
        self,
        session: Session,
        program: Program,
        worker: EmulatorWorker[Replica],
        input_log: InputLog,
        output_file: MemoryFile,
        *,
        give_up: Callable[[], object],
    ) -> None:
        """Begin with nothing pending.

        Args:
            session: the rules.
            program: the session's program; ``worker`` has its emulator.
            worker: see ``program``.
            input_log: the session's input log.
            output_file: the output, or a structured session's transcript log.
            give_up: ends this host as if it were killed.
        """
        self._session, self._program, self._worker = session, program, worker
        self._input_log, self._output_file, self._give_up = input_log, output_file, give_up
        self._effects = session.effects
        self._timers: dict[tuple[TimerOwner, str], asyncio.TimerHandle] = {}
        self._is_performing = False
        self._handlers: dict[type[Effect], Callable[[Any], None]] = {
            AppendEntry: self._append_entry,
            Broadcast: lambda effect: session.clients.broadcast(effect.event),
            Flush: self._flush,
            Refuse: lambda effect: effect.client.refuse(effect.code, effect.text),
            Close: self._close,
            Log: lambda effect: log.info("%s", effect.text),
            UseLogin: self._use_login,
            SendMore: lambda effect: effect.sender.send_more(),
            MakeSnapshot: self._make_snapshot,
            StartTimer: self._start_timer,
            StopTimer: self._stop_timer,
            SendReply: self._answer,
            RecordEndRequest: lambda effect: input_log.header.request_end(effect.kind),
            SignalProgram: lambda effect: program.signal(Signals[effect.name]),
            ListProcesses: self._list_processes,
            EndProcesses: self._end_processes,
        }

    def add_handlers(self, handlers: Handlers) -> None:
        """Add handlers for more kinds of effects, for parts that the performer does not know."""
        self._handlers.update(handlers)

    def perform(self) -> None:
        """Carry out the listed effects, and the effects that they add; then raise the first error that none handles."""
        if self._is_performing:
            return  # New effects run after those that were pending before.
        self._is_performing = True
        failure: Exception | None = None
        try:
            while self._effects:
                effect = self._effects.pop(0)
                try:
                    self._handlers[type(effect)](effect)
                except Exception as error:  # noqa: BLE001 - handled by the kind of the effect, or raised
                    failure = failure or self._after_failure(effect, error)
        finally:
            self._is_performing = False
        if failure is not None:
            raise failure

    def _after_failure(self, effect: Effect, error: Exception) -> Exception | None:
        """Keep the session in order after an effect that failed; returns the error if the caller is to get it."""
        match effect:
            case Flush(client) | Refuse(client):
                peer = client.peer
            case Close(peer):
                pass
            case _:
                if isinstance(effect, RECORDED):
                    log.critical("%s failed, so another host continues", type(effect).__name__, exc_info=error)
                    self._give_up()
                return error
        log.error("a client was dropped: %s failed", type(effect).__name__, exc_info=error)
        peer.abort()
        return None

    def close(self) -> None:
        """Stop all timers; effects that are left are not carried out."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _append_entry(self, effect: AppendEntry) -> None:
        self._input_log.append(effect.kind, effect.payload, effect.tag, effect.number)

    def _flush(self, effect: Flush) -> None:
        transport = effect.client.peer
        for piece in effect.client.data_to_send():
            if isinstance(piece, Span):
                for start, data in self._output_file.pieces(*piece, OUTPUT_CHUNK_BYTES):
                    transport.write(encode(Output(start, data)))
            else:
                transport.write(piece)

    def _close(self, effect: Close) -> None:
        if effect.why:
            log.warning("dropped a client: %s", effect.why)
        effect.peer.close()

    def _use_login(self, effect: UseLogin) -> None:
        try:
            point_links(
                environment_variables(effect.peer.peer_pid, *VARIABLES), session_socket(self._session.session_id)
            )
        except OSError as error:
            log.warning("the links to the login's sockets: %s", error)

    def _make_snapshot(self, effect: MakeSnapshot) -> None:
        worker, user = self._worker, effect.user

        def made(snapshot: Snapshot) -> None:
            offset, resizes = worker.interpreted_to, worker.resizes
            log.info(
                "snapshot form=%s kind=%s bytes=%d offset=%d ahead=%d",
                snapshot.form,
                snapshot.kind,
                len(snapshot.data),
                offset,
                self._output_file.end - offset,
            )
            user.snapshot_made(snapshot._replace(offset=offset, resizes=resizes))
            self.perform()

        def failed() -> None:
            user.snapshot_failed()
            self.perform()

        worker.submit(partial(_snapshot_of, effect.engine_build, effect.kind), made, failed)

    # ------------------------------------------------------------ requests

    async def ask(self, rule: Callable[[R, asyncio.Future[Reply]], None], request: R) -> Reply:
        """Pass a request to a rule, and wait for the rules' answer."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        rule(request, answer)
        self.perform()
        return await answer

    def _answer(self, effect: SendReply) -> None:
        if not effect.client.done():
            effect.client.set_result(effect.reply)

    def _list_processes(self, effect: ListProcesses) -> None:
        leader, mark = self._leader_and_mark()
        nothing: list[ChatProcess] = []
        # Others of the chat are found after the program's end: by their mark, or in its session.
        self._in_thread(
            lambda: descendants(leader, mark) or chat_processes(leader, mark), effect.user.processes_listed, nothing
        )

    def _end_processes(self, effect: EndProcesses) -> None:
        leader, mark = self._leader_and_mark()
        end = partial(end_processes, gracefully=effect.gracefully, group_grace_s=AGENT_GRACE_S)
        self._in_thread(
            lambda: end(leader, mark, effect.processes),
            lambda _: effect.user.processes_ended(),
            None,
        )

    def _leader_and_mark(self) -> tuple[int, Mark]:
        """The program's PID, and the mark of its chat's processes."""
        assert self._program.process is not None
        return self._program.process.pid, Mark.of_chat(self._session.session_id)

    def _in_thread(self, work: Callable[[], T], done: Callable[[T], None], otherwise: T) -> None:
        """Do blocking work in a thread, and call ``done`` with its result, or with ``otherwise`` if it fails."""

        def finish(result: T) -> None:
            done(result)
            self.perform()

        def failed(error: BaseException) -> None:
            log.error("the chat's processes: %s", error, exc_info=error)
            finish(otherwise)

        Worker().submit_and_call(work, finish, failed)

    # ------------------------------------------------------------ timers

    def _start_timer(self, effect: StartTimer) -> None:
        loop = asyncio.get_running_loop()
        self._timers[effect.owner, effect.name] = loop.call_later(effect.after_s, self._due, effect.owner, effect.name)

    def _stop_timer(self, effect: StopTimer) -> None:
        timer = self._timers.pop((effect.owner, effect.name), None)
        if timer is not None:  # ``close`` has stopped all timers.
            timer.cancel()

    def _due(self, owner: TimerOwner, name: str) -> None:
        del self._timers[owner, name]
        owner.timer_due(name)
        self.perform()
