"""A program on a terminal without Outlive, to compare with Outlive."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from session_host.protocol.values import GridSize
from tests.support.commands import environment
from tests.support.terminals import ScreenTerminal
from tests.support.waiting import WaitTimeout, wait_until

SIZE = GridSize(120, 40)
GRACE_S = 5.0


class BareTerminal(ScreenTerminal):
    """A program on a PTY with an emulator. A context manager. Queries are answered while a test reads the screen."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        super().__init__(argv, size=SIZE, cwd=cwd, env=environment())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            with contextlib.suppress(WaitTimeout):
                self.wait(GRACE_S, is_exact=True)
        # Qwen Code's child process has the conversation open and may end a moment later.
        wait_until(self._is_group_gone, GRACE_S, "the program's children to end")
        super().__exit__(kind, error, trace)

    def _is_group_gone(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def _is_asked(self, replies: bytes) -> None:
        os.write(self.master, replies)
