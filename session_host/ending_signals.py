"""Signals that end a program: they raise an exception at any time, also while the program waits.

Python runs a signal's handler between two byte codes. A system call that begins just after the signal came is not
interrupted, and would wait on. So each wait here also watches a descriptor that the signal itself makes readable
(``signal.set_wakeup_fd``).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Collection, Iterator
from types import FrameType
from typing import NoReturn, Self

from session_host import readiness


class Signalled(BaseException):
    """A signal asks for the end.

    Attributes:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class SignalWakeup:
    """A descriptor that a signal makes readable if it has a handler in Python. A context manager, for the main thread.

    A process has only one at a time.
    """

    def __init__(self) -> None:
        self._wake, self._wake_write = os.pipe()
        for end in (self._wake, self._wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._wake)
        os.close(self._wake_write)

    def fileno(self) -> int:
        """The descriptor that becomes readable when a signal comes, for a selector."""
        return self._wake

    def wait(self, readable: Collection[int] = ()) -> list[int]:
        """Wait until a descriptor can be read, or any signal with a handler in Python has come.

        Returns:
            The descriptors that can be read. The list is empty if a signal came and its handler raised no exception.

        Raises:
            BaseException: what the signal's handler raises.
        """
        ready = readiness.readable([*readable, self._wake])
        if self._wake in ready:
            ready.remove(self._wake)
            os.read(self._wake, select.PIPE_BUF)
        return ready


class EndingSignals(SignalWakeup):
    """Some signals, each of which raises ``Signalled`` from now on."""

    def __init__(self, numbers: Collection[signal.Signals]) -> None:
        super().__init__()
        self._numbers = numbers
        for number in numbers:
            signal.signal(number, _raise)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Block the signals meanwhile. A child that starts meanwhile inherits this, and must unblock them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def ignore(self) -> None:
        """Ignore the signals from now on: the program is already ending."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def wait_for(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a child's end; its exit code, negative for a signal.

        Raises:
            Signalled: one of the signals came.
        """
        signal.signal(signal.SIGCHLD, lambda *_: None)  # So that a child's end wakes the wait.
        while (code := child.poll()) is None:
            self.wait()
        return code


def _raise(number: int, _: FrameType | None) -> NoReturn:
    raise Signalled(number)
