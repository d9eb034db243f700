"""Starts the tracer beside a test, and reads its report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.support.waiting import TIMEOUT_S, wait_readable

TRACER = Path(__file__).with_name("tracer.py")


class CannotTrace(Exception):
    """This system does not allow tracing the process."""


class Traced(NamedTuple):
    """The tracer's report; see ``tracer``."""

    calls: int
    pid: int
    killed_at: int | None
    name: str | None
    thread: str | None
    names: dict[str, int]


class Tracing:
    """A running tracer. A context manager: at its end the tracer exits, and the traced process continues untraced."""

    def __init__(
        self, pid: int, *, kill_at: int = 0, follow: str = "self", match: str = "", only: Collection[str] = ()
    ) -> None:
        """Start the tracer and wait until the process is traced.

        Args:
            pid: the process to count, or its ancestor, see ``follow``.
            kill_at: the number of the call before which the process is killed; 0 for no kill.
            follow: ``self``, ``fork`` or ``daemon``, see ``tracer``.
            match: for ``daemon``: a part of the command line.
            only: the names of the calls that count; all, if there is none.

        Raises:
            CannotTrace: the process may not be traced, or has ended.
        """
        options = [
            "--kill-at",
            str(kill_at),
            "--follow",
            follow,
            "--match",
            match,
            *(["--only", *only] if only else []),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TRACER), str(pid), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # communicate() would miss bytes that a buffer has read already
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"tracing\n":
            _, error = self._process.communicate()
            raise CannotTrace(error.decode().strip())

    def result(self) -> Traced:
        """Wait for the end of the counted work.

        Raises:
            WaitTimeout: the work does not end.
        """
        assert self._process.stdout is not None
        wait_readable(self._process.stdout.fileno(), TIMEOUT_S, "the traced process to end")
        return self.stop()

    def stop(self) -> Traced:
        """Stop tracing; return the report up to now."""
        output, error = self._process.communicate()
        if not output:
            raise CannotTrace(error.decode().strip())
        return Traced(**json.loads(output))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
