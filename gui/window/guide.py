"""The guide: the chapters on the left, one of them on the right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QShortcut

from gui.chat.content.items import ItemRequests, Mode, segments
from gui.chat.content.markdown import MarkdownText, blocks, parser
from gui.chat.content.segments import Action
from gui.chat.page.page import DocumentPage
from gui.chat.page.positions import ScrollPosition
from gui.chat.page.rows import Row
from gui.finding.query import FindQuery, Pattern
from gui.theme.theme import Theme
from gui.window.widgets.paged_tab import PageList
from gui.window.widgets.text_tab import TextTab
from gui.wording import common_texts, page_texts, sheet_texts
from session_host.structured.items import Item

GUIDE = Path(__file__).parents[2] / "resources" / "guide"
FIRST = "README.md"
"""The chapter that lists the others, in their order."""
ALL_KEYS = "The guide in the window lists all actions here, with your own keys."
"""A text of the page; the window replaces it with the table of all keys."""
NOT_IN_HEADINGS = 4
"""The rank of a chapter for a search if neither its title nor another heading answers it."""
_LINK = re.compile(r"\]\(([\w-]+\.md)\)")
_CODE = r"```.*?```|`[^`\n]*`"


class Match(NamedTuple):
    """A position in the searched text: the block, its segment, and the offsets in the segment's text, as Qt counts."""

    block: str
    segment: int
    begin: int
    end: int


@dataclass(frozen=True)
class Chapter:
    """One page of the guide.

    Attributes:
        name: the name of its file, to which links lead.
        title: its heading.
        text: its Markdown.
    """

    name: str
    title: str
    text: str

    @cached_property
    def blocks(self) -> list[Item]:
        """The paragraphs, tables and blocks of code, each as a message of an agent: screen readers go through them."""
        found = enumerate(blocks(joined(self.text)))
        return [Item(f"{self.name} {number}", "agent", 0, block) for number, block in found]

    @cached_property
    def headings(self) -> dict[str, str]:
        """The title and the other headings by their blocks, in lower case."""
        return {
            block.id: re.sub("[#`*]", "", block.text).strip().lower()
            for block in self.blocks
            if block.text.startswith("#")
        }

    @cached_property
    def _texts(self) -> list[tuple[str, int, str]]:
        return [
            (block.id, number, segment.text)
            for block in self.blocks
            for number, segment in enumerate(segments(block, Mode(), MarkdownText(), ItemRequests()))
        ]

    def rank(self, text: str) -> int:
        """How well title and headings answer a search for a text: 0 is best, NOT_IN_HEADINGS if they do not."""
        title, *others = self.headings.values()
        text = text.lower()
        words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in text.split()]
        in_title, *in_others = (all(word.search(heading) for word in words) for heading in (title, *others))
        answers = (title.startswith(text), text in others, in_title, any(in_others))
        return next((rank for rank, answer in enumerate(answers) if answer), NOT_IN_HEADINGS)

    def matches(self, pattern: Pattern) -> list[Match]:
        """The matches of a pattern, in their order."""
        return [
            Match(block, number, begin, end)
            for block, number, text in self._texts
            for begin, end in pattern.spans_as_qt_counts(text)
        ]


def read_chapters(keys: Mapping[str, str]) -> list[Chapter]:
    """The chapters in their order; ``keys`` as in ``with_keys``."""
    texts = [(FIRST, first := (GUIDE / FIRST).read_text(encoding="utf-8"))]
    texts += [(name, (GUIDE / name).read_text(encoding="utf-8")) for name in dict.fromkeys(_LINK.findall(first))]
    return [Chapter(name, text.split("\n", 1)[0].lstrip("# "), with_keys(text, keys)) for name, text in texts]


def search(chapters: Sequence[Chapter], text: str, origin: int) -> tuple[Pattern, list[tuple[int, Match]]]:
    """Find a text; if no chapter has it, or not the one with the best title, find its words in any order.

    Chapters with the text in their title come first, then those with it in another heading, then the one where the
    search began. The first chapter lists the titles of all others, so it comes after those that match as well.

    Returns:
        The pattern to mark, and its matches, each with its chapter's row.
    """
    ranks = [chapter.rank(text) for chapter in chapters]
    rows = sorted(range(len(chapters)), key=lambda row: (ranks[row], row == 0, row != origin))
    pattern = Pattern(FindQuery(text))
    found = [(row, match) for row in rows for match in chapters[row].matches(pattern)]
    words, best = text.split(), rows[0]
    if len(words) > 1 and (not found or (ranks[best] < NOT_IN_HEADINGS and found[0][0] != best)):
        each = [Pattern(FindQuery(word)) for word in words]
        rows = [row for row in rows if all(chapters[row].matches(word) for word in each)]
        pattern = Pattern(FindQuery("|".join(map(re.escape, words)), is_expression=True))
        found = [(row, match) for row in rows for match in chapters[row].matches(pattern)]
    return pattern, found


