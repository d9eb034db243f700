"""The list of files and commands that complete the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from gui.theme.matched import paint_matched
from gui.theme.popup_list import PopupDelegate, PopupList
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import SlashCommand
from session_host.structured.mentions import mention

from .editor import PromptEditor
from .files import DirectoryFiles

_MAX_SHOWN = 8
_TEXT_PX = 8
"""The space before and after a row's text."""


class Completion(QObject):
    """Offers files after "@" and the agent's commands after "/"."""

    def __init__(self, theme: Theme, editor: PromptEditor, page: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._page = page
        self._commands: tuple[SlashCommand, ...] = ()
        self._offers: list[str] = []
        self._positions: list[Sequence[int]] = []
        """The matched characters of each row."""
        self._word = ""
        self._dismissed = ""
        self.files = DirectoryFiles()
        self.files.listed.connect(self._offer)
        self._model = QStringListModel(self)
        self.list = PopupList(page, self._model, chat_texts.COMPLETIONS())
        self.list.setItemDelegate(_MatchDelegate(theme, self))
        self.list.clicked.connect(lambda index: self._accept(index.row()))
        editor.textChanged.connect(self._offer)
        editor.cursorPositionChanged.connect(self._offer)
        editor.completion_key.connect(self._on_key)

    def set_commands(self, commands: tuple[SlashCommand, ...]) -> None:
        """Set the agent's commands."""
        self._commands = commands

    def positions(self, row: int) -> Sequence[int]:
        """The matched characters of a row."""
        return self._positions[row] if row < len(self._positions) else ()

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
            self._positions = [()] * len(rows)
        else:
            matches = self.files.matching(word[1:].removeprefix('"'))
            self._offers = [_mention_of(match.path) for match in matches]
            rows = [one_line(match.path) for match in matches]
            self._positions = [
                match.positions if row == match.path else () for row, match in zip(rows, matches, strict=True)
            ]
        if not rows or self._offers == [word]:
            self.close()
            return
        if rows != self._model.stringList():
            self._model.setStringList(rows)
            self.list.setCurrentIndex(self._model.index(0))
        # A command's description is read from its beginning; the end of a path names the file.
        is_command = word.startswith("/")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight if is_command else Qt.TextElideMode.ElideMiddle)
        self.list.viewport().update()
        self._place(len(rows))
        self.list.show()
        self.list.raise_()
        self._editor.is_completing = True

    def _place(self, rows: int) -> None:
        height = self.list.height_for(min(rows, _MAX_SHOWN))
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
            if not offer.endswith("/"):
                self.close()


def _mention_of(path: str) -> str:
    """The mention of a path; that of a folder has no second quotation mark, since the path goes on."""
    text = mention(path)
    return text.removesuffix('"') if path.endswith("/") else text


class _MatchDelegate(PopupDelegate):
    """Paints rows with their matched characters marked."""

    def __init__(self, theme: Theme, completion: Completion) -> None:
        super().__init__(completion)
        self._theme, self._completion = theme, completion

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        text, area = str(index.data()), option.rect.adjusted(_TEXT_PX, 0, -_TEXT_PX, 0)
        positions = self._completion.positions(index.row())
        if not positions or option.fontMetrics.horizontalAdvance(text) > area.width():
            super().paint(painter, option, index)
            return
        background = QStyleOptionViewItem(option)
        self.initStyleOption(background, index)
        background.text = ""
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, background, painter, option.widget)
        painter.save()
        painter.setFont(option.font)
        painter.setPen(self._theme.tokens.color("text"))
        paint_matched(painter, area, text, positions, self._theme.tokens)
        painter.restore()
