"""The ``outlive`` command as a process of its own: on pipes, or on a terminal that a test holds."""

from __future__ import annotations

import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.text import logical_lines
from tests.support.waiting import WaitedInVain

REPOSITORY = Path(__file__).resolve().parents[2]
OUTLIVE = [sys.executable, "-m", "session_host.cli"]
PATIENCE_S = 20.0


class Done(NamedTuple):
    """How a command ended and what it said."""

    code: int
    output: str
    error: str

    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.output)

    def complaint(self) -> str:
        """The one line on standard error, which is all that there may be."""
        lines = self.error.splitlines()
        assert len(lines) == 1, self.error
        assert lines[0].startswith("outlive: ")
        assert self.output == ""
        return lines[0].removeprefix("outlive: ")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This test's environment, with the product importable from any directory."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(extra or {})}


def outlive(
    *words: str,
    typed: str | bytes | None = None,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = PATIENCE_S,
) -> Done:
    """Run one command to its end, without a terminal.

    Args:
        words: the command line.
        typed: its standard input; none at all if None.
        cwd: where it runs.
        env: set beyond this test's own environment.
        timeout_s: how long it may take.
    """
    done = subprocess.run(
        [*OUTLIVE, *words],
        input=typed.encode() if isinstance(typed, str) else typed,
        stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True,
        cwd=cwd,
        env=environment(env),
        timeout=timeout_s,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def new(*words: str) -> str:
    """Start a session with ``outlive new``; returns its id."""
    done = outlive("new", "--json", *words)
    assert done.code == 0, done.error
    return str(done.json()["id"])


class OnTerminal:
    """A command on a pseudo terminal: what its user sees and types. A context manager.

    The terminal is an emulator of its own; that it is never asked anything is checked with each read.
    """

    def __init__(self, *words: str, size: GridSize = GridSize(80, 24), env: Mapping[str, str] | None = None) -> None:
        self.master, self._slave = os.openpty()
        self._set_size(size)
        self.modes_before = termios.tcgetattr(self._slave)
        self.screen = create(None, size)
        self.raw = bytearray()
        self.process = subprocess.Popen(
            [*OUTLIVE, *words],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=environment(env),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads in a test
        )

        self._ended = os.pidfd_open(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ended)
        self.close()
        self.screen.close()

    def close(self) -> None:
        """The terminal's window is closed: its programs are hung up on."""
        for descriptor in (self._slave, self.master):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self._slave = -1

    def type(self, data: str | bytes) -> None:
        """Type, or send whatever a terminal sends."""
        os.write(self.master, data.encode() if isinstance(data, str) else data)

    def type_all(self, data: bytes) -> None:
        """As ``type``, for more than the terminal takes at once; what the command writes meanwhile is read."""
        os.set_blocking(self.master, False)
        try:
            deadline_s = time.monotonic() + PATIENCE_S
            while data:
                readable, writable, _ = select.select([self.master], [self.master], [], PATIENCE_S)
                if readable:
                    self._read(deadline_s)
                if writable:
                    data = data[os.write(self.master, data) :]
                if time.monotonic() > deadline_s:
                    raise WaitedInVain("the command does not read what is typed")
        finally:
            os.set_blocking(self.master, True)

    def resize(self, size: GridSize) -> None:
        """Change the window's size."""
        self.screen.resize(size, CellSize())
        self._set_size(size)

    def _set_size(self, size: GridSize) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", size.rows, size.columns, 0, 0))

    def modes(self) -> list[Any]:
        """The terminal's line settings now."""
        return termios.tcgetattr(self._slave)

    def text(self) -> str:
        """What the user sees."""
        return "\n".join(logical_lines(self.screen.rows())).rstrip("\n")

    def see(self, text: str, *, timeout_s: float = PATIENCE_S) -> str:
        """Wait until ``text`` is to be seen.

        Raises:
            WaitedInVain: it did not come.
        """
        deadline_s = time.monotonic() + timeout_s
        while text not in self.text():
            if not self._read(deadline_s) and text not in self.text():
                raise WaitedInVain(f"waited for {text!r} in vain; the terminal shows:\n{self.text()}")
        return self.text()

    def not_see(self, text: str) -> None:
        """Wait until ``text`` has gone.

        Raises:
            WaitedInVain: it stays.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while text in self.text():
            if not self._read(deadline_s) and text in self.text():
                raise WaitedInVain(f"waited in vain for {text!r} to go; the terminal shows:\n{self.text()}")

    def end(self) -> int:
        """Wait for the command's end; returns its exit code. What it wrote has been read."""
        code = self.process.wait(PATIENCE_S)
        while self.master >= 0 and self._read(time.monotonic()):
            pass
        return code

    def _read(self, deadline_s: float) -> bool:
        """Read what there is, waiting until the deadline; False when nothing came."""
        wait_s = max(0.0, deadline_s - time.monotonic())
        # The end of the command is the end of waiting, once all that it wrote has been read.
        ready, _, _ = select.select([self.master, self._ended], [], [], wait_s)
        if self.master not in ready:
            return False
        data = os.read(self.master, 65536)
        self.raw += data
        self.screen.feed(data)
        replies = self.screen.take_replies()
        assert replies == b"", f"the terminal was asked something and would answer {replies!r}"
        return True
