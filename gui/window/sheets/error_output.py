"""Shows a program's standard error, for reading and copying."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.tasks import Tasks
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.window.sheets.sheet import LINES_PX, Sheet, button_row
from gui.window.widgets.parts import ElidedLabel, PlainLines, button, label
from gui.wording import common_texts, sheet_texts
from session_host.client.chats.ended_chat import ERRORS_BYTES, error_output
from session_host.errors import OutliveError

HEIGHT_PX = 360


class OutputSheet(Sheet):
    """Shows the end of the output; Escape closes the sheet."""

    def __init__(self, theme: Theme, parent: QWidget, tasks: Tasks) -> None:
        super().__init__(theme, parent, common_texts.ERROR_OUTPUT(), LINES_PX, self.dismiss)
        self._tasks = tasks
        self._chat: Chat | None = None
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
        """Open the sheet for this chat."""
        self._chat = chat
        self.title.set_whole(sheet_texts.ERROR_OUTPUT_OF(name=chat.full_name))
        self.text.setPlainText("")
        self.text.show()
        self.state.setText(common_texts.LOADING())
        self.open()
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tasks.start(self._read(chat), "error output")

    async def _read(self, chat: Chat) -> None:
        try:
            found = await chat.machine.call(error_output, chat.session_id)
        except OutliveError as error:
            text, state = "", sheet_texts.CANNOT_READ_ERRORS(reason=error)
        else:
            text = found.text if found is not None else ""
            cut = sheet_texts.LAST_KIB(size=ERRORS_BYTES // 1024) if found is not None and found.is_cut else ""
            state = cut if found is not None else sheet_texts.NO_ERROR_OUTPUT()
        if chat is self._chat:
            self.text.setPlainText(text)
            self.text.setVisible(bool(text))
            self.state.setText(state)
            self.copy.setEnabled(bool(text))
            # The last lines are the most important.
            self.text.moveCursor(QTextCursor.MoveOperation.End)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.textCursor().selectedText() or self.text.toPlainText())
