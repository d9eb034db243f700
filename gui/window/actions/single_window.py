"""Opens a window that exists at most once in the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject

from gui.window.widgets.parts import center_on_active_window

if TYPE_CHECKING:
    from gui.window.widgets.paged_window import PagedWindow

W = TypeVar("W", bound="PagedWindow")


class SingleWindow(QObject, Generic[W]):
    """Opens the window, and brings it to the front if it is open.

    Most runs of the application do not need such a window: import its modules in ``_make``.

    Attributes:
        window: the open window; None if it is closed.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.window: W | None = None

    def _make(self) -> W:
        """Make the window; to be implemented."""
        raise NotImplementedError

    def _open(self) -> W:
        """The open window, or a new one that is not shown yet."""
        if self.window is None:
            self.window = self._make()
            center_on_active_window(self.window)
            self.window.closed.connect(self._on_closed)
        return self.window

    def open(self) -> W:
        """Show the window, where it was."""
        window = self._open()
        window.start()
        return window

    def close(self) -> None:
        """Close the window."""
        if self.window is not None:
            self.window.close()

    def _on_closed(self) -> None:
        self.window = None
