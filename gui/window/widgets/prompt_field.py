"""A field for several lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from gui.clipboard import fields
from gui.clipboard.fields import edit_menu
from gui.input.draft import typed_text
from gui.input.dragging import local_files, quoted
from gui.input.keys import LINEFEED


class PromptField(QPlainTextEdit):
    """A field for a few lines of text; Enter submits it, Shift+Enter begins another line.

    Attributes:
        enter_submits: whether Enter submits the text, also without Ctrl; else it begins another line.
        on_files: gets the files that are pasted or dropped.

    Signals:
        submitted: the user pressed Enter.
    """

    submitted = Signal()

    MAX_LINES = 6

    def __init__(self, name: str, *, enter_submits: bool = True) -> None:
        super().__init__()
        self.enter_submits = enter_submits
        self.on_files: Callable[[list[str]], object] = self.insert_names
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(3)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._grow())

    def toPlainText(self) -> str:
        """The text, with its no-break spaces."""
        return typed_text(self.document())

    def sizeHint(self) -> QSize:
        lines = min(max(self._lines(), self.min_lines), self.MAX_LINES)
        return QSize(200, lines * self._line_px() + 18)

    def _line_px(self) -> int:
        """The height of a line, which may be more than the font's metrics say."""
        first = self.document().firstBlock().layout()
        measured = ceil(first.lineAt(0).height()) if first.lineCount() else 0
        return max(measured, self.fontMetrics().lineSpacing())

    def _lines(self) -> int:
        """The number of wrapped lines, in which a plain text's document counts its height."""
        return round(self.document().size().height())

    def _grow(self) -> None:
        fits = self._lines() <= max(self.MAX_LINES, self.min_lines)
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if fits else needed)
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._lines() * self._line_px() < self.viewport().height():
            # The field was scrolled to the cursor before it got this height.
            self.verticalScrollBar().setValue(0)
        if event.size().width() != event.oldSize().width() and self.height() < self.sizeHint().height():
            QTimer.singleShot(0, self, self.updateGeometry)  # A layout that is at work takes no other height.

    def minimumSizeHint(self) -> QSize:
        return QSize(64, self.sizeHint().height())

    min_lines = 1

    def insertFromMimeData(self, source: QMimeData) -> None:
        if files := local_files(source):
            self.on_files(files)  # Qt would insert their addresses.
        else:
            super().insertFromMimeData(source)

    def insert_names(self, files: Iterable[str]) -> None:
        """Insert the names of files, quoted for a shell."""
        self.insertPlainText(quoted(files))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        edit_menu(self, lambda: fields.paste(self)).popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if is_enter and (control or (self.enter_submits and not shift)):
            self.submitted.emit()
        elif event.key() == LINEFEED:
            self.insertPlainText("\n")
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # Escape closes the sheet.
        else:
            super().keyPressEvent(event)
