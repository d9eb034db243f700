"""Carries out the operations of one structured chat, off the event loop, and reports their results.

A terminal that an agent has started through its client has no emulator: its output is text, and its program reads no
input. All that is read is passed on in portions, at a bounded rate; of a flood, only the newest bytes. Its program has
the variable ``MARK`` in its environment, so another process can find its descendants after this one has ended.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import os
import resource
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.counting.counting import count_since
from session_host.host.program.termination import end_processes
from session_host.protocol.launch import LaunchSpec
from session_host.structured.operations import (
    AnyOperation,
    AnyResult,
    CountTokens,
    EndTerminal,
    LookAtAmount,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    TerminalOutput,
    WriteText,
)
from session_host.system.event_loop import Timer
from session_host.system.processes import chat_mark
from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.permission import AGENT_CHATS
from session_host.system.worker import Worker

from .files import FileRefused, check_directory, read_text, write_text

MARK = "OUTLIVE_TERMINAL"
ROWS, COLUMNS = 40, 120
PORTION_S = 0.1
"""The least time between two portions of output."""

BYTES_PER_S = 1024 * 1024
"""The rate of portions; of a faster program's output, only the newest part is sent."""

READ_BYTES = 64 * 1024
READS = 16
"""How often to read before other work gets its turn."""

LAST_READS = 4096
"""The maximum number of reads of the last output, while other processes still write."""

_PLAIN = {"TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat", "MANPAGER": "cat"}
"""No escape sequences, and no program that waits for keys."""

_STARTER = str(Path(__file__).with_name("starter.py"))

OnOutput = Callable[[TerminalOutput | TerminalEnded], None]


class Started(NamedTuple):
    """A program that was started, and the other side of its terminal."""

    process: subprocess.Popen[bytes]
    master: int


def start(
    operation: StartTerminal, environment: dict[str, str], directory: str, umask: int, agent: int, mark: str
) -> Started:
    """Start a program. Blocks.

    Args:
        operation: the program's arguments, and its own variables.
        environment: the agent's environment.
        directory: the working directory.
        umask: as umask(2) takes it.
        agent: the agent's PID; its soft limit of open files is the program's, and so are its marks (``permission``,
            ``chat_mark``).
        mark: the value of ``MARK``.

    Raises:
        OSError: the system has no more processes, descriptors or terminals.
    """
    try:
        open_files = str(resource.prlimit(agent, resource.RLIMIT_NOFILE)[0])
        queue_bytes = str(resource.prlimit(agent, resource.RLIMIT_MSGQUEUE)[1])
        locks = str(resource.prlimit(agent, chat_mark.LIMIT)[0])
    except (OSError, AttributeError):
        open_files = queue_bytes = locks = ""
    master, slave = os.openpty()
    try:
        termios.tcsetwinsize(slave, (ROWS, COLUMNS))
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.ONLCR  # Lines end as the program ends them.
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        os.set_blocking(master, False)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", _STARTER, directory, open_files, queue_bytes, locks, *operation.argv],
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
            cwd="/",
            umask=umask,
            start_new_session=True,
            env={
                "PWD": directory,
                **environment,
                **_PLAIN,
                **operation.environment,
                AGENT_CHATS: environment.get(AGENT_CHATS, ""),
                MARK: mark,
            },
        )
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    return Started(process, master)


def kill_leftover_processes(mark: str, leader: int = -1) -> None:
    """End a terminal's processes: those with the mark, and those of the leader's terminal session. Blocks."""
    end_processes(leader, Mark(MARK, mark), (), gracefully=True)


class Terminal:
    """A terminal with a running program."""

    def __init__(self, name: str, started: Started, kept_bytes: int, report: OnOutput) -> None:
        """Read the output, and wait for the end.

        Args:
            name: its name in the results.
            started: its program.
            kept_bytes: the most bytes of one portion.
            report: gets the output and the end.
        """
        self.pid = started.process.pid
        self.ended = asyncio.Event()
        self._name, self._master, self._kept_bytes, self._report = name, started.master, kept_bytes, report
        self._loop = asyncio.get_running_loop()
        self._output = bytearray()
        self._dropped = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._portion = Timer()
        self._next_portion_s = 0.0
        self._reads = True
        self._loop.add_reader(self._master, self._read, READS)
        Worker().submit_and_call(started.process.wait, self._has_ended, self._cannot_wait)

    def flush(self) -> None:
        """Pass the output on."""
        self._portion.cancel()
        if not self._output:
            return
        self._cut()
        data = bytes(self._output)
        self._output.clear()
        if dropped := self._dropped:
            self._dropped = 0
            self._decoder.reset()
            data = data.lstrip(_CONTINUATION) if data[0] in _CONTINUATION else data
        self._next_portion_s = self._loop.time() + max(PORTION_S, len(data) / BYTES_PER_S)
        self._report(TerminalOutput(self._name, self._decoder.decode(data), dropped))

    def close(self) -> None:
        """Stop reading, and hang up the terminal."""
        self._portion.cancel()
        self._stop_reading()
        os.close(self._master)

    def _read(self, most: int) -> None:
        for _ in range(most):
            try:
                data = os.read(self._master, READ_BYTES)
            except BlockingIOError:
                break
            except OSError:  # EIO: no process holds the other side.
                data = b""
            if not data:
                self._stop_reading()
                break
            self._output += data
            if len(self._output) > 2 * self._kept_bytes:
                self._cut()
        if self._output and not self._portion.is_set:
            self._portion.set(max(PORTION_S, self._next_portion_s - self._loop.time()), self.flush)

    def _cut(self) -> None:
        """Drop the oldest output, beyond the most that is wanted."""
        excess = len(self._output) - self._kept_bytes
        if excess > 0:
            del self._output[:excess]
            self._dropped += excess

    def _stop_reading(self) -> None:
        if self._reads:
            self._reads = False
            self._loop.remove_reader(self._master)

    def _has_ended(self, status: int) -> None:
        if self._reads:
            self._read(LAST_READS)
        self.close()
        self.flush()
        if last := self._decoder.decode(b"", final=True):
            self._report(TerminalOutput(self._name, last))
        name = signal.Signals(-status).name if status < 0 else None
        self.ended.set()
        self._report(TerminalEnded(self._name, status if status >= 0 else None, name))

    def _cannot_wait(self, error: BaseException) -> None:
        log.error("the end of a terminal's program is unknown: %s", error)
        self._has_ended(0)


