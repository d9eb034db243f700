"""Updates the search index in a separate process after chats wrote output."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

AFTER_MS = 10_000
"""Delay of an update after output; the update includes later output, too."""

NICENESS = 10
"""The process gets a tenth of a busy processor. A higher value would hold the index's lock for too long."""

_END_MS = 2000


class SearchIndexing(QObject):
    """Starts ``storage.search.background_update`` after new output; idle chats cost nothing.

    Signals:
        started: a process begins to read the present output.
    """

    started = Signal()

    def __init__(self, parent: QObject, after_ms: int = AFTER_MS) -> None:
        super().__init__(parent)
        self._soon = QTimer(self, singleShot=True, interval=after_ms)
        self._soon.timeout.connect(self._start)
        self._process: QProcess | None = None
        self._is_behind = self._is_held = False

    def note_output(self) -> None:
        """Schedule an update after a chat's output."""
        if not self._is_behind:
            self._is_behind = True
            self._soon.start()

    def set_paused(self, held: bool) -> None:
        """Pause during a search, which reads all output itself, and faster."""
        self._is_held = held
        if held:
            self.close()
        elif self._is_behind:
            self._soon.start()

    def close(self) -> None:
        """End a running update."""
        self._soon.stop()
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.kill()
            process.waitForFinished(_END_MS)
            process.deleteLater()
            self._is_behind = True

    def _start(self) -> None:
        if self._is_held or self._process is not None:
            return
        self._is_behind = False
        self.started.emit()
        process = self._process = QProcess(self)
        process.setStandardInputFile(QProcess.nullDevice())
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setStandardErrorFile(QProcess.nullDevice())  # A search reports problems of the index.
        process.finished.connect(self._on_finished)
        # No key waits for it: a fork would copy the window's page tables, and to load the program takes a processor
        # longer than to index a few lines.
        process.setUnixProcessParameters(QProcess.UnixProcessFlag.UseVFork)
        update = [sys.executable, "-P", "-m", "session_host.storage.search.background_update"]
        process.start("nice", ["-n", str(NICENESS), *update])

    def _on_finished(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if self._is_behind:
            self._soon.start()
