"""The guide window: the chapters on the left, one of them on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut

from gui.chat.content.segments import Action
from gui.chat.page.positions import ScrollPosition
from gui.finding.query import Pattern
from gui.theme.theme import Theme
from gui.window.guide.chapters import Match, read_chapters, search
from gui.window.guide.page import GuidePage
from gui.window.widgets.paged_window import PageList
from gui.window.widgets.text_window import TextWindow
from gui.wording import common_texts, page_texts, sheet_texts

SIZE = QSize(1120, 760)
MIN_SIZE = QSize(480, 360)
CHAPTERS_PX = 272
MAX_CHAPTERS_PX = 340
"""The list of the chapters is wide enough for all titles, within these limits."""
_LIST_SHARE = 0.4
"""The most of a narrow window's width that the list takes."""


class _Visit(NamedTuple):
    """A chapter that the user has read, and its scroll position then."""

    row: int
    scroll_position: ScrollPosition | None = None


class GuideWindow(TextWindow):
    """The window.

    Attributes:
        page: the chapter that is shown.
        matches: the line with the number of matches.

    Signals:
        link_activated(str): the user opens a link that leads out of the guide.
    """

    link_activated = Signal(str)

    def __init__(self, theme: Theme, keys: Mapping[str, str]) -> None:
        """Make the window; ``keys`` as in ``with_keys``."""
        self._chapters = read_chapters(keys)
        titles = [chapter.title for chapter in self._chapters]
        side = PageList(
            theme, CHAPTERS_PX, titles, search=sheet_texts.SEARCH_GUIDE(), pages=sheet_texts.CHAPTERS()
        )  # fmt: skip
        side.widen_for_titles(MAX_CHAPTERS_PX)
        self.page = GuidePage(theme)
        super().__init__(sheet_texts.GUIDE(), side, self.page, size=SIZE, min_size=MIN_SIZE)
        self._list_px = side.width()
        self._rows = {chapter.name: row for row, chapter in enumerate(self._chapters)}
        self._row = 0
        self._back: list[_Visit] = []
        self._forward: list[_Visit] = []
        self._pattern: Pattern | None = None
        self._found: list[tuple[int, Match]] = []
        """The matches in all chapters, each with its chapter's row."""
        self._match = 0
        self._origin: _Visit | None = None
        """Where the user was when the search began."""
        self.matches = side.found
        self._lay_out(theme, self.page)
        self._connect()
        self._show(_Visit(0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.setFixedWidth(min(self._list_px, round(self.width() * _LIST_SHARE)))

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self._side.chosen.connect(self._on_chosen)
        self.page.action_triggered.connect(self._on_action)
        self.page.history_requested.connect(self._go)
        for key, by in ((QKeySequence.StandardKey.Back, -1), (QKeySequence.StandardKey.Forward, 1)):
            QShortcut(QKeySequence(key), self).activated.connect(lambda by=by: self._go(by))

    # ------------------------------------------------------------ chapters

    def show_chapter(self, name: str) -> None:
        """Show a chapter from its beginning, by the name of its file; the way back leads to where the user was."""
        if self._rows[name] != self._row:
            self._visit(_Visit(self._rows[name]))

    def _on_chosen(self, row: int) -> None:
        first = next((at for at, (of, _) in enumerate(self._found) if of == row), None)
        if first is not None:
            self._show_match(first)
        elif row != self._row:
            self._visit(_Visit(row))

    def _visit(self, visit: _Visit) -> None:
        self._back.append(_Visit(self._row, self.page.scroller.position))
        self._forward.clear()
        self._show(visit)

    def _go(self, by: int) -> None:
        """Go back, or forward again."""
        visits, following = (self._back, self._forward) if by < 0 else (self._forward, self._back)
        if visits:
            following.append(_Visit(self._row, self.page.scroller.position))
            self._show(visits.pop())

    def _show(self, visit: _Visit) -> None:
        self._row = visit.row
        chapter = self._chapters[visit.row]
        self.setWindowTitle(
            sheet_texts.GUIDE_TITLE_OF(chapter=chapter.title) if visit.row else sheet_texts.GUIDE_TITLE()
        )
        self._side.set_current(visit.row)
        self.page.show_chapter(chapter, visit.scroll_position)

    def use_keys(self, keys: Mapping[str, str]) -> None:
        """Write other keys into the chapters; the scroll position stays."""
        self._chapters = read_chapters(keys)
        self._show(_Visit(self._row, self.page.scroller.position))
        if self._pattern is not None:
            self._find()

    def _on_action(self, action: Action) -> None:
        name = action.value.partition("#")[0]
        if name in self._rows:
            self.show_chapter(name)
        else:
            self.link_activated.emit(action.value)

    # ------------------------------------------------------------ find

    def _find(self) -> None:
        """Find the typed text: list the chapters that contain it, and show a match, in a heading if one has it."""
        text = self.search.text().strip()
        if not text:
            self._end_search()
            return
        if self._origin is None:
            self._origin = _Visit(self._row, self.page.scroller.position)
        self._pattern, self._found = search(self._chapters, text, self._origin.row)
        self._side.set_listed(list(dict.fromkeys(row for row, _ in self._found)))
        if self._found:
            headings = self._chapters[self._found[0][0]].headings
            self._show_match(next((at for at, (_, match) in enumerate(self._found) if match.block in headings), 0))
        else:
            self._show(self._origin)
            self.page.mark(None, None)
            self._side.say_found(common_texts.NO_MATCHES())

    def _end_search(self) -> None:
        """List all chapters again; the chapter stays, and the way back leads to where the search began."""
        origin, self._origin = self._origin, None
        self._pattern, self._found = None, []
        self.page.mark(None, None)
        self._side.say_found("")
        self._side.set_listed(range(len(self._chapters)))
        self._side.set_current(self._row)
        if origin is not None and origin.row != self._row:
            self._back.append(origin)
            self._forward.clear()

    def _show_match(self, number: int) -> None:
        """Show a match; those behind the last and before the first are at the other end."""
        self._match = number % len(self._found)
        row, match = self._found[self._match]
        if row != self._row:
            self._show(_Visit(row))
        self._side.set_current(row)
        self.page.mark(self._pattern, match)
        self._side.say_found(page_texts.MATCHES(position=self._match + 1, count=len(self._found)))

    # ------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, is_searching = event.key(), self.search.hasFocus()
        by = -1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key == Qt.Key.Key_F3 or (is_searching and key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}):
            if self._found:
                self._show_match(self._match + by)
        elif is_searching and key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}:
            self.scroll_pages(-1 if key == Qt.Key.Key_PageUp else 1)
        else:
            super().keyPressEvent(event)