_CONTINUATION = bytes(range(0x80, 0xC0))
"""Bytes of UTF-8 that begin no character."""


log = logging.getLogger(__name__)


class OperationRunner:
    """Carries out operations: files in order, one after the other; terminals side by side.

    Attributes:
        agent: the agent's PID.
    """

    def __init__(
        self, spec: LaunchSpec, done: Callable[[AnyResult], None], look: Callable[[], Callable[[], str]] = lambda: str
    ) -> None:
        """Begin without terminals.

        Args:
            spec: the session's launch spec.
            done: gets each result, on this event loop.
            look: returns what looks at the user's amounts, for a thread.
        """
        self._spec, self._look = spec, look
        self._done = done
        self._files = Worker()
        self._terminals: dict[str, Terminal] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.agent = 0

    def start(self, operation: AnyOperation) -> None:
        """Start an operation."""
        spec = self._spec
        match operation:
            case ReadText():
                self._run_work(
                    operation.id,
                    partial(read_text, spec.facts.origin.cwd, operation.path, operation.line, operation.lines),
                )
            case WriteText():
                self._run_work(operation.id, partial(_write, spec, operation))
            case LookAtAmount():
                self._run_work(operation.id, self._look())
            case CountTokens():
                self._run_work(operation.id, partial(_tokens, spec, operation))
            case StartTerminal():
                self._begin(self._start(operation))
            case EndTerminal():
                self._begin(self._end(operation.terminal))

    def flush(self) -> None:
        """Pass on all output of terminals."""
        for terminal in list(self._terminals.values()):
            terminal.flush()

    async def close(self) -> None:
        """End all terminals with all that runs in them."""
        self._closed = True
        for name in list(self._terminals):
            self._begin(self._end(name))
        while self._tasks:
            await asyncio.wait(self._tasks)
        for terminal in list(self._terminals.values()):
            await terminal.ended.wait()

    def _mark(self, terminal: str) -> str:
        return f"{self._spec.facts.id}/{terminal}"

    # ------------------------------------------------------------ files

    def _run_work(self, operation_id: int, work: Callable[[], str]) -> None:
        self._files.submit_and_call(
            work, lambda text: self._done(OperationDone(operation_id, text)), partial(self._failed, operation_id)
        )

    def _failed(self, operation_id: int, error: BaseException) -> None:
        if not isinstance(error, FileRefused | OSError):
            log.error("an operation failed", exc_info=error)
        text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        self._done(OperationDone(operation_id, error=text, missing=isinstance(error, FileRefused) and error.missing))

    # ------------------------------------------------------------ terminals

    async def _start(self, operation: StartTerminal) -> None:
        spec = self._spec
        directory = operation.directory or spec.facts.origin.cwd

        def work() -> Started:
            check_directory(spec.facts.origin.cwd, directory)
            return start(operation, spec.env, directory, spec.umask, self.agent, self._mark(operation.terminal))

        try:
            started = await Worker().run(work)
        except (FileRefused, OSError, ValueError) as error:
            self._failed(operation.id, error)
            return
        self._done(OperationDone(operation.id))
        self._terminals[operation.terminal] = Terminal(
            operation.terminal, started, operation.kept_bytes, self._report_result
        )
        if self._closed:
            self._begin(self._end(operation.terminal))

    def _report_result(self, result: TerminalOutput | TerminalEnded) -> None:
        if isinstance(result, TerminalEnded):
            del self._terminals[result.terminal]
        self._done(result)

    async def _end(self, name: str) -> None:
        """End a terminal, also one of a previous host."""
        terminal = self._terminals.get(name)
        leader = terminal.pid if terminal is not None else -1
        await Worker().run(partial(kill_leftover_processes, self._mark(name), leader))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="terminal")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _write(spec: LaunchSpec, operation: WriteText) -> str:
    write_text(spec.facts.origin.cwd, operation.path, operation.text, spec.umask)
    return ""


def _tokens(spec: LaunchSpec, operation: CountTokens) -> str:
    query = ConversationQuery.of_own(spec, operation.conversation)
    work = count_since(spec.watch.record or spec.facts.origin.agent, query, operation.began_ms / 1000)
    return f"{work.read} {work.cached} {work.written}" if work is not None and work.known else ""
