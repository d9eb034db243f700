"""The diffs of all changed files, drawn as those of a chat are, with the comments on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.bridge.changes import ChangedFile, Changes
from gui.chat.content.segments import Action, Card, Diff, DiffHead, Segment, utf16_slice
from gui.chat.drawing.segment_layout import left_of
from gui.chat.page.accessible_rows import spoken_segments
from gui.chat.page.diff_lines import (
    LineRange,
    areas,
    line_at_offset,
    line_at_point,
    line_count,
    line_top,
    selected_lines,
    span_of_line,
)
from gui.chat.page.page import DocumentPage
from gui.chat.page.positions import PlacedSegment, ScrollPosition
from gui.chat.page.rows import TAIL, Row
from gui.screen_readers import announce
from gui.settings.layout import ReviewComment
from gui.theme.controls import FlowLayout
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, blend
from gui.window.widgets.parts import button, label, monospace_font
from gui.window.widgets.prompt_field import PromptField
from gui.wording import changes_texts
from session_host.protocol.untrusted_text import legible
from session_host.protocol.values import FileLocation
from session_host.structured.patches import DiffLine

from .anchors import AROUND, Anchored, lines_of
from .content import FileSegments, HiddenLines

_CARD_BAR_PX = 4
"""The room for the coloured bar, added to the padding."""
_QUOTED_LINES = 3


class ShownComment(NamedTuple):
    """A comment on the page.

    Attributes:
        is_apart: whether the card is not below the comment's lines, and so has to say which they are.
    """

    comment: ReviewComment
    location: changes_texts.CommentLocation
    is_apart: bool = False


class CommentCard(QWidget):
    """One comment.

    Attributes:
        comment: the comment that is shown.
        editor: the field in which it is written; None while it is only shown.

    Signals:
        edited(ReviewComment): the comment has another text or draft.
        removed(str): the user removes the comment with this id.
        closed(str): the box of the comment with this id is closed.
        resized(): the card needs another height.
        typed(): the user typed into the box.
    """

    edited = Signal(object)
    removed = Signal(str)
    closed = Signal(str)
    resized = Signal()
    typed = Signal()

    def __init__(self, theme: Theme, shown: ShownComment, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.comment = shown.comment
        self._shown = shown
        self.editor: PromptField | None = None
        self._stops: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GAP_M_PX + _CARD_BAR_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        self._column.setSpacing(GAP_S_PX)
        self.show_comment(shown)

    @property
    def is_editing(self) -> bool:
        """Whether the comment is being written."""
        return self.editor is not None

    def show_comment(self, shown: ShownComment) -> None:
        """Show a comment as it is now; a box that is open stays as it is."""
        comment = shown.comment
        is_same = (comment, shown) == (self.comment, self._shown) and bool(self._stops)
        self.comment, self._shown = comment, shown
        self.setAccessibleName(changes_texts.COMMENT_ON(location=changes_texts.location_line(shown.location)))
        if is_same or self.editor is not None:
            return
        self._clear()
        self._add_location()
        text = self._add_label(comment.draft or comment.text, "")
        text.setAccessibleName(comment.draft or comment.text)
        if comment.draft:
            self._add_label(changes_texts.COMMENT_NOT_SAVED(), "warning")
        edit = button(changes_texts.EDIT_COMMENT(), "quiet", self.edit)
        remove = button(changes_texts.REMOVE_COMMENT(), "quiet", lambda: self.removed.emit(self.comment.id))
        self._add_buttons(edit, remove)
        self.resized.emit()

    def _clear(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._stops = []

    def _add_label(self, text: str, kind: str) -> QLabel:
        widget = label(text, kind, wraps=True)
        widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(widget)
        widget.show()  # At once: the layout leaves out hidden widgets.
        return widget

    def _add_location(self) -> None:
        """Show the location of a comment that is not below its lines."""
        if self._shown.is_apart:
            self._add_label(changes_texts.location_line(self._shown.location), "secondary")
            lines = [changes_texts.quoted_line(legible(line)) for line in self.comment.lines[:_QUOTED_LINES]]
            quoted = self._add_label("\n".join(lines + ["…"] * (len(self.comment.lines) > _QUOTED_LINES)), "code")
            quoted.setFont(monospace_font())

    def _add_buttons(self, *buttons: QPushButton) -> None:
        holder = QWidget()
        row = FlowLayout(holder)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        for each in buttons:
            each.setAccessibleDescription(self.accessibleName())
            row.addWidget(each)
        self._column.addWidget(holder)
        holder.show()
        self._stops += buttons

    def focus_order(self) -> Sequence[QWidget]:
        """The widgets that can have the keyboard focus, in tab order."""
        return self._stops

    # ------------------------------------------------------------ writing

    def edit(self) -> None:
        """Open the box, with the keyboard in it."""
        if self.editor is None:
            self._clear()
            self._add_location()
            self.editor = editor = PromptField(changes_texts.COMMENT_HINT(), enter_submits=False)
            editor.min_lines = 2
            editor.setPlaceholderText(changes_texts.COMMENT_HINT())
            editor.setPlainText(self.comment.draft or self.comment.text)
            editor.setAccessibleDescription(self.accessibleName())
            editor.moveCursor(editor.textCursor().MoveOperation.End)
            editor.textChanged.connect(self._on_typed)
            editor.submitted.connect(self.save)
            editor.document().documentLayout().documentSizeChanged.connect(lambda _size: self.resized.emit())
            self._column.addWidget(editor)
            editor.show()
            self._stops = [editor]
            self._add_buttons(
                button(changes_texts.SAVE_COMMENT(), "primary", self.save),
                button(changes_texts.CLOSE_COMMENT(), "", self.leave),
            )
            self._add_label(changes_texts.COMMENT_KEYS(), "secondary")
            self.resized.emit()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_typed(self) -> None:
        assert self.editor is not None
        typed = self.editor.toPlainText()
        draft = "" if typed.strip() == self.comment.text else typed
        self.comment = msgspec.structs.replace(self.comment, draft=draft if draft.strip() else "")
        self.edited.emit(self.comment)
        self.typed.emit()

    def save(self) -> None:
        """Save what is written; a comment without a text is removed."""
        assert self.editor is not None
        text = self.editor.toPlainText().strip()
        if text:
            self.comment = msgspec.structs.replace(self.comment, text=text, draft="")
            self.edited.emit(self.comment)
            self.leave()
        elif not self.comment.text:
            self.leave()
        else:
            self.removed.emit(self.comment.id)

    def leave(self) -> None:
        """Close the box; what was typed is kept."""
        self.editor = None
        self._clear()
        self.show_comment(self._shown._replace(comment=self.comment))
        self.closed.emit(self.comment.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.editor is not None:
            self.leave()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------ size and looks

    def height_for(self, width: int) -> int:
        """The height at a width."""
        self._column.activate()
        column = self._column
        return column.heightForWidth(width) if column.hasHeightForWidth() else column.sizeHint().height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), tokens.color("raised"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("needs_you_fill" if self._shown.location.is_changed else "accent"))
        painter.drawRoundedRect(QRectF(3, 8, 3, self.height() - 16), 1.5, 1.5)
        painter.end()


_BAR_PX = 3
_LINES = Diff(inner=True)
"""Like the segments of a diff."""
_RIGHT_PX = 6
"""The space behind the text of a line."""
_BUTTON_PX = 16
_BUTTON_GAP_PX = 4
"""Between the button beside a line and the diff."""
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class LineMarkPage(DocumentPage):
    """The page; a button beside the line under the mouse, and Ctrl+Enter, choose lines.

    Attributes:
        marked: the lines that are marked by the keyboard; None for none.
        chosen_file: the key of the file to which the user went last.
        pointed_out: the lines that an item of the menu is about; None for none.
        bars: other lines that have a bar beside them.

    Signals:
        lines_chosen(LineRange): the user comments on these lines.
    """

    lines_chosen = Signal(object)

    marked: LineRange | None = None
    pointed_out: LineRange | None = None
    chosen_file = ""
    bars: tuple[LineRange, ...] = ()
    _anchor = _head = 0
    """The line from which marking is extended, and the line that was marked last."""
    _hovered_line: LineRange | None = None
    _pressed_line: LineRange | None = None
    """The line beside which the mouse was pressed."""

    def chosen_lines(self) -> LineRange | None:
        """The lines that the user selected or marked, or that the search shows; None for none."""
        found = selected_lines(self) or self.marked
        if found is None and self.current_hit is not None and self.pattern is not None:
            key, number, begin, _ = self.current_hit
            position = self.rows.position(key)
            if position is not None and isinstance(self.rows.row(position).segments[number], Diff):
                line = line_at_offset(self.rows.row(position).segments, number, begin)
                found = LineRange(key, line, line)
        return found

    def unmark(self) -> None:
        """Mark no line."""
        if self.marked is not None:
            self.marked = None
            self.update()

    def point_out(self, lines: LineRange | None) -> None:
        """Show which lines an item of the menu is about, in place of the marked ones."""
        self.pointed_out = lines
        self.update()

    # ------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()), 0)
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
        if step and self.hasFocus() and modifiers in {control, control | shift}:
            self.mark(step, extends=bool(modifiers & shift))
        elif event.key() == Qt.Key.Key_Escape and self.marked is not None and self.hasFocus():
            self.unmark()
        else:
            super().keyPressEvent(event)

    def mark(self, step: int, *, extends: bool = False) -> None:
        """Mark the next line, or the one before; or one line more."""
        if self.marked is not None and not any(areas(self, self.marked)):
            self.marked = None  # The user has scrolled on.
        current = self.chosen_lines()
        if current is None:
            found = self._first_visible()
        else:
            if self.marked is None:
                self._anchor, self._head = current.first, current.last
            found = self._neighbour(current.key, self._head, step, within=extends)
        if found is None:
            return
        key, self._head = found
        if not extends or current is None:
            self._anchor = self._head
        self.marked = LineRange(key, min(self._anchor, self._head), max(self._anchor, self._head))
        self.selection.clear()
        self._show_line(key, self._head)
        self.update()

    def _first_visible(self) -> tuple[str, int] | None:
        """The first changed line on the page, of the file that the user chose, if it is there; else the first line."""
        lines = []
        for placed in self.visible:
            key = self.rows.key(placed.position)
            segments = self.rows.row(placed.position).segments
            segment = segments[placed.number]
            if key == TAIL or not isinstance(segment, Diff):
                continue
            above = line_count(segments[: placed.number])
            for number, line in enumerate(segment.lines):
                if line.has_sign and any(
                    area.top() >= 0 for area in areas(self, LineRange(key, above + number, above + number))
                ):
                    lines.append(((key != self.chosen_file, line.kind == " "), key, above + number))
        return min(lines, key=lambda each: each[0])[1:] if lines else None

    def _neighbour(self, key: str, line: int, step: int, *, within: bool) -> tuple[str, int] | None:
        """The next line of a file after one, or before it; perhaps of another file."""
        position = self.rows.position(key)
        while position is not None and 0 <= position < len(self.rows):
            segments = self.rows.row(position).segments
            lines = [each for segment in segments if isinstance(segment, Diff) for each in segment.lines]
            line += step
            while 0 <= line < len(lines):
                if lines[line].has_sign:
                    return self.rows.key(position), line
                line += step
            position += step
            if within or not 0 <= position < len(self.rows):
                return None
            line = -1 if step > 0 else line_count(self.rows.row(position).segments)
        return None

    def _show_line(self, key: str, line: int) -> None:
        """Scroll to a line if it is not on the page, and let screen readers say it."""
        position = self.rows.position(key)
        assert position is not None
        segments = self.rows.row(position).segments
        span = span_of_line(segments, line)
        if span is None:
            return
        segment = segments[span[0]]
        assert isinstance(segment, Diff)
        own = segment.lines[line - line_count(segments[: span[0]])]
        self.scroller.reveal(key, span[0], span[1])
        announce(self, own.signed_text)

    # ------------------------------------------------------------ mouse

    def _button(self, line: LineRange) -> QRectF:
        """The area of the button beside a line; empty if the line is not on the page."""
        area = next(areas(self, line), None)
        if area is None:
            return QRectF()
        left = self.lines_left - _BUTTON_PX - _BUTTON_GAP_PX
        return QRectF(left, area.top() + (self.style_.code_line_px - _BUTTON_PX) / 2, _BUTTON_PX, _BUTTON_PX)

    def _line_beside(self, point: QPointF) -> LineRange | None:
        """The line with a button at a point."""
        line = line_at_point(self, point) if point.x() < self.lines_left else None
        return line if line is not None and not self._button(line).isEmpty() else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_line = None
        if event.button() == Qt.MouseButton.LeftButton:
            self.marked = None
            self._pressed_line = self._line_beside(event.position())
        if self._pressed_line is None:
            super().mousePressEvent(event)
        else:
            self.selection.clear()
            self.marked = self._pressed_line
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        line = line_at_point(self, event.position())
        pressed = self._pressed_line
        if pressed is not None and line is not None and line.key == pressed.key:
            self.marked = LineRange(line.key, min(pressed.first, line.first), max(pressed.first, line.first))
            self.update()
        if pressed is None:
            super().mouseMoveEvent(event)
            if line != self._hovered_line:
                self._hovered_line = line
                self.update()
            if self._line_beside(event.position()) is not None:
                self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_line is None:
            super().mouseReleaseEvent(event)
            return
        self._pressed_line = None
        if self.marked is not None:
            self.lines_chosen.emit(self.marked)

    @property
    def lines_left(self) -> float:
        """The left edge of the diffs' lines."""
        return self.column_left + left_of(_LINES)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self.style_.tokens
        accent = tokens.color("accent")
        for lines in self.bars:
            self._paint_bar(painter, lines, blend(tokens.accent, tokens.page, 0.6))
        if (marked := self.pointed_out or self.marked) is not None:
            tint = tokens.color("accent")
            tint.setAlphaF(0.18)
            for area in areas(self, marked):
                painter.fillRect(area.adjusted(self.lines_left - area.left(), 0, _RIGHT_PX, 0), tint)
            self._paint_bar(painter, marked, accent)
        if self._hovered_line is not None and self.underMouse():
            area = self._button(self._hovered_line)
            if not area.isEmpty():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(accent)
                painter.drawRoundedRect(area, 4, 4)
                paint_glyph(painter, Glyph.ADD, area.adjusted(2, 2, -2, -2), tokens.color("on_accent"))
        painter.end()

    def _paint_bar(self, painter: QPainter, lines: LineRange, color: QColor) -> None:
        for area in areas(self, lines):
            painter.fillRect(QRectF(self.lines_left, area.top(), _BAR_PX, area.height()), color)


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

    is_measured = False  # Lines of code are long.

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
        self.context_menu.built.connect(self._extend_menu)

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
        line = line_count(segments[: scroll.segment])
        self.rows.refresh(key)
        segments = self.rows.row(position).segments
        if isinstance(top, Card) and top in segments:
            self.scroller.position = scroll._replace(segment=segments.index(top))
        elif isinstance(top, Diff | Card) and (found := span_of_line(segments, line)) is not None:
            number = found[0]
            segment = segments[number]
            assert isinstance(segment, Diff)
            inside = line - line_count(segments[:number])
            above = line_top(segment, self.rows.laid(position, number), inside) if inside else 0.0
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
        return self.rows.widths.text - (self.lines_left - self.column_left)

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
            area = next(areas(self, self.marked), None)
        if area is None:
            super().contextMenuEvent(event)
        else:
            point = area.bottomLeft() - QPointF(0, 1)
            self.context_menu.build(point).popup(self.mapToGlobal(point.toPoint()))
            event.accept()

    def _extend_menu(self, menu: QMenu, point: QPointF) -> None:
        """Add what can be done with the file and the lines at a point."""
        placed = self.segment_at(point)
        head = self.head_of(self.rows.key(placed.position)) if placed is not None else None
        if placed is None or head is None:
            return
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

    def _lines_at(self, point: QPointF) -> LineRange | None:
        """The lines that a menu at a point is for: those that are selected or marked if the point is among them."""
        here = line_at_point(self, point)
        if here is None:
            return None
        chosen: Iterable[LineRange | None] = (selected_lines(self, here.key), self.marked)
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
