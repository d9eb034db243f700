"""Controls a witness, a program that records its input and output; see ``tests/programs/witness.py``."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import GridSize
from session_host.terminal.base import EngineName
from tests.programs import program
from tests.support import processes
from tests.support.hosts import start

SIZE = GridSize(80, 24)


class Witness:
    """Sends orders to a witness, and reads its records. A context manager.

    Attributes:
        session: the record of its session, once it is started.
        started_ticks: the program's start time from the kernel, which distinguishes it from a later process with the
            same PID.
        orders: the orders sent, in order.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self.session: ChatFacts | None = None
        self.pid = 0
        self.started_ticks = 0
        self.orders: list[str] = []
        os.mkfifo(directory / "orders", 0o600)
        # Opened read-write, so that neither side's open blocks. Closing it ends the program.
        self._fifo = os.open(directory / "orders", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fifo)

    @property
    def argv(self) -> list[str]:
        """The argv of the witness program."""
        return program("witness", self.directory)

    @property
    def id(self) -> str:
        """The session's id."""
        assert self.session is not None
        return self.session.id

    async def start(self, name: str, engine: EngineName = "ghostty") -> None:
        """Start a session that runs the witness, and store its process."""
        self.attach_session(await start(*self.argv, name=name, size=SIZE, engine=engine))

    def attach_session(self, session: ChatFacts) -> None:
        """Use a session that runs the witness already, and store its process."""
        assert session.program.child_pid is not None
        self.session = session
        self.pid = session.program.child_pid
        self.started_ticks = processes.start_ticks(self.pid)

    def order(self, order: str) -> None:
        """Send an order to the program, which first finishes the previous one."""
        self.orders.append(order)
        os.write(self._fifo, f"{order}\n".encode())

    def lives(self) -> bool:
        """Whether the started process still runs."""
        try:
            return processes.is_alive(self.pid) and processes.start_ticks(self.pid) == self.started_ticks
        except (FileNotFoundError, ProcessLookupError):
            return False

    # ------------------------------------------------------------ the witness's records

    def _read(self, name: str) -> bytes:
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError:
            return b""  # The witness has not started to write it.

    @property
    def has_obeyed(self) -> bool:
        """Whether the program has carried out all orders."""
        return self._read("obeyed").count(b"\n") >= len(self.orders)

    @property
    def written(self) -> bytes:
        """The program's output that the terminal has accepted."""
        return self._read("written")

    @property
    def written_bytes(self) -> int:
        """The length of ``written``."""
        try:
            return (self.directory / "written").stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def received(self) -> bytes:
        """All input that the program has read, including the terminal's replies."""
        return self._read("received")

    @property
    def asked(self) -> list[str]:
        """The program's queries to the terminal, in order."""
        return self._read("asked").decode().splitlines()

    @property
    def sizes(self) -> list[str]:
        """The terminal's sizes that the program has read: at its start, and at each SIGWINCH."""
        return self._read("sizes").decode().splitlines()
