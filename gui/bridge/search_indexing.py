"""The process that updates the index of the search in all chats."""

from __future__ import annotations

from PySide6.QtCore import QObject, QProcess, Signal

from gui.timers import single_shot
from session_host.system.installation import own_python

DELAY_MS = 10_000
"""Delay of an update after output; the update includes later output, too."""

NICENESS = 10
"""The process gets a tenth of a busy processor. With a higher value it would hold the index's lock for too long."""

_END_MS = 2000


class SearchIndexing(QObject):
    """Starts ``storage.search.background_update`` after new output; idle chats cost nothing.

    Signals:
        started: a process starts to read the output that exists now.
    """

    started = Signal()

    def __init__(self, parent: QObject, delay_ms: int = DELAY_MS) -> None:
        super().__init__(parent)
        self._timer = single_shot(self, delay_ms)
        self._timer.timeout.connect(self._start)
        self._process: QProcess | None = None
        self._is_behind = self._is_paused = False

    def note_output(self) -> None:
        """Schedule an update after a chat's output."""
        if not self._is_behind:
            self._is_behind = True
            self._timer.start()

    def set_paused(self, paused: bool) -> None:
        """Pause or continue; a search pauses it, because the search indexes all output itself, and faster."""
        self._is_paused = paused
        if paused:
            self.close()
        elif self._is_behind:
            self._timer.start()

    def close(self) -> None:
        """End a running update."""
        self._timer.stop()
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.kill()
            process.waitForFinished(_END_MS)
            process.deleteLater()
            self._is_behind = True

    def _start(self) -> None:
        if self._is_paused or self._process is not None:
            return
        self._is_behind = False
        self.started.emit()
        process = self._process = QProcess(self)
        process.setStandardInputFile(QProcess.nullDevice())
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setStandardErrorFile(QProcess.nullDevice())  # A search reports problems of the index.
        process.finished.connect(self._on_finished)
        # The user's keys must not wait: a plain fork copies the window's page tables.
        process.setUnixProcessParameters(QProcess.UnixProcessFlag.UseVFork)
        update = [*own_python(), "-m", "session_host.storage.search.background_update"]
        process.start("nice", ["-n", str(NICENESS), *update])

    def _on_finished(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if self._is_behind:
            self._timer.start()
