"""Sheet with a chat's status details: the last report of each source and the history."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.chat_words import activity_and_age
from gui.bridge.tasks import Tasks
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.sheets.sheet import LIST_PX, Sheet, button_row
from gui.window.widgets.parts import ElidedLabel, Scrolled, button, label, sentence, stack
from gui.wording import common_texts, sheet_texts
from gui.wording.explanation import Explained, TableRow
from session_host.errors import OutliveError
from session_host.standing.endings import end_of

HEIGHT_PX = 360
NARROW_PX = 420


class StatusDetailsSheet(Sheet):
    """Shows one chat's evidence, and updates it when the chat's state changes."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        tasks: Tasks,
        ask: Callable[[Chat], Coroutine[Any, Any, Explained]],
    ) -> None:
        """Create the sheet; ``ask`` asks a chat's host."""
        super().__init__(theme, parent, sheet_texts.STATUS_DETAILS(), LIST_PX, self.dismiss)
        self._tasks = tasks
        self._ask = ask
        self._chat: Chat | None = None
        self._shown: Explained | None = None
        self._state = ("", "", "")
        self.title = ElidedLabel("", "title")
        self.summary = label("", "secondary", wraps=True)
        self.evidence = _Table(sheet_texts.LATEST_REPORTS(), 4, longest=1)
        self.transitions = _Table(sheet_texts.HISTORY(), 4, longest=3)
        self.notes = label("", "secondary", wraps=True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inner = QWidget()
        stack(
            QVBoxLayout(inner),
            self.evidence,
            self.transitions,
            self.notes,
            None,
            gap=GAP_M_PX,
            margins=(0, 0, GAP_M_PX, 0),
        )
        self.area = Scrolled(inner, HEIGHT_PX, sheet_texts.STATUS_DETAILS())
        self.copy = button(common_texts.COPY(), "", self._copy)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        self.lay_out(
            self.title,
            self.summary,
            self.area,
            button_row(self.copy, self.close_button),
            gap_px=GAP_S_PX,
            wide=self.area,
        )
        self.closed.connect(self._forget)

    def ask(self, chat: Chat) -> None:
        """Open the sheet for this chat."""
        self._forget()
        self._chat = chat
        chat.changed.connect(self._on_changed)
        self.title.set_whole(sheet_texts.STATUS_OF(name=chat.full_name))
        self._show(None)
        self.open()
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._on_changed()

    def _forget(self) -> None:
        chat, self._chat = self._chat, None
        if chat is not None and Shiboken.isValid(chat):  # A chat may be removed while the sheet is open.
            chat.changed.disconnect(self._on_changed)

    def _on_changed(self) -> None:
        """Ask again if the chat's state has changed."""
        chat = self._chat
        if chat is None:
            return
        state = (chat.group.value, chat.record.status.source, chat.record.status.detail)
        if self._shown is None or state != self._state:
            self._state = state
            self._tasks.start(self._load(chat), "explain")

    async def _load(self, chat: Chat) -> None:
        try:
            explained_status = await self._ask(chat)
        except OutliveError as error:
            if chat is self._chat:
                self.summary.setText(sheet_texts.CANNOT_LOAD_STATUS(error=error))
            return
        if chat is self._chat:
            self._show(explained_status)
            detail = "" if chat.has_ended else chat.record.status.detail
            state = activity_and_age(chat) or end_of(chat.record.outcome).phrase
            self.summary.setText(sentence(" · ".join(filter(None, (state, detail)))))

    def _show(self, explained_status: Explained | None) -> None:
        self._shown = explained_status
        self.area.setVisible(explained_status is not None)
        self.copy.setEnabled(explained_status is not None)
        if explained_status is None:
            self.summary.setText(common_texts.LOADING())
            return
        over = self._chat is not None and self._chat.has_ended
        reports = self._chat is not None and not self._chat.record.origin.is_shell_or_command
        self.evidence.setVisible(not over and (reports or bool(explained_status.evidence)))
        self.evidence.fill(explained_status.evidence, sheet_texts.NO_REPORTS())
        no_changes = sheet_texts.NO_CHANGES() if over else sheet_texts.NO_CHANGES_YET()
        self.transitions.fill(explained_status.transitions, no_changes)
        self.notes.setText("\n".join(explained_status.notes))
        self.notes.setVisible(bool(explained_status.notes))
        self.center()

    def _copy(self) -> None:
        if self._shown is not None:
            QGuiApplication.clipboard().setText(f"{self.summary.text()}\n\n{self._shown.as_text()}\n")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.area.verticalScrollBar()
        steps = {
            Qt.Key.Key_Down: bar.singleStep(),
            Qt.Key.Key_Up: -bar.singleStep(),
            Qt.Key.Key_PageDown: bar.pageStep(),
            Qt.Key.Key_PageUp: -bar.pageStep(),
        }
        if event.key() in steps:
            bar.setValue(bar.value() + steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class _Table(QWidget):
    """A heading and rows of text; rows without effect are muted. In a narrow sheet, a row has two lines."""

    def __init__(self, title: str, columns: int, *, longest: int) -> None:
        """Create a table. The texts of the column ``longest`` are wrapped; another column is as wide as its texts."""
        super().__init__()
        self._cells: list[QLabel] = []
        self._rows: list[TableRow] = []
        self._empty_text = ""
        self._longest = longest
        self._columns = columns
        self._is_narrow = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP_L_PX)
        self._grid.setVerticalSpacing(4)
        self._grid.addWidget(label(title, "title"), 0, 0, 1, columns)

    def fill(self, rows: list[TableRow], empty_text: str) -> None:
        """Show these rows, or the text for none."""
        self._rows, self._empty_text = rows, empty_text
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells = []
        self._grid.setColumnStretch(self._longest, 0 if self._is_narrow else 1)
        if not rows:
            self._add_row(empty_text, 1, 0, "secondary", self._columns)
        for number, row in enumerate(rows):
            if self._is_narrow:
                self._add_in_two_lines(row, 2 * number + 1)
            else:
                for column, text in enumerate(row.cells):
                    self._add_row(text, number + 1, column, "" if row.counts and column else "secondary")
            if not row.counts:
                set_tooltip(self._cells[-1], sheet_texts.OVERRIDDEN())

    def _add_in_two_lines(self, row: TableRow, line: int) -> None:
        cells = list(row.cells)
        words = cells.pop(self._longest)
        self._add_row(" · ".join(filter(None, cells)), line, 0, "secondary", self._columns)
        if words:
            self._add_row(words, line + 1, 0, "" if row.counts else "secondary", self._columns)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_PX
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self.fill(self._rows, self._empty_text)

    def _add_row(self, text: str, row: int, column: int, kind: str, span: int = 1) -> None:
        cell = label(text, kind)
        cell.setWordWrap(span > 1 or column == self._longest)
        cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cell.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(cell, row, column, 1, span)
        self._cells.append(cell)
