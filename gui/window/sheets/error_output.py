"""Shows a program's standard error, for reading and copying."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.tasks import Tasks
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.timers import single_shot
from gui.window.sheets.sheet import LINES_PX, Sheet, button_row
from gui.window.widgets.parts import ElidedLabel, PlainLines, button, label
from gui.wording import common_texts, sheet_texts
from session_host.client.chats.ended_chat import ERRORS_BYTES, error_output
from session_host.errors import OutliveError

HEIGHT_PX = 360
LOADING_MS = 300
"""The sheet opens after this time, also before the output is read."""


class OutputSheet(Sheet):
    """Shows the end of the output; Escape closes the sheet.

    Signals:
        was_empty: there was no output to show, and the sheet is closed.
    """

    was_empty = Signal()

    def __init__(self, theme: Theme, parent: QWidget, tasks: Tasks) -> None:
        super().__init__(theme, parent, common_texts.ERROR_OUTPUT(), LINES_PX, self.dismiss)
        self._tasks = tasks
        self._chat: Chat | None = None
        self._loading = single_shot(self, LOADING_MS)
        self._loading.timeout.connect(self._open)
        self.closed.connect(self._forget)
        self.title = ElidedLabel("", "title")
        self.state = label("", "secondary")
        self.text = PlainLines(common_texts.ERROR_OUTPUT(), LINES_PX, HEIGHT_PX)
        self.text.setTabChangesFocus(True)
        self.copy = button(common_texts.COPY(), "", self._copy)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        self.lay_out(
            self.title,
            self.text,
            button_row(self.copy, self.close_button, words=self.state),
            gap_px=GAP_S_PX,
            wide=self.text,
        )

    def ask(self, chat: Chat) -> None:
        """Open the sheet for this chat, unless its output is empty."""
        self._chat = chat
        self.title.set_whole(sheet_texts.ERROR_OUTPUT_OF(name=chat.full_name))
        self._show("", common_texts.LOADING())
        self._loading.start()
        self._tasks.start(self._read(chat), "error output")

    async def _read(self, chat: Chat) -> None:
        try:
            found = await chat.machine.call(error_output, chat.session_id)
        except OutliveError as error:
            text, state = "", sheet_texts.CANNOT_READ_ERRORS(reason=error)
        else:
            text = found.text if found is not None else ""
            state = sheet_texts.LAST_KIB(size=ERRORS_BYTES // 1024) if found is not None and found.is_cut else ""
        if chat is not self._chat:
            return
        self._loading.stop()
        if text or state:
            self._show(text, state)
            self._open()
        else:
            self.dismiss()
            self.was_empty.emit()

    def _forget(self) -> None:
        """Show no answer that comes after the user has closed the sheet."""
        self._chat = None

    def _show(self, text: str, state: str) -> None:
        self.text.setPlainText(text)
        self.text.setVisible(bool(text))
        self.copy.setVisible(bool(text))
        self.state.setText(state)
        # The last lines are the most important.
        self.text.moveCursor(QTextCursor.MoveOperation.End)

    def _open(self) -> None:
        if not self.is_open:
            self.open()
        (self.text if self.text.isVisible() else self.close_button).setFocus(Qt.FocusReason.OtherFocusReason)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.textCursor().selectedText() or self.text.toPlainText())
