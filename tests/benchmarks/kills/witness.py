"""A witness in a session: its program, its orders and its record; see ``tests/programs/witness.py``."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from session_host.protocol.values import GridSize
from session_host.storage.store import SessionRecord
from session_host.terminal.base import EngineName
from tests.programs import program
from tests.support import processes
from tests.support.hosts import start

SIZE = GridSize(80, 24)


class Witness:
    """Gives a witness its orders, and reads its record. A context manager.

    Attributes:
        session: its session's record, once it is started.
        started_ticks: the program's start time from the kernel, which distinguishes it from a later process with its
            PID.
        orders: the commands that it received, in order.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self.session: SessionRecord | None = None
        self.pid = 0
        self.started_ticks = 0
        self.orders: list[str] = []
        os.mkfifo(directory / "orders", 0o600)
        # Read-write: no open waits for the other side. Its close ends the program.
        self._fifo = os.open(directory / "orders", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fifo)

    @property
    def argv(self) -> list[str]:
        """What the session is to run."""
        return program("witness", self.directory)

    @property
    def id(self) -> str:
        """Its session's id."""
        assert self.session is not None
        return self.session.id

    async def start(self, name: str, engine: EngineName = "ghostty") -> None:
        """Start its session, and remember which process it is."""
        self.is_run_by(await start(*self.argv, name=name, size=SIZE, engine=engine))

    def is_run_by(self, session: SessionRecord) -> None:
        """This session runs it: remember which process it is."""
        assert session.child_pid is not None
        self.session = session
        self.pid = session.child_pid
        self.started_ticks = processes.start_ticks(self.pid)

    def order(self, order: str) -> None:
        """Send the program a command; it first finishes the one before."""
        self.orders.append(order)
        os.write(self._fifo, f"{order}\n".encode())

    def lives(self) -> bool:
        """The very process that was started is there."""
        try:
            return processes.is_alive(self.pid) and processes.start_ticks(self.pid) == self.started_ticks
        except (FileNotFoundError, ProcessLookupError):
            return False

    # ------------------------------------------------------------ its record

    def _read(self, name: str) -> bytes:
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError:
            return b""  # It has not begun yet.

    @property
    def has_obeyed(self) -> bool:
        """All orders are carried out."""
        return self._read("obeyed").count(b"\n") >= len(self.orders)

    @property
    def written(self) -> bytes:
        """All that the terminal has taken from it."""
        return self._read("written")

    @property
    def written_bytes(self) -> int:
        """How much that is."""
        try:
            return (self.directory / "written").stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def received(self) -> bytes:
        """All that it was typed, replies included."""
        return self._read("received")

    @property
    def asked(self) -> list[str]:
        """Its questions to the terminal."""
        return self._read("asked").decode().splitlines()

    @property
    def sizes(self) -> list[str]:
        """The terminal's sizes that it has seen: at the start, and at each notice of a change."""
        return self._read("sizes").decode().splitlines()
