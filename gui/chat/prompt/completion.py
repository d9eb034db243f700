"""The list of files and commands that complete the prompt."""

from __future__ import annotations

from PySide6.QtCore import QObject, QStringListModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import SlashCommand

from .editor import PromptEditor
from .files import DirectoryFiles

_MAX_SHOWN = 8
_ROW_PX = 26


class Completion(QObject):
    """Offers files after "@" and the agent's commands after "/"."""

    def __init__(self, editor: PromptEditor, page: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._page = page
        self._commands: tuple[SlashCommand, ...] = ()
        self._offers: list[str] = []
        self._word = ""
        self._dismissed = ""
        self.files = DirectoryFiles()
        self.files.listed.connect(self._offer)
        self._model = QStringListModel(self)
        self.list = QListView(page)
        self.list.setProperty("kind", "popup")
        self.list.setModel(self._model)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setAccessibleName(chat_texts.completions())
        self.list.clicked.connect(lambda index: self._accept(index.row()))
        self.list.hide()
        editor.textChanged.connect(self._offer)
        editor.cursorPositionChanged.connect(self._offer)
        editor.completion_key.connect(self._on_key)

    def set_commands(self, commands: tuple[SlashCommand, ...]) -> None:
        """Set the agent's commands."""
        self._commands = commands

    def close(self) -> None:
        """Close the list."""
        self.list.hide()
        self._editor.is_completing = False

    def _offer(self) -> None:
        word = self._word = self._editor.word()
        if not word or word == self._dismissed or not self._editor.hasFocus():
            self._dismissed = self._dismissed if word else ""
            self.close()
            return
        if word.startswith("/"):
            found = [command for command in self._commands if command.name.lower().startswith(word[1:].lower())]
            self._offers = [f"/{command.name}" for command in found]
            rows = [
                chat_texts.joined(f"/{one_line(command.name)}", one_line(command.description or command.hint))
                for command in found
            ]
        else:
            self._offers = [f"@{path}" for path in self.files.matching(word[1:])]
            rows = [one_line(offer[1:]) for offer in self._offers]
        if not rows or self._offers == [word]:
            self.close()
            return
        if rows != self._model.stringList():
            self._model.setStringList(rows)
            self.list.setCurrentIndex(self._model.index(0))
        self._place(len(rows))
        self.list.show()
        self.list.raise_()
        self._editor.is_completing = True

    def _place(self, rows: int) -> None:
        height = min(rows, _MAX_SHOWN) * _ROW_PX + 12
        editor = self._editor
        corner = editor.mapTo(self._page, editor.rect().topLeft())
        self.list.setGeometry(corner.x(), max(corner.y() - height - 12, 0), min(editor.width(), 560), height)

    def _on_key(self, key: int) -> None:
        row = max(self.list.currentIndex().row(), 0)
        count = len(self._offers)
        if key == Qt.Key.Key_Escape:
            self._dismissed = self._word
            self.close()
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            row = (row + (1 if key == Qt.Key.Key_Down else -1)) % max(count, 1)
            self.list.setCurrentIndex(self._model.index(row))
        else:
            self._accept(row)

    def _accept(self, row: int) -> None:
        if 0 <= row < len(self._offers):
            word, offer = self._word, self._offers[row]
            self.close()
            self._editor.complete(word, offer)
            self.close()
