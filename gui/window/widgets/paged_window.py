"""A window with a list of pages on the left, and what is shown of them on the right."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.garbage import delete
from gui.input import latin_keys
from gui.theme.theme import Theme
from gui.window.widgets.activating_clicks import ActivatingClicks
from gui.window.widgets.page_list import PageList
from gui.window.widgets.parts import Hairline
from gui.window.widgets.raising import raise_window, watch_exposure


class PagedWindow(QWidget):
    """The window; it is deleted when it is closed.

    Attributes:
        search: the field above the list.
        navigation: the list of the pages.

    Signals:
        closed: the window is closed, and about to be deleted.
    """

    closed = Signal()

    def __init__(self, name: str, side: PageList, *, size: QSize, min_size: QSize) -> None:
        """Make the window without its right side; ``name``: for screen readers, sizes in logical pixels."""
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("area", "page")
        self.setAccessibleName(name)
        self.setMinimumSize(min_size)
        self.resize(size)
        self._usual_size = size
        self._clicks = ActivatingClicks(self)
        self._side = side
        self.search, self.navigation = side.search, side.list

    def _lay_out(self, theme: Theme, content: QWidget) -> None:
        """Lay out both sides; ``content`` is the right one."""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._side)
        row.addWidget(Hairline(theme, Qt.Orientation.Vertical))
        row.addWidget(content, 1)

    def sizeHint(self) -> QSize:
        return self._usual_size

    def start(self) -> None:
        """Show the window in front, with the keyboard in the search field."""
        raise_window(self)
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        watch_exposure(self, event)
        self._clicks.watch()
        latin_keys.watch(self.windowHandle())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.key() == Qt.Key.Key_Escape or event.matches(QKeySequence.StandardKey.Close):
            self.close()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()
        delete(self)
