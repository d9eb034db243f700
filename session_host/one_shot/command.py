"""One run of the agent's command: it gets a prompt, writes its answer, and ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from .output import Output

CHUNK_BYTES: Final = 65536
KEPT_STDERR_BYTES: Final = 4000
INTERRUPT_S: Final = 5.0
"""The time from SIGINT to SIGTERM for an interrupted command."""

TERMINATE_S: Final = 5.0
"""The time from SIGTERM to SIGKILL."""

DRAIN_S: Final = 1.0
"""How long after a command's end the output of its remaining processes is read."""


class Ended(NamedTuple):
    """How a command ended: its exit code, or the signal that killed it."""

    code: int
    signal: int
    stderr: str
    """The end of what it wrote to stderr."""


class Command:
    """A running command, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stderr = bytearray()

    @classmethod
    async def start(cls, argv: Sequence[str], data: bytes) -> Command:
        """Start a command.

        Its stdin is a file, which it can also open as ``/dev/stdin``.

        Args:
            argv: its words.
            data: what it reads from its stdin.

        Raises:
            OSError: it cannot be started.
        """
        # Colours and terminal sequences have no place in a chat.
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
        pipe = asyncio.subprocess.PIPE
        with TemporaryFile() as stdin:
            stdin.write(data)
            stdin.seek(0)
            return cls(await asyncio.create_subprocess_exec(
                *argv, stdin=stdin, stdout=pipe, stderr=pipe, env=environment, process_group=0,
            ))  # fmt: skip

    async def run(self, output: Output, write: Callable[[bytes], None]) -> Ended:
        """Pass the command's output on until it ends."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            asyncio.create_task(self._read(process.stdout, lambda piece: write(output.feed(piece)))),
            asyncio.create_task(self._read(process.stderr, self._keep)),
        ]
        try:
            code = await process.wait()
            await asyncio.wait(readers, timeout=DRAIN_S)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        write(output.finish())
        stderr = bytes(self._stderr[-KEPT_STDERR_BYTES:]).decode(errors="replace").strip()
        return Ended(max(code, 0), max(-code, 0), stderr)

    @staticmethod
    async def _read(stream: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
        while data := await stream.read(CHUNK_BYTES):
            take(data)

    def _keep(self, data: bytes) -> None:
        self._stderr += data
        del self._stderr[: -KEPT_STDERR_BYTES * 2]

    async def interrupt(self) -> None:
        """Interrupt the command, as Ctrl+C does; end it if it does not exit."""
        self._signal(signal.SIGINT)
        if not await self._ends_within(INTERRUPT_S):
            await self.end()

    async def end(self) -> None:
        """End the command and all other processes of its process group."""
        self._signal(signal.SIGTERM)
        if not await self._ends_within(TERMINATE_S):
            self._signal(signal.SIGKILL)

    async def _ends_within(self, timeout_s: float) -> bool:
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), timeout_s)
        except TimeoutError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass  # The whole group has ended.