def joined(text: str) -> str:
    """A Markdown text with each paragraph in one line: where the lines of its file end is not shown."""
    spans = [token.map for token in parser().parse(text) if token.type == "inline" and token.map is not None]
    continued = {line for start, end in spans for line in range(start + 1, end)}
    lines = enumerate(text.splitlines())
    return "".join(f" {line.lstrip()}" if number in continued else f"\n{line}" for number, line in lines).lstrip("\n")


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """A Markdown text with other keys, or names of actions; code stays as it is.

    Args:
        text: the text.
        keys: the replacement of each key that the user changed, by the key in the text; and of ``ALL_KEYS``.
    """
    if not keys:
        return text
    known = "|".join(re.escape(key) for key in keys)
    found = re.compile(rf"(?P<code>{_CODE})|(?<![\w+])(?:{known})(?![\w+])", re.DOTALL)
    return found.sub(lambda match: match[0] if match["code"] else keys[match[0]], text)


_BUTTONS = {Qt.MouseButton.BackButton: -1, Qt.MouseButton.ForwardButton: 1}


class GuidePage(DocumentPage):
    """A chapter.

    Signals (and those of DocumentPage):
        history_requested(int): the user goes back (-1) or forward (1) by a button of the mouse.
    """

    history_requested = Signal(int)

    def show_chapter(self, chapter: Chapter, scroll_position: ScrollPosition | None = None) -> None:
        """Show a chapter, from a position on; None is its beginning."""
        self.show_items(chapter.blocks, chapter.title, scroll_position)

    def mark(self, pattern: Pattern | None, current: Match | None) -> None:
        """Mark the matches of a pattern, and show the current one."""
        self.pattern, self.current_hit = pattern, current
        if current is not None:
            self.scroller.reveal(current.block, current.segment, current.begin)
        self.update()

    def spoken(self, row: Row) -> str:
        return "\n".join(segment.text for segment in row.segments)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in _BUTTONS:
            self.history_requested.emit(_BUTTONS[event.button()])
        else:
            super().mousePressEvent(event)


CHAPTERS_PX = 272
MAX_CHAPTERS_PX = 340
"""The list of the chapters is wide enough for all titles, within these limits."""
_LIST_SHARE = 0.4
"""The most of a narrow tab's width that the list takes."""


class _Visit(NamedTuple):
    """A chapter that the user has read, and its scroll position then."""

    row: int
    scroll_position: ScrollPosition | None = None


class GuideTab(TextTab):
    """The tab.

    Attributes:
        page: the chapter that is shown.
        matches: the line with the number of matches.

    Signals:
        link_activated(str): the user opens a link that leads out of the guide.
    """

    link_activated = Signal(str)

    def __init__(self, theme: Theme, keys: Mapping[str, str]) -> None:
        """Make the tab; ``keys`` as in ``with_keys``."""
        self._chapters = read_chapters(keys)
        titles = [chapter.title for chapter in self._chapters]
        side = PageList(theme, CHAPTERS_PX, titles, search=sheet_texts.SEARCH_GUIDE(), pages=sheet_texts.CHAPTERS())
        side.widen_for_titles(MAX_CHAPTERS_PX)
        self.page = GuidePage(theme)
        super().__init__(sheet_texts.GUIDE(), side, self.page)
        self._titles_px = side.width()
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

    def _list_px(self) -> int:
        return min(self._titles_px, round(self.width() * _LIST_SHARE))

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self._side.chosen.connect(self._on_chosen)
        self.page.action_triggered.connect(self._on_action)
        self.page.history_requested.connect(self._go)
        for key, by in ((QKeySequence.StandardKey.Back, -1), (QKeySequence.StandardKey.Forward, 1)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=by: self._go(by))

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
