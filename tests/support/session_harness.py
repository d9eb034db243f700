"""Runs a session in the test's own process, on descriptors that outlive it, like those that the keeper holds."""

from __future__ import annotations

import os
import tty
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from session_host.host.driver.clearer import Clearer
from session_host.host.driver.driver import Driver
from session_host.host.driver.recover import RecoveredSession, rebuild, replay_log
from session_host.host.driver.terminal import TerminalDriver
from session_host.host.program.emulator_worker import EmulatorWorker
from session_host.host.program.journal_writer import JournalWriter
from session_host.paths import config_dir, session_socket
from session_host.protocol.launch import LaunchSpec
from session_host.protocol.messages import Input
from session_host.protocol.values import CellSize, GridSize
from session_host.session.attachments import Attachment
from session_host.session.sizing import RESIZE
from session_host.storage.descriptors import session_descriptors
from session_host.storage.descriptors.input_log import InputLog
from session_host.storage.descriptors.output_file import OutputFile
from session_host.storage.descriptors.splice import Splicer
from session_host.system.processes.pty_process import PtyProcess
from tests.support.facts import changed, chat_facts
from tests.support.waiting import wait_readable

SESSION_ID = "5e55104e-0000-4000-8000-000000000001"

OPEN_FILES = 1024
"""The programs' soft limit of open files."""


def spec_of(**changes: object) -> LaunchSpec:
    """The launch spec of a session in this test's area, without a journal.

    ``changes`` replace its fields, and columns of its facts.
    """
    facts = chat_facts(
        id=SESSION_ID,
        name="n",
        agent="command",
        argv=["x"],
        columns=40,
        rows=6,
        engine="pyte",
        created_at="2026-01-01T00:00:00Z",
    )
    facts = changed(facts, **{name: changes.pop(name) for name in changes.keys() - LaunchSpec.__struct_fields__})
    spec = LaunchSpec(
        facts=facts,
        env=dict(os.environ),
        scrollback_lines=100,
        colors=None,
        socket_path=str(session_socket(facts.id)),
        database="",
        screen="",
        umask=0o077,
        log="/dev/null",
        journal="",
        journal_limit_bytes=1 << 26,
        settings=str(config_dir() / "chats.toml"),
    )
    return msgspec.structs.replace(spec, **changes)


class CountingSplicer(Splicer):
    """A splicer that counts the bytes written to the program."""

    def __init__(self, harness: SessionHarness) -> None:
        super().__init__()
        self._harness = harness

    def sendfile_to_pty(self, master: int, file: int, count: int) -> int:
        sent = super().sendfile_to_pty(master, file, count)
        self._harness.unread_bytes += sent
        return sent


