"""A program on a terminal with no Outlive in between: as any other terminal would show it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.text import logical_lines
from tests.support.commands import environment
from tests.support.waiting import WaitedInVain

SIZE = GridSize(120, 40)
PATIENCE_S = 90.0
GRACE_S = 5.0


class BareTerminal:
    """The program runs while the context lasts. What it asks of its terminal is answered while it is looked at."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", SIZE.rows, SIZE.columns, 0, 0))
        self._screen = create(None, SIZE)
        self._process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=environment(),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads in a test
        )  # fmt: skip
        os.close(slave)

    @property
    def pid(self) -> int:
        """The program's."""
        return self._process.pid

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(logical_lines(self._screen.rows())).rstrip("\n")

    def see(self, text: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a text is on the screen.

        Raises:
            WaitedInVain: it did not come.
        """
        deadline_s = time.monotonic() + timeout_s
        while text not in self.text():
            if not select.select([self._master], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
                raise WaitedInVain(f"waited for {text!r} in vain; the terminal shows:\n{self.text()}")
            try:
                data = os.read(self._master, 65536)
            except OSError as error:  # The program has ended: EIO.
                raise WaitedInVain(f"it ended before {text!r} came; the terminal shows:\n{self.text()}") from error
            self._screen.feed(data)
            if replies := self._screen.take_replies():
                os.write(self._master, replies)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_S)
        self._process.wait()
        os.close(self._master)
        self._screen.close()
