"""Main of a host: restore the session, start or adopt the program, serve, save the exit, quit.

The first host of a session and a later one begin in the same way, from the session descriptors. A replacement host for
a living one rehearses first, without changing anything; then it waits for the previous host to leave.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from session_host.errors import AgentNotFound, LaunchFailed, OutliveError
from session_host.paths import SYNC_NOTE
from session_host.protocol.keeper import (
    KEEPER_PROTOCOL_VERSION,
    ChildEnded,
    ExitSaved,
    KeeperChanged,
    Leave,
    Prepare,
    Prepared,
    Refused,
    Rehearsed,
    Running,
    SocketRebound,
    TakeOver,
)
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.messages import NoticeEvent
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.output_file import OutputFile
from session_host.storage.descriptors.session_descriptors import SessionDescriptors
from session_host.storage.descriptors.splice import Splicer
from session_host.storage.disk_sync import DiskSync
from session_host.system import event_loop
from session_host.system.clock import now
from session_host.system.files import lock_open_file
from session_host.system.processes import proc
from session_host.system.processes.identity import start_time
from session_host.system.processes.pty_process import PtyProcess, StartingProcess
from session_host.version import VERSION

from .clients.server import Server
from .driver.driver import Driver
from .driver.recover import RecoveredSession, rebuild, replay_log
from .keeper_channel import KeeperChannel
from .program.journal_writer import JournalWriter
from .program.starting import follow_start, fork_program
from .program.termination import left_running
from .store_writer import StoreWriter

if TYPE_CHECKING:
    from .report_back import ReportBack

log = logging.getLogger(__name__)

SHUTDOWN_S = 2.0
"""How long after the program's end by SIGTERM the host's own may come: a shutdown sends it to all processes."""

SWITCH_INTERVAL_S = 0.0005
PREVIOUS_HOST_EXIT_S = 3.0
"""Timeout for a previous host to exit after it was asked to; it usually takes much less."""

LOCK_POLL_INTERVAL_S = 0.01

MAX_FAILED_ENDS = 2
"""After so many hosts that died when they were to record the end, the next one records the end alone."""


class HostParameters(NamedTuple):
    """The parameters of a new host.

    Attributes:
        spec: the launch spec.
        descriptors: the session descriptors, in this process already.
        slave: the PTY's other side, -1 once the program has it.
        open_files: the program's soft limit of open files.
        other_engine: use the engine that the spec does not name.
        rehearsal: this host replaces a living one, after a rehearsal of the recovery.
        trial_s: time limit if a keeper runs this host to try the code, in no scope of its own; 0 for a real host.
    """

    spec: LaunchSpec
    descriptors: SessionDescriptors
    slave: int
    open_files: int
    other_engine: bool
    rehearsal: bool
    trial_s: float = 0.0


def run_host(parameters: HostParameters, channel: socket.socket) -> int:
    """Run the session's host; returns the process's exit status.

    Raises:
        TimeoutError: a trial took too long.
    """
    starting = None
    if not parameters.rehearsal:
        starting = fork_program(
            parameters.spec,
            parameters.descriptors,
            parameters.slave,
            parameters.open_files,
            has_scope=not parameters.trial_s,
        )
    # The end of the process that started us, or of its terminal, must not end the host.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The event loop waits this long for the interpreter while the emulator's thread runs Python.
    sys.setswitchinterval(SWITCH_INTERVAL_S)

    async def run() -> int:
        async with asyncio.timeout(parameters.trial_s or None):
            return await _Host(parameters, channel, starting).run()

    try:
        return event_loop.run(run())
    finally:
        if isinstance(starting, StartingProcess):
            starting.close()


class _Host:
    """One host: makes its parts, and handles the keeper's messages."""

    def __init__(
        self,
        parameters: HostParameters,
        channel: socket.socket,
        starting: StartingProcess | LaunchFailed | None = None,
    ) -> None:
        self._parameters = parameters
        self._starting = starting
        self._program: asyncio.Future[PtyProcess] = asyncio.get_running_loop().create_future()
        directory = Path(parameters.spec.database).parent
        self._disk_sync = DiskSync(directory, Path(parameters.spec.socket_path).parent / SYNC_NOTE)
        self._store_writer = StoreWriter(parameters.spec, os.getpid(), self._disk_sync.note_written)
        self._spec = parameters.spec
        self._splicer = Splicer()
        self._reported_journal_error = ""
        self._may_take_over = asyncio.Event()
        self._interrupted = asyncio.Event()
        self._driver: Driver | None = None
        self._server: Server | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._serving = asyncio.Event()
        self._keeper = KeeperChannel(channel, parameters.spec, parameters.descriptors, self._on_keeper_message)

    async def run(self) -> int:
        """Serve the session to its end; returns the process's exit status."""
        if self._starting is not None:
            follow_start(self._starting, self._program, self._report_running)
        if self._parameters.rehearsal and not await self._rehearse():
            return 1
        if not await self._acquire_session(PREVIOUS_HOST_EXIT_S):
            log.warning("another host serves this session")
            return 1
        descriptors, spec = self._parameters.descriptors, self._spec
        input_log = InputLog(descriptors.input_log, descriptors.master, self._splicer)
        header = input_log.header
        if not header.exit_saved and header.failed_ends >= MAX_FAILED_ENDS:
            await self._store_writer.save_end_alone(header)
        if header.exit_saved:
            # A previous host was killed while it exited.
            self._release_session()
            return 0
        program_output = OutputFile(descriptors, self._splicer)
        recovered = self._recover(input_log, program_output, read_only=False)
        await asyncio.sleep(0)  # The launcher gets the result as soon as it is known.
        directory = Path(spec.journal) if spec.journal else None
        journal_writer = JournalWriter(
            directory, spec.journal_limit_bytes, recovered.output_file, self._on_journal_progress
        )
        driver = self._driver = Driver(
            spec,
            descriptors,
            recovered,
            input_log,
            program_output,
            journal_writer,
            now=now,
            give_up=lambda: _exit_as_killed(1),
        )
        server = self._server = Server(driver, Path(spec.socket_path), descriptors.listener, self._keeper)
        if not await self._begin(driver, server, recovered.log_state.child_started):
            return 1
        assert driver.program.process is not None
        self._store_writer.set_program(driver.program.process.pid, driver.program.process.started)
        self._store_writer.set_conversation(driver.conversation.id)
        self._store_writer.set_title(driver.session.title)
        self._store_writer.set_later(driver.later.prompt)
        driver.later.has_draft = self._store_writer.has_draft
        driver.later.is_handed_over = self._store_writer.is_handed_over
        if self._starting is None:
            await self._store_writer.save_host()
        writing = [
            asyncio.create_task(event_loop.again_after_errors(work, name), name=name)
            for name, work in {
                "title": partial(self._store_writer.save_titles, driver),
                "conversation": partial(self._note_conversation, driver),
                "events": partial(self._store_writer.save_events, driver.events),
            }.items()
        ]
        report_back = self._start_report_back(driver)
        self._disk_sync.note_written()  # The launcher has written the row, and maybe files.
        await journal_writer.start(spec.facts.program.size, driver.session.ring.kept_resizes())
        gc.enable()  # Not before: a collection would write to all pages that are shared with the keeper.
        self._serving.set()
        await driver.ended.wait()
        for task in writing:
            task.cancel()
        await asyncio.wait(writing)
        if report_back is not None:
            await report_back.close()
        await driver.kind.finish()
        if not (spec.ends_all and driver.input_log.header.end_request):  # Else all of it ends with the program.
            self._store_writer.left = await left_running(driver.program.process.pid, spec.facts.id)
        if _ended_by_sigterm(driver):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._interrupted.wait(), SHUTDOWN_S)
        if not await self._store_writer.save_end(driver, interrupted=self._interrupted.is_set()):
            _exit_as_killed(1)
        log.info("recorded")
        await driver.checkpointer.close()
        await server.close()
        driver.close()
        self._release_session()
        await self._disk_sync.finish()  # Nobody waits for that.
        return 0

    def _start_report_back(self, driver: Driver) -> ReportBack | None:
        """Begin to report turns to the agent that started the chat, if it asked for that."""
        if not self._spec.reports_to:
            return None
        from .report_back import ReportBack  # few chats have it

        return ReportBack(self._spec, driver.events)

    async def _note_conversation(self, driver: Driver) -> None:
        """Save the id of the agent's conversation and the later prompt at each change, until cancelled.

        The end saves both.
        """
        while True:
            await driver.conversation_changed.wait()
            driver.conversation_changed.clear()
            self._store_writer.set_conversation(driver.conversation.id)
            self._store_writer.set_later(driver.later.prompt)
            await self._store_writer.save_host()

    def _release_session(self) -> None:
        """Report to the keeper that the session is over, and release it."""
        Path(self._spec.socket_path).unlink(missing_ok=True)
        self._keeper.send_message(ExitSaved())
        self._keeper.close()
        unlock_session(self._parameters.descriptors.input_log)
        log.info("done")

    async def _begin(self, driver: Driver, server: Server, started: int | None) -> bool:
        """Wait for the program's start, or find the program that began at ``started``; False if the start failed."""
        header = driver.input_log.header
        # The machine shuts down: end the agent gracefully; the chat counts as interrupted.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._end_gracefully)
        if self._starting is None:
            process = PtyProcess(header.child, started or start_time(header.child), self._parameters.descriptors.master)
            if started is None:  # The previous host was killed before it began with the program.
                driver.begin(process)
            else:
                driver.attach_process(process)
            server.start()
            self._report_running(process)
            return True
        server.start()
        try:
            driver.begin(await self._program)
        except OutliveError as error:
            log.warning("not started: %s", type(error).__name__)
            await server.close()
            kind = "not_found" if isinstance(error, AgentNotFound) else "failed"
            self._keeper.send_message(Refused(LaunchReport(ok=False, error=str(error), error_kind=kind)))
            return False
        return True

    def _report_running(self, process: PtyProcess) -> None:
        self._keeper.child_pid = process.pid
        self._keeper.send_message(Running(os.getpid(), process.pid, VERSION, KEEPER_PROTOCOL_VERSION))

    def _end_gracefully(self) -> None:
        # After SIGTERM, start no keeper: the machine shuts down. Without one, no disk is waited for, either.
        self._interrupted.set()
        self._keeper.stop_searching(self._store_writer.stop_waiting)
        if self._driver is not None:
            self._driver.program.signal(signal.SIGTERM)

    def _on_journal_progress(self) -> None:
        """Report the journal's progress or failure to the viewers."""
        driver = self._driver
        if driver is None:
            return
        self._disk_sync.note_written()
        error, previous = driver.journal_writer.error, self._reported_journal_error
        if error != previous:
            self._reported_journal_error = error
            driver.broadcast(NoticeEvent("recording", error))
        driver.checkpointer.free_superseded()
        if previous and not error:
            driver.checkpointer.request_checkpoint()

    # ------------------------------------------------------------ taking over

    def _recover(self, input_log: InputLog, program_output: OutputFile, *, read_only: bool) -> RecoveredSession:
        log_state, checkpoint = replay_log(self._parameters.descriptors.checkpoint, input_log, read_only=read_only)
        header = None if read_only else input_log.header
        return rebuild(
            self._spec,
            self._parameters.descriptors,
            log_state,
            checkpoint,
            program_output,
            header,
            other_engine=self._parameters.other_engine,
        )

    async def _rehearse(self) -> bool:
        """Restore the session without changing it, then wait to take it over; False if that fails."""
        descriptors = self._parameters.descriptors
        try:
            input_log = InputLog(descriptors.input_log, descriptors.master, self._splicer)
            program_output = OutputFile(descriptors, self._splicer, read_only=True)
            self._recover(input_log, program_output, read_only=True).replica.close()
            input_log.close()
        except Exception as error:
            log.exception("the rehearsal failed")
            self._keeper.send_message(Rehearsed(f"the new version cannot restore the chat ({type(error).__name__})"))
            return False
        self._keeper.give_up = self._may_take_over.set
        self._keeper.send_message(Rehearsed())
        await self._may_take_over.wait()
        if self._keeper.keeper_pid:
            return True
        # The keeper is gone. It may have asked the previous host to leave; then no other process serves the session.
        if not await self._acquire_session(PREVIOUS_HOST_EXIT_S):
            return False
        self._keeper.give_up = None
        self._keeper.search_for_keeper()
        return True

    async def _acquire_session(self, timeout_s: float) -> bool:
        """Become the session's only host, by its lock; False if another host keeps the lock."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        while not try_lock_session(self._parameters.descriptors.input_log):
            if loop.time() > deadline_s:
                return False
            await asyncio.sleep(LOCK_POLL_INTERVAL_S)  # No event reports that a lock is free.
        return True

    def _on_keeper_message(self, message: Any) -> None:
        """Handle a message of the keeper."""
        match message:
            case ChildEnded():
                if self._driver is not None:
                    self._driver.program.exit_status_saved()
            case SocketRebound():
                if self._server is not None:
                    self._server.replace_listener()
            case Prepare():
                self._preparing = asyncio.get_running_loop().create_task(self._prepare(), name="prepare")
            case Leave():
                log.info("leaving it to another host")
                _exit_as_killed(0)
            case TakeOver() | KeeperChanged():
                # A keeper that died after it promoted this host may not have sent TakeOver.
                self._keeper.give_up = None
                self._may_take_over.set()
            case _:
                log.warning("unexpected %s", type(message).__name__)

    async def _prepare(self) -> None:
        await self._serving.wait()
        if self._driver is not None:
            await self._driver.checkpointer.make_portable()
        self._keeper.send_message(Prepared())


def _ended_by_sigterm(driver: Driver) -> bool:
    """Whether the program ended by SIGTERM, or as after it, and nobody has asked for that."""
    session = driver.session
    was_signalled = session.outcome.exit_signal == signal.SIGTERM or session.outcome.exit_code == 128 + signal.SIGTERM
    return was_signalled and not driver.input_log.header.end_request


def _exit_as_killed(status: int) -> NoReturn:
    """Exit as after a kill: the session descriptors already have the whole state."""
    logging.shutdown()
    os._exit(status)


# ---------------------------------------------------------------- the session lock: one host at a time

_owned: dict[tuple[int, int], int] = {}
"""The open files that have the lock, by the device and inode of the input log; open until ``unlock_session``."""


def try_lock_session(input_log: int) -> bool:
    """Take the session's lock; returns whether this process is the session's one host now.

    The lock belongs to an open file that only this process has: the input log is opened again for it. The kernel
    releases it when the process ends. A record lock would be released when any descriptor of the file is closed.
    """
    key = _key(input_log)
    if key in _owned:
        return True
    try:
        own = os.open(proc.descriptor_path(input_log), os.O_RDWR | os.O_CLOEXEC) if sys.platform == "linux" else -1
    except FileNotFoundError:  # No /proc here.
        own = -1
    try:
        if own >= 0:
            lock_open_file(own)
            _owned[key] = own
        else:
            fcntl.lockf(input_log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if own >= 0:
            os.close(own)
        return False
    return True


def unlock_session(input_log: int) -> None:
    """Release the session's lock."""
    own = _owned.pop(_key(input_log), -1)
    if own >= 0:
        os.close(own)


def _key(input_log: int) -> tuple[int, int]:
    status = os.fstat(input_log)
    return status.st_dev, status.st_ino