class SessionHarness:
    """Makes a session from its descriptors, kills it, and makes it again, as its hosts do.

    Attributes:
        given_up: how often a host could not record something, and would have ended.
        spec, descriptors: the session's launch spec and descriptors.
        unread_bytes: the number of input bytes that ``read_typed`` has not returned yet.
        slave: the PTY's slave side: bytes written there are output, bytes read there are input. Of a structured chat,
            the agent's side of the socket pair: only its input comes there.
        recovered, input_log, output_file, journal_writer, checkpointer, driver, session: parts of the latest session.
        terminal: what its driver has for a terminal.
    """

    def __init__(self, spec: LaunchSpec, *, cooked: bool = False) -> None:
        self.spec = spec
        self.descriptors, self.slave = session_descriptors.create_descriptors(
            Path(spec.socket_path), spec.facts.program.size, structured=spec.structured is not None
        )
        if not cooked and spec.structured is None:
            tty.setraw(self.slave)
        self._living = False
        self.unread_bytes = self.given_up = 0

    def host(self, *, other_engine: bool = False) -> Driver:
        """Make a session from the descriptors, as the first host or a replacement does."""
        assert not self._living
        splicer = CountingSplicer(self)
        self.input_log = InputLog(self.descriptors.input_log, self.descriptors.master, splicer)
        self.output_file = OutputFile(self.descriptors, splicer)
        log_state, checkpoint = replay_log(self.descriptors.checkpoint, self.input_log, read_only=False)
        self.recovered: RecoveredSession = rebuild(
            self.spec,
            self.descriptors,
            log_state,
            checkpoint,
            self.output_file,
            self.input_log.header,
            other_engine=other_engine,
        )
        directory = Path(self.spec.journal) if self.spec.journal else None
        self.journal_writer = JournalWriter(directory, self.spec.journal_limit_bytes, self.output_file, lambda: None)
        self.driver = Driver(
            self.spec,
            self.descriptors,
            self.recovered,
            self.input_log,
            self.output_file,
            self.journal_writer,
            now=lambda: "2026-01-01T00:00:01Z",
            give_up=self._give_up,
        )
        self.session, self.checkpointer = self.driver.session, self.driver.checkpointer
        if isinstance(self.driver.kind, TerminalDriver):
            self.terminal = self.driver.kind
        self._living = True
        return self.driver

    def _give_up(self) -> None:
        self.given_up += 1

    def attach_pty(self) -> None:
        """Let the session read and write the PTY; its "program" is this process."""
        self.driver.attach_process(PtyProcess(os.getpid(), None, self.descriptors.master))

    def write_output(self, data: bytes) -> None:
        """Append output directly to the output file, so that the output may have any length."""
        output_file = self.output_file
        os.pwrite(self.descriptors.output_file, data, output_file.end)
        output_file.end += len(data)
        self.driver.program_wrote(data)

    def take(self, attachment: Attachment, message: Input) -> None:
        """Handle an input of a viewer."""
        self.session.kind.receive_input(attachment, message, self.terminal.idle_emulator)
        self.driver.performer.perform()

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Set the grid to the size of a viewer, without the delay."""
        viewer = Attachment(uuid.uuid4().hex, read_only=False, size=size, cell=cell)
        self.session.sizing.viewer_used(viewer)
        self.driver.performer.perform()
        timer = self.driver.performer._timers.pop((self.session.sizing, RESIZE), None)
        if timer is not None:
            timer.cancel()
        self.session.sizing.timer_due(RESIZE)
        self.driver.performer.perform()

    def read_typed(self) -> bytes:
        """Wait for all input since the last call, and return it."""
        data = b""
        while len(data) < self.unread_bytes:
            wait_readable(self.slave, 10, "what was typed")
            data += os.read(self.slave, 65536)
        self.unread_bytes = 0
        return data

    def kill(self) -> None:
        """Stop the session without saving anything, as SIGKILL does."""
        if self._living:
            self._living = False
            self.driver.close()
            self.journal_writer._worker.join()  # SIGKILL would also end this thread.
            if self.journal_writer._timer is not None:
                self.journal_writer._timer.cancel()
            self.input_log.close()

    def close(self) -> None:
        """Stop the session, and close the descriptors."""
        self.kill()
        os.close(self.slave)
        self.descriptors.close()
        Path(self.spec.socket_path).unlink(missing_ok=True)


def is_quiet(*parts: Clearer | EmulatorWorker[Any]) -> bool:
    """Whether nothing is left to clear, or to interpret, and no caller waits for the emulator."""
    return not any(
        part._has_work or part._narrow_timer.is_set
        if isinstance(part, Clearer)
        else part.idle is None or part._queue or part._soon
        for part in parts
    )


@contextmanager
def session_harness(*, cooked: bool = False, **changes: object) -> Iterator[SessionHarness]:
    """Make a session's descriptors; with ``cooked`` the PTY stays in cooked mode. See ``spec_of`` for ``changes``."""
    harness = SessionHarness(spec_of(**changes), cooked=cooked)
    try:
        yield harness
    finally:
        harness.close()
