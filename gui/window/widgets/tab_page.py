"""A page that shows no chat, such as the settings: the content of a tab."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.garbage import delete


class TabPage(QWidget):
    """The page; it is deleted when it is closed. Its title, as a window's, is that of the window that shows it.

    Its focus proxy gets the keyboard when the user opens it.

    Attributes:
        own_keys: keys, in Qt's portable notation, that the window leaves to the page.

    Signals:
        closed: the page is closed, and about to be deleted.
    """

    closed = Signal()

    own_keys: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        """Make the page without content; ``name``: for screen readers."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("area", "page")
        self.setAccessibleName(name)

    def open_find(self) -> None:
        """Let the user find a text in the page; there is nothing to find."""

    @property
    def has_keyboard(self) -> bool:
        """Whether a part of the page has the window's keyboard focus."""
        return self.isAncestorOf(self.window().focusWidget())

    def focus_content(self) -> None:
        """Give the keyboard focus to the part that had it last, at first to the focus proxy."""
        last = self.focusWidget()
        target = last if self.isAncestorOf(last) and last.isVisibleTo(self) else self
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape or event.matches(QKeySequence.StandardKey.Close):
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()
        delete(self)
