"""Errors that nobody handles, in this process: in an override of Qt's, in a task, in a callback, or in the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import format_exception
from types import TracebackType

import pytest


class UnhandledErrors(logging.Handler):
    """Collects errors with their tracebacks.

    Attributes:
        found: the errors, each with its traceback.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    @contextmanager
    def collected(self, *, with_log: bool) -> Iterator[None]:
        """Collect meanwhile; without ``with_log``, none of those in the log, since the test looks at it itself."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "excepthook", self._take)
            if with_log:
                logging.getLogger().addHandler(self)
            try:
                yield
            finally:
                logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self._take(*record.exc_info)

    def _take(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.found.append("".join(format_exception(kind, error, trace)))
