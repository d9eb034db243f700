"""Writes unexpected errors of the window, and crashes, to its log; tells the user once.

A window without a terminal would lose them: nobody sees its standard error.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

from PySide6.QtCore import QObject, Qt, Signal

from session_host.system.log_rotation import FORMAT, open_appended

REPEAT_AFTER_S: Final = 60.0
"""An error that repeats, such as one of painting, is written once in this time."""

UNEXPECTED: Final = "unexpected error"
"""Begins each report of an error in the log."""

_STARTED, _ENDED = "the window starts", "the window ends"
CRASH: Final = "Fatal Python error: "
_TAIL_BYTES: Final = 64 * 1024

log = logging.getLogger(__name__)

Origin = tuple[str, str, int]
"""The error's type, and the file and the line that raised it."""


class FaultReport(QObject):
    """The window's log, and the hooks of the interpreter that write to it.

    Attributes:
        path: the log.
        has_crashed: whether the window's last process crashed.

    Signals:
        failed: an unexpected error was written.
    """

    failed = Signal()
    _noted = Signal()

    def __init__(self, path: Path) -> None:
        """Begin to write; without a disk that takes it, errors go to the standard error alone."""
        super().__init__()
        self.path = path
        self.has_crashed = False
        self._written: dict[Origin, float] = {}
        self._file: TextIO | None = None
        self._handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
        try:
            self.has_crashed = _ends_with_crash(path)
            self._file = open_appended(path)
        except OSError as error:
            log.warning("%s: cannot write it (%s)", path, error.strerror)
        else:
            faulthandler.enable(self._file)
            handler = logging.StreamHandler(self._file)
            handler.setFormatter(logging.Formatter(FORMAT))
            self._handlers.append(handler)
            self._note(_STARTED)
        for each in self._handlers:
            each.setLevel(logging.WARNING)
            logging.getLogger().addHandler(each)
        # Runs in this object's thread, between events: the error may be one of another thread, or of painting.
        self._noted.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        errors = _ErrorHandler(self._noted.emit)
        self._handlers.append(errors)
        logging.getLogger().addHandler(errors)
        sys.excepthook = self._on_error
        threading.excepthook = lambda thread: self._on_error(thread.exc_type, thread.exc_value, thread.exc_traceback)

    def end_within(self, timeout_s: float) -> None:
        """End the process if ``close`` is not called in time: a window that hangs while it quits cannot be seen.

        A thread without Python does it, and first writes to the log where each thread hangs.
        """
        faulthandler.dump_traceback_later(timeout_s, exit=True, file=self._file or sys.stderr)

    def close(self) -> None:
        """Write that the window has ended, and stop writing."""
        faulthandler.cancel_dump_traceback_later()
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
        if self._file is not None:
            self._note(_ENDED)
            faulthandler.disable()
            self._file.close()
            self._file = None

    def _note(self, line: str) -> None:
        if self._file is not None:
            self._file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {os.getpid()} {line}\n")
            self._file.flush()

    def _on_error(
        self, kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), traceback)
            return
        origin, now_s = _origin(kind, traceback), time.monotonic()
        if now_s - self._written.get(origin, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return
        self._written[origin] = now_s
        log.error(UNEXPECTED, exc_info=(kind, error, traceback))


class _ErrorHandler(logging.Handler):
    """Calls a function for each error in the log, also one that a library writes."""

    def __init__(self, on_error: Callable[[], object]) -> None:
        super().__init__(logging.ERROR)
        self._on_error = on_error

    def emit(self, _record: logging.LogRecord) -> None:
        self._on_error()


def _origin(kind: type[BaseException], traceback: TracebackType | None) -> Origin:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return kind.__name__, "", 0
    return kind.__name__, traceback.tb_frame.f_code.co_filename, traceback.tb_lineno


def _ends_with_crash(path: Path) -> bool:
    """Whether the log's last process wrote that it crashed."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
            tail = file.read().decode(errors="replace")
    except FileNotFoundError:
        return False
    return CRASH in tail.rpartition(_STARTED)[2]
