"""Reports a view's grid size to its session: at once, or after a pause while the view is being resized."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QTimer, SignalInstance
from PySide6.QtWidgets import QWidget

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator

from .drawing.surface import Surface
from .input.input_sink import InputSink

_RESIZE_DEBOUNCE_MS = 50


class SizedOwner(Protocol):
    """The widget, as the reporter uses it."""

    @property
    def emulator(self) -> Emulator | None:
        """The displayed emulator."""

    @property
    def sink(self) -> InputSink | None:
        """The receiver of sizes; None if the screen is read-only."""


class GridSizeReporter:
    """Reports the size of one view's grid, and the size of its cells."""

    def __init__(self, owner: SizedOwner, surface: Surface, resized: SignalInstance, view: QWidget) -> None:
        """``resized`` is emitted with each reported size, after the sink has received it."""
        self._owner = owner
        self._surface = surface
        self._resized = resized
        self._reported: tuple[GridSize, CellSize] | None = None
        self._delay = QTimer(view, singleShot=True, interval=_RESIZE_DEBOUNCE_MS)
        self._delay.timeout.connect(self.report)

    def forget(self) -> None:
        """Forget the reported size, since the view shows another session."""
        self._reported = None

    def report(self) -> None:
        """Report the size, if it has changed since the last report."""
        self._delay.stop()
        size, cell = self._surface.layout.largest_grid.clamped(), self._surface.metrics.cell
        if self._reported != (size, cell):
            self._reported = size, cell
            if self._owner.sink is not None:
                self._owner.sink.resize(size, cell)
            self._resized.emit(size, cell)

    def report_soon(self) -> None:
        """Report the size when it stops changing (debounced), unless the first report is still pending."""
        if self._reported is not None:
            self._delay.start()

    def cancel(self) -> None:
        """Cancel a report that is due soon, since the view is hidden."""
        self._delay.stop()

    def claim(self) -> None:
        """Make this view's size the session's, since the view is in use."""
        emulator, sink = self._owner.emulator, self._owner.sink
        if sink is not None and emulator is not None and self._reported is not None:
            size, cell = self._surface.layout.largest_grid.clamped(), self._surface.metrics.cell
            if emulator.size != size:
                sink.resize(size, cell)
