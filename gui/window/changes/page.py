"""The diffs of all changed files, drawn as those of a chat are, with the comments on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from gui.bridge.changes import ChangedFile, Changes
from gui.chat.content.copying import utf16_slice
from gui.chat.content.segments import Action, Card, Diff, DiffHead, DiffLine, Segment
from gui.chat.page.accessible_rows import spoken_segments
from gui.chat.page.positions import PlacedSegment, ScrollPosition
from gui.chat.page.rows import TAIL, Row
from gui.terminal.links.links import FileLocation
from gui.theme.theme import Theme
from gui.window.changes import line_ranges
from gui.window.changes.anchors import AROUND, Anchored, lines_of
from gui.window.changes.comment_card import CommentCard, ShownComment
from gui.window.changes.content import FileSegments
from gui.window.changes.hidden_lines import HiddenLines
from gui.window.changes.line_marks import LineMarkPage
from gui.window.changes.line_ranges import LineRange
from gui.window.widgets.accessibility import announce
from gui.wording import changes_texts

_MAX_SPOKEN = 4_000
_READ_AT_PX = 40
"""The file at this distance from the top of the page is the one that the user reads."""
_CARD_GAP_PX = 6
_OFF_PAGE_PX = -10_000


class ChangesPage(LineMarkPage):
    """The page; each item is a changed file, and its id is the file's path.

    Attributes:
        cards: the cards of the comments, by the comments' ids; those that were on the page at least once.

    Signals:
        card_made(CommentCard): the card of a comment was made.
        line_menu_made(QMenu, LineRange): the context menu for lines of a diff was made.
        lines_opened(str): lines of the file with this path were opened, so its lines have other numbers on the page.
        lines_needed(str): a comment may be on hidden lines of the file with this path, which was not read yet.
        file_menu_made(QMenu, str): the context menu for the file with this path was made.
    """

    card_made = Signal(CommentCard)
    line_menu_made = Signal(QMenu, object)
    file_menu_made = Signal(QMenu, str)
    lines_opened = Signal(str)
    lines_needed = Signal(str)

    max_width_px = math.inf  # Lines of code are long.

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self._file_segments = FileSegments()
        self.content = self._file_segments
        self.cards: dict[str, CommentCard] = {}
        self._shown_comments: Mapping[str, ShownComment] = {}
        self._tab_order: list[str] = []
        self._opened_files: set[str] = set()
        """The files with lines that ``open_lines`` has opened, and which are not shown yet."""
        self.restyled.connect(self.scroller.arrange)

    def set_changes(self, changes: Changes) -> None:
        """Set the changes; ``show_comments`` and ``show_changes`` follow."""
        self._file_segments.set_changes(changes)

    def show_changes(self, name: str) -> None:
        """Show the changes; the scroll position stays if its file still has changes."""
        position = self.scroller.position if len(self.transcript) else None
        self.marked = None
        self._file_segments.asked = ""
        self.show_items(self._file_segments.items(), name, position)

    def show_comments(
        self, comments: Mapping[str, Sequence[Anchored]], shown: Mapping[str, ShownComment], *, all_files: bool
    ) -> None:
        """Show these comments; ``all_files``: ``show_changes`` follows.

        Args:
            comments: see ``FileSegments``.
            shown: each of them as its card shows it, by its id.
            all_files: whether ``show_changes`` follows.
        """
        previous, self._file_segments.comments = self._file_segments.comments, comments
        self._shown_comments = shown
        for comment_id in [each for each in self.cards if each not in shown]:
            card = self.cards.pop(comment_id)
            if card.isAncestorOf(self.window().focusWidget()):
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            card.hide()
            card.deleteLater()
        for comment_id, card in self.cards.items():
            card.show_comment(shown[comment_id])
        self.bars = tuple(
            LineRange(key, each.first, each.last)
            for key, of_file in comments.items()
            for each in of_file
            if each.first is not None and each.last is not None
        )
        opened, self._opened_files = self._opened_files, set()
        if all_files:
            return
        for key in dict.fromkeys((*previous, *comments)):
            if key in opened or _positions(previous.get(key, ())) != _positions(comments.get(key, ())):
                self._refresh(key)
        self.scroller.arrange()
        self.update()

    def _refresh(self, key: str) -> None:
        """Update a file's row; the lines on the page stay where they are."""
        position, scroll = self.rows.position(key), self.scroller.position
        if position is None:
            return
        if scroll is None or scroll.key != key:
            self.rows.refresh(key)
            return
        segments = self.rows.row(position).segments
        top = segments[min(scroll.segment, len(segments) - 1)]
        line = line_ranges.line_count(segments[: scroll.segment])
        self.rows.refresh(key)
        segments = self.rows.row(position).segments
        if isinstance(top, Card) and top in segments:
            self.scroller.position = scroll._replace(segment=segments.index(top))
        elif isinstance(top, Diff | Card) and (found := line_ranges.span_of_line(segments, line)) is not None:
            number = found[0]
            segment = segments[number]
            assert isinstance(segment, Diff)
            inside = line - line_ranges.line_count(segments[:number])
            above = line_ranges.line_top(segment, self.rows.laid(position, number), inside) if inside else 0.0
            self.scroller.position = ScrollPosition(key, number, scroll.above * isinstance(top, Diff) + above)

    # ------------------------------------------------------------ cards

    def comment_card(self, comment_id: str) -> CommentCard | None:
        """The card of a comment; None if there is no such comment."""
        found, shown = self.cards.get(comment_id), self._shown_comments.get(comment_id)
        if found is None and shown is not None:
            found = self.cards[comment_id] = CommentCard(self.theme, shown, self)
            found.hide()
            found.resized.connect(self.scroller.arrange)
            found.typed.connect(lambda: self.show_card(comment_id))
            self.card_made.emit(found)
        return found

    def show_card(self, comment_id: str) -> None:
        """Scroll to a card, if it is not on the page as a whole."""
        for position in range(len(self.rows)):
            key = self.rows.key(position)
            if any(each.comment.id == comment_id for each in self._file_segments.comments.get(key, ())):
                number = self.rows.row(position).segments.index(Card(request=comment_id))
                placed = next((e for e in self.visible if (e.position, e.number) == (position, number)), None)
                if placed is None:
                    self.scroller.scroll_to(key, number, always=True)
                elif (beyond := placed.top + placed.laid.height - self.height()) > 0:
                    self.scroller.scroll_by(beyond)
                elif placed.top < 0:
                    self.scroller.scroll_by(placed.top)
                return

    @property
    def _card_width(self) -> float:
        return self.rows.width - (self.lines_left - self.column_left)

    def _card_height(self, request: str, width: int) -> float:
        card = self.comment_card(request)
        return 0.0 if card is None else card.height_for(round(self._card_width)) + 2.0 * _CARD_GAP_PX

    def _place_cards(self) -> None:
        super()._place_cards()
        shown = self.visible_cards()
        left, width = round(self.lines_left), round(self._card_width)
        for comment_id, card in self.cards.items():
            if (found := shown.get(comment_id)) is not None:
                height = round(found.laid.height) - 2 * _CARD_GAP_PX
                card.setGeometry(left, round(found.top) + _CARD_GAP_PX, width, height)
                card.show()
            elif card.is_editing and card.isAncestorOf(self.window().focusWidget()):
                card.move(left, _OFF_PAGE_PX)  # It keeps the keyboard.
            else:
                card.hide()
        if list(shown) != self._tab_order:
            self._tab_order = list(shown)
            self.order_tabs()

    def order_tabs(self) -> None:
        """Let the Tab key go through the cards from the top down."""
        previous: QWidget = self
        for comment_id in self._tab_order:
            if (card := self.cards.get(comment_id)) is not None:
                for stop in card.focus_order():
                    QWidget.setTabOrder(previous, stop)
                    previous = stop

    # ------------------------------------------------------------ files

    def file(self, key: str) -> ChangedFile | None:
        """The changed file of a row."""
        return self._file_segments.file(key)

    @property
    def is_since_commit(self) -> bool:
        """Whether the files are compared with a commit."""
        return self._file_segments.is_since_commit

    def can_discard(self, key: str) -> bool:
        """Whether the change of a file can be discarded as a whole."""
        return self._file_segments.can_discard(key)

    def ask_discard(self, key: str) -> None:
        """Ask below the head of a file whether to discard its change; "" takes the question back."""
        asked, self._file_segments.asked = self._file_segments.asked, key
        for each in {asked, key} - {""}:
            self._refresh(each)
        self.focused = None
        self.scroller.arrange()
        if (position := self.rows.position(key)) is not None and key:
            segments = self.rows.row(position).segments
            number = next(at for at, each in enumerate(segments) if isinstance(each, DiffHead)) + 1
            self.scroller.scroll_to(key, number)
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self.focused = (key, number, 0)
            announce(self, segments[number].text)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._file_segments.asked:
            self.ask_discard("")
        else:
            super().keyPressEvent(event)

    def go_to_file(self, key: str) -> None:
        """Show a file at the top of the page."""
        self.unmark()
        self.chosen_file = key
        self.scroller.go_to(ScrollPosition(key, 0, 0.0))

    @property
    def file_in_view(self) -> str:
        """The key of the file that the user reads, at the top of the page; "" for none."""
        keys = (self.rows.key(placed.position) for placed in self.visible if placed.bottom > _READ_AT_PX)
        return next((key for key in keys if key != TAIL), "")

    def is_on_page(self, key: str) -> bool:
        """Whether the head of a file is on the page."""
        position = self.rows.position(key)
        return any((placed.position, placed.number) == (position, 0) for placed in self.visible)

    def lines(self, key: str) -> list[DiffLine]:
        """All lines of a file's diff, with those that the user has opened."""
        return self._file_segments.lines(key)

    def hidden_lines(self, key: str) -> HiddenLines | None:
        """The lines of a file that its diff hides; None if they cannot be shown."""
        return self._file_segments.hidden(key)

    def all_lines(self, key: str) -> list[DiffLine]:
        """All lines of a file's diff, with all that it hides and that are read."""
        hidden, file = self.hidden_lines(key), self.file(key)
        return self.lines(key) if hidden is None or file is None else hidden.in_diff(lines_of(file), all_lines=True)

    def open_lines(self, key: str, first: int, last: int) -> None:
        """Open lines of a file, and those around them, by their numbers in ``all_lines``; ``show_comments`` follows."""
        hidden = self.hidden_lines(key)
        if hidden is not None:
            around = self.all_lines(key)[max(first - AROUND, 0) : last + AROUND + 1]
            hidden.commented.update(line.old for line in around if line.kind == " ")
            self._file_segments.update_lines(key)
            self._opened_files.add(key)

    def show_opened_lines(self, key: str) -> None:
        """Show the lines of a file that were opened; the lines on the page stay where they are."""
        self._file_segments.update_lines(key)
        self.marked = None
        self.lines_opened.emit(key)
        self._refresh(key)
        self.scroller.set_following(False)
        self.scroller.arrange()
        if self.focused is not None and self.focused[0] == key:
            self.focused = self._next_opener(self.focused)
        self.update()

    def fold_lines(self, key: str) -> None:
        """Hide the lines of a file that the user has opened, but for those with comments."""
        hidden = self.hidden_lines(key)
        if hidden is not None:
            hidden.opened.clear()
            hidden.commented.clear()
            self.show_opened_lines(key)
            if not self.is_on_page(key):
                self.scroller.go_to(ScrollPosition(key, 0, 0.0))

    def _next_opener(self, target: tuple[str, int, int]) -> tuple[str, int, int] | None:
        """The control at a position or after it, on the page, that shows hidden lines; None for none."""
        for placed in self.visible:
            for number, control in enumerate(placed.laid.controls):
                found = (self.rows.key(placed.position), placed.number, number)
                if control.action.kind == "lines" and found[0] == target[0] and found[1:] >= target[1:]:
                    return found
        return None

    def head_of(self, key: str) -> DiffHead | None:
        """The head of a file."""
        position = self.rows.position(key)
        if position is None or key == TAIL:
            return None
        return next((each for each in self.rows.row(position).segments if isinstance(each, DiffHead)), None)

    def spoken(self, row: Row) -> str:
        return "" if row.key == TAIL else spoken_segments(row.segments)[:_MAX_SPOKEN]

    # ------------------------------------------------------------ the context menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu; by a key, that of the marked lines."""
        area = None
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.marked is not None:
            area = next(line_ranges.areas(self, self.marked), None)
        if area is None:
            super().contextMenuEvent(event)
        else:
            point = area.bottomLeft() - QPointF(0, 1)
            self.context_menu(point).popup(self.mapToGlobal(point.toPoint()))
            event.accept()

    def context_menu(self, point: QPointF) -> QMenu:
        menu = super().context_menu(point)
        placed = self.segment_at(point)
        head = self.head_of(self.rows.key(placed.position)) if placed is not None else None
        if placed is None or head is None:
            return menu
        first, path = menu.actions()[0], head.text
        if (file := head.file) is not None:
            file = file._replace(line=self._line_at(placed, point) or file.line)
            text = changes_texts.OPEN_AT_LINE(line=max(file.line, 1))
            menu.insertAction(first, self._action(menu, text, file))
        copy = menu.addAction(changes_texts.COPY_PATH(), lambda: QGuiApplication.clipboard().setText(path))
        menu.insertAction(first, copy)
        menu.insertSeparator(first)
        menu.addSeparator()
        if (lines := self._lines_at(point)) is not None:
            self.line_menu_made.emit(menu, lines)
        key = self.rows.key(placed.position)
        if head.folds:
            menu.addAction(changes_texts.FOLD_LINES(), lambda: self.fold_lines(key))
        self.file_menu_made.emit(menu, key)
        return menu

    def _lines_at(self, point: QPointF) -> LineRange | None:
        """The lines that a menu at a point is for: those that are selected or marked if the point is among them."""
        here = line_ranges.line_at_point(self, point)
        if here is None:
            return None
        chosen: Iterable[LineRange | None] = (line_ranges.selected_lines(self, here.key), self.marked)
        among = (
            each
            for each in chosen
            if each is not None and each.key == here.key and each.first <= here.first <= each.last
        )
        return next(among, here)

    def _action(self, menu: QMenu, text: str, file: FileLocation) -> QAction:
        return menu.addAction(text, lambda: self.action_triggered.emit(Action("file", file=file)))

    def _line_at(self, placed: PlacedSegment, point: QPointF) -> int:
        """The number of the file's line at a point, or of the nearest line below it in the segment; 0 for none."""
        segment: Segment = self.rows.row(placed.position).segments[placed.number]
        if not isinstance(segment, Diff):
            return 0
        offset = placed.laid.offset_at(self.within(placed, point))
        at = utf16_slice(segment.text, 0, offset).count("\n")
        return next((line.new for line in segment.lines[at:] if line.new and line.has_sign), 0)


def _positions(comments: Sequence[Anchored]) -> list[tuple[str, int | None]]:
    """The cards of a file, and the lines below which they stand."""
    return [(each.comment.id, each.last) for each in comments]
