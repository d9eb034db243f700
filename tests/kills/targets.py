"""Kill targets besides hosts and the keeper: viewers, the window, commands; and a reader of the journal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from session_host.paths import session_dir
from session_host.storage.journal import Output, read
from tests.kills.witness import SIZE
from tests.support.commands import OUTLIVE, environment
from tests.support.terminals import Terminal
from tests.support.waiting import TIMEOUT_S, WaitTimeout
from tests.support.windows import Window

COMMANDS = ("send", "send", "ls", "peek", "attach")
"""The subcommands to kill; ``send`` twice, since its input could be lost or doubled."""


class ViewerProcess:
    """A process with a recording viewer for each session. Each start of the process uses its own directory."""

    def __init__(self, directory: Path, session_ids: Sequence[str]) -> None:
        self._directory = directory
        self._ids = list(session_ids)
        self._starts = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the process, and wait until all viewers are live.

        Raises:
            WaitTimeout: a viewer does not become live.
        """
        self._starts += 1
        directory = self._directory / f"viewer-{self._starts}"
        directory.mkdir()
        self._process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "tests.kills.recorder", str(directory), *self._ids],
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        waiting = set(self._ids)
        lines: list[str] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while waiting and (line := (await self._process.stdout.readline()).decode().split()):
                    lines.append(" ".join(line))
                    if line[0] == "live":
                        waiting.discard(line[1])
        except TimeoutError:
            pass  # reported below
        if waiting:
            raise WaitTimeout(f"a viewer that was started did not become live; it said {lines[-4:]}")

    async def kill_and_restart(self) -> float:
        """Kill the process and start another; return the seconds until its viewers are live."""
        began_s = time.monotonic()
        await self.close()
        await self.start()
        return time.monotonic() - began_s

    async def close(self) -> None:
        """Kill it."""
        await _kill(self._process)

    def paths(self, session_id: str) -> Iterator[Path]:
        """The files with a session's recordings, one for each start of the process."""
        for start in range(1, self._starts + 1):
            yield self._directory / f"viewer-{start}" / session_id


class WindowProcess:
    """A process of the product's window on the environment's display, with a tab for each session."""

    def __init__(self, session_ids: Sequence[str]) -> None:
        self._ids = list(session_ids)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the process, and wait until all tabs are connected."""
        self._process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "gui"], env=environment(), stdin=asyncio.subprocess.DEVNULL
        )
        control = _WindowControl(self._process)
        for session_id in self._ids:
            await asyncio.to_thread(control.show, session_id)
        await asyncio.to_thread(control.wait_connected, self._ids)

    async def kill_and_restart(self) -> float:
        """Kill the process and start another; return the seconds until all tabs are connected."""
        began_s = time.monotonic()
        await self.close()
        await self.start()
        return time.monotonic() - began_s

    async def close(self) -> None:
        """Kill it."""
        await _kill(self._process)


class _WindowControl(Window):
    """Controls a window by its control socket; for a process that asyncio has started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = _PollableProcess(process)  # type: ignore[assignment]  # only its poll is used


class _PollableProcess:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def poll(self) -> int | None:
        """Return the exit code, None if the process runs; like ``subprocess.Popen.poll``."""
        return self._process.returncode


async def outlive(*words: str) -> tuple[int, str]:
    """Run an ``outlive`` command; return its exit code and its standard error."""
    process = await asyncio.create_subprocess_exec(
        *OUTLIVE,
        *words,
        env=environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, error = await process.communicate()
    finally:
        await _kill(process)
    assert process.returncode is not None
    return process.returncode, error.decode(errors="replace").strip()


@contextlib.asynccontextmanager
async def command(words: Sequence[str]) -> AsyncIterator[Terminal]:
    """An ``outlive`` command on a terminal that is read all the time; at the end the command is killed if it runs."""
    loop = asyncio.get_running_loop()
    with Terminal([*OUTLIVE, *words], size=SIZE, env=environment()) as terminal:
        loop.add_reader(terminal.master, _discard, terminal.master)
        try:
            yield terminal
        finally:
            loop.remove_reader(terminal.master)


def _discard(master: int) -> None:
    try:
        os.read(master, 65536)
    except OSError:  # EIO: no process has the other side open
        asyncio.get_running_loop().remove_reader(master)


async def _kill(process: asyncio.subprocess.Process | None) -> None:
    if process is not None:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.kill()
        await process.wait()


# ------------------------------------------------------------------------------------ the journal


def journal(session_id: str) -> list[tuple[int, bytes]] | None:
    """The output in a session's journal, in pieces of (offset, data); None if there is no journal."""
    directory = session_dir(session_id) / "journal"
    if not directory.is_dir():
        return None
    return [(entry.offset, entry.data) for entry in read(directory) if isinstance(entry, Output)]


def journal_start(session_id: str) -> int:
    """The offset at which a session's journal begins; 0 unless the journal has reached its size limit."""
    pieces = journal(session_id) or [(0, b"")]
    first, last = pieces[0], pieces[-1]
    return first[0] if last[0] > LARGE_JOURNAL_BYTES else 0


LARGE_JOURNAL_BYTES = 48 * 1024 * 1024
"""If a session wrote less than this, its journal has all output."""
