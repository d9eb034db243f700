"""The list of the changed files, with a field that filters it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter

from gui.bridge.changes import ChangedFile, State
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.window.changes.content import shown
from gui.window.widgets.paged_window import PAGE_ROW_PX, PageList
from gui.window.widgets.result_list import RowDelegate
from gui.wording import changes_texts, common_texts

WIDTH_PX = 320
MIN_WIDTH_PX = 184
_LETTER_PX = 16
_COLORS: dict[State, str] = {
    "added": "fine", "untracked": "fine", "deleted": "failed", "conflict": "failed", "modified": "needs_you",
    "type": "needs_you", "renamed": "accent",
}  # fmt: skip


class FileList(PageList):
    """The list; its pages are the files, in their order.

    Attributes:
        files: the changed files.

    Signals:
        opened(int): the user opens the file with this number by a double click.
    """

    opened = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, WIDTH_PX, [], search=changes_texts.FILTER_FILES(), pages=changes_texts.CHANGED_FILES())
        self.files: Sequence[ChangedFile] = ()
        self._current = -1
        self.list.setItemDelegate(_FileDelegate(theme, self))
        self.list.setUniformItemSizes(True)
        self.list.doubleClicked.connect(lambda index: self.opened.emit(self.page_at(index.row())))
        self.search.textChanged.connect(lambda _text: self._filter())

    @property
    def current(self) -> int:
        """The number of the marked file; -1 for none."""
        return self._current

    def set_current(self, page: int) -> None:
        self._current = page
        super().set_current(page)

    def show_files(self, files: Sequence[ChangedFile]) -> None:
        """List these files; the file with the path of the marked one is marked again."""
        marked = self.files[self._current].path if 0 <= self._current < len(self.files) else ""
        self.files = files
        self._current = next((number for number, file in enumerate(files) if file.path == marked), -1)
        self.set_titles(
            [changes_texts.changed_row(shown(file.path), file.state, file.added, file.removed) for file in files]
        )  # fmt: skip
        self._filter()

    def _filter(self) -> None:
        """List the files that contain each word of the field in their path."""
        words = self.search.text().casefold().split()
        listed = [
            number
            for number, file in enumerate(self.files)
            if all(word in shown(file.path).casefold() for word in words)
        ]
        self.set_listed(listed)
        self.set_current(self._current)
        self.say_found(common_texts.NO_MATCHES() if words and not listed else "")


class _FileDelegate(RowDelegate):
    """Paints a file: its state's letter, its name and directory, and the numbers of lines."""

    def __init__(self, theme: Theme, files: FileList) -> None:
        super().__init__(theme, PAGE_ROW_PX, files.list)
        self._files = files

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        file = self._files.files[self._files.page_at(index.row())]
        tokens = self._theme.tokens
        room = area.adjusted(GAP_M_PX, 0, -GAP_S_PX, 0)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(SECONDARY_PX, bold=True))
        painter.setPen(tokens.color(_COLORS[file.state]))
        painter.drawText(room, middle, changes_texts.state_letter(file.state))
        room.setLeft(room.left() + _LETTER_PX)
        painter.setFont(font(SECONDARY_PX))
        for text, color in (
            (changes_texts.REMOVED_LINES(count=file.removed) if file.removed else "", "failed"),
            (changes_texts.ADDED_LINES(count=file.added) if file.added else "", "fine"),
        ):
            if text:
                painter.setPen(tokens.color(color))
                painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
                room.setRight(room.right() - painter.fontMetrics().horizontalAdvance(text) - GAP_S_PX)
        path = PurePosixPath(shown(file.path))
        name_px = self._draw(painter, room, path.name, Qt.TextElideMode.ElideMiddle, "text")
        room.setLeft(room.left() + name_px + GAP_S_PX)
        if room.width() > _LETTER_PX and path.parent.name:
            self._draw(painter, room, str(path.parent), Qt.TextElideMode.ElideLeft, "secondary")

    def _draw(self, painter: QPainter, room: QRect, text: str, mode: Qt.TextElideMode, color: str) -> int:
        """Draw a text that is elided to fit; returns its width in pixels."""
        painter.setFont(font() if color == "text" else font(SECONDARY_PX))
        metrics: QFontMetrics = painter.fontMetrics()
        elided = metrics.elidedText(text, mode, room.width())
        painter.setPen(self._theme.tokens.color(color))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        return metrics.horizontalAdvance(elided)
