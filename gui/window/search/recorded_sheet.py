"""The recorded text around a line that the terminal no longer has."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from gui.bridge.search import Hit, Query
from gui.finding.query import unit_offsets
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.window.sheets.sheet import LINES_PX, InfoSheet
from gui.window.widgets.parts import ElidedLabel, PlainLines, label
from gui.wording import sheet_texts
from session_host.protocol.untrusted_text import one_line

HEIGHT_PX = 440


class RecordingSheet(InfoSheet):
    """Shows lines for reading and copying, with one of them marked; Escape closes the sheet."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.RECORDED_TEXT(), LINES_PX)
        self.title = ElidedLabel("", "title")
        self.text = PlainLines(sheet_texts.RECORDED_TEXT(), LINES_PX, HEIGHT_PX)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        layout = self.column(GAP_S_PX)
        layout.addWidget(self.title)
        layout.addWidget(label(sheet_texts.RECORDED_HINT(), "secondary"))
        layout.addWidget(self.text)

    def show_lines(self, name: str, lines: list[Hit], found: Hit, query: Query) -> None:
        """Show a chat's lines, at the found one."""
        self.title.set_whole(sheet_texts.RECORDING_OF(name=name))
        shown = [one_line(line.text) for line in lines]
        self.text.setPlainText("\n".join(shown))
        index = next((index for index, line in enumerate(lines) if line.number == found.number), 0)
        self.open()
        if lines:
            units = unit_offsets(shown[index])
            self._mark(index, [(units[first], units[end]) for first, end in query.spans(shown[index])])
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark(self, index: int, spans: list[tuple[int, int]]) -> None:
        start = self.text.document().findBlockByNumber(index).position()
        whole = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(start)
        background: QColor = self._theme.tokens.color("selected")
        whole.cursor, whole.format = cursor, QTextCharFormat()
        whole.format.setBackground(background)
        whole.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        marks = [whole]
        for first, end in spans:
            mark = QTextEdit.ExtraSelection()
            part = QTextCursor(cursor)
            part.setPosition(start + first)
            part.setPosition(start + end, QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = part, QTextCharFormat()
            mark.format.setForeground(self._theme.tokens.color("accent"))
            mark.format.setFontWeight(QFont.Weight.DemiBold)
            marks.append(mark)
        self.text.setExtraSelections(marks)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()
