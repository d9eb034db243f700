"""Qt's messages: each warning of Qt fails the test that caused it."""

from __future__ import annotations

import re
import sys
from typing import Any

COMPLAINT = re.compile(
    r"^(qt\.|q[A-Z]\w+\(|Q[A-Z]\w*(::|:|\()|Cannot mix|This plugin does not|Could not|libpng|libEGL|MESA"
    r"|Traceback \(most|Exception ignored|.*(ResourceWarning|RuntimeWarning|DeprecationWarning):)"
)


class QtMessages:
    """Collects Qt's messages of level warning and above."""

    def __init__(self) -> None:
        self._complaints: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        self._installed = False

    def install(self) -> None:
        """Install the message handler; does nothing if it is installed."""
        if not self._installed:
            from PySide6.QtCore import qInstallMessageHandler

            qInstallMessageHandler(self._take)
            self._installed = True

    def uninstall(self) -> None:
        """Restore Qt's own handler, before this object is destroyed."""
        if self._installed:
            from PySide6.QtCore import qInstallMessageHandler

            qInstallMessageHandler(None)
            self._installed = False

    def install_if_loaded(self) -> None:
        """As ``install``, if Qt has been imported."""
        if "PySide6.QtCore" in sys.modules:
            self.install()

    def allow(self, pattern: str) -> None:
        """Allow messages that match ``pattern``, for the rest of this test."""
        self._allowed.append(re.compile(pattern))

    def take_complaints(self) -> list[str]:
        """Return the messages since the last call that were not allowed; clears the allowed patterns."""
        complaints = [line for line in self._complaints if not any(pattern.search(line) for pattern in self._allowed)]
        self._complaints.clear()
        self._allowed.clear()
        return complaints

    def _take(self, kind: Any, context: Any, message: str | None) -> None:
        from PySide6.QtCore import QtMsgType

        if kind in {QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg}:
            self._complaints.append(f"{context.category or 'qt'}: {message}")


def complaints_in(stderr: str, *, allowed: str = "") -> list[str]:
    """Lines of a window process's standard error that a user should never see: Qt's warnings, tracebacks."""
    return [
        line for line in stderr.splitlines() if COMPLAINT.search(line) and not (allowed and re.search(allowed, line))
    ]
