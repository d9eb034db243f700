"""Carries out the operations of one structured chat, off the event loop, and reports their results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from session_host.protocol.launch import LaunchSpec
from session_host.structured.operations import (
    AnyOperation,
    AnyResult,
    EndTerminal,
    OperationDone,
    ReadText,
    StartTerminal,
    TerminalEnded,
    TerminalOutput,
    WriteText,
)
from session_host.system.worker import Worker

from .files import FileRefused, check_directory, read_text, write_text
from .terminals import Started, Terminal, kill_leftover_processes, start

log = logging.getLogger(__name__)


class OperationRunner:
    """Carries out operations: files in order, one after the other; terminals side by side.

    Attributes:
        agent: the agent's PID.
    """

    def __init__(self, spec: LaunchSpec, done: Callable[[AnyResult], None]) -> None:
        """Begin without terminals.

        Args:
            spec: the session's launch spec.
            done: gets each result, on this event loop.
        """
        self._spec = spec
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
                    operation.id, partial(read_text, spec.cwd, operation.path, operation.line, operation.lines)
                )
            case WriteText():
                self._run_work(operation.id, partial(_write, spec, operation))
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
        return f"{self._spec.session_id}/{terminal}"

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
        directory = operation.directory or spec.cwd

        def work() -> Started:
            check_directory(spec.cwd, directory)
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
    write_text(spec.cwd, operation.path, operation.text, spec.umask)
    return ""
