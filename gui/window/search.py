"""Search in all chats: connects the sheet and the index, and opens a result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QStandardItem,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from gui.bridge.chat import Chat
from gui.bridge.search import LIMIT, MAX_COUNTED, Found, Hit, Query, Scope, SearchResults, scopes
from gui.bridge.sessions import Sessions
from gui.finding.query import unit_offsets
from gui.screen_readers import announce
from gui.theme.icons import paint_mark
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.timers import single_shot
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.sheet import LINES_PX, LIST_PX, Sheet
from gui.window.widgets.parts import ElidedLabel, PlainLines, label, sentence
from gui.window.widgets.result_list import ResultList, RowDelegate, lay_out_results
from gui.wording import common_texts, sheet_texts
from session_host.errors import OutliveError, UsageError
from session_host.protocol.untrusted_text import before_more, one_line
from session_host.standing.ages import short_age

HEIGHT_PX = 440


class RecordingSheet(Sheet):
    """Shows lines for reading and copying, with one of them marked; Escape closes the sheet."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, sheet_texts.RECORDED_TEXT(), LINES_PX, self.dismiss)
        self.title = ElidedLabel("", "title")
        self.text = PlainLines(sheet_texts.RECORDED_TEXT(), LINES_PX, HEIGHT_PX)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lay_out(self.title, label(sheet_texts.RECORDED_HINT(), "secondary"), self.text, gap_px=GAP_S_PX)

    def show_lines(self, name: str, lines: list[Hit], found: Hit, query: Query) -> None:
        """Show a chat's lines, at the found one."""
        self.title.set_whole(sheet_texts.RECORDING_OF(name=name))
        shown = [one_line(line.text) for line in lines]
        self.text.setPlainText("\n".join(shown))
        index = next((index for index, line in enumerate(lines) if line.number == found.number), 0)
        self.open()
        if lines:
            units = unit_offsets(shown[index])
            self._mark(index, [(units[first], units[end]) for first, end in query.spans(shown[index])])
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark(self, index: int, spans: list[tuple[int, int]]) -> None:
        start = self.text.document().findBlockByNumber(index).position()
        whole = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(start)
        background: QColor = self._theme.tokens.color("selected")
        whole.cursor, whole.format = cursor, QTextCharFormat()
        whole.format.setBackground(background)
        whole.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        marks = [whole]
        for first, end in spans:
            mark = QTextEdit.ExtraSelection()
            part = QTextCursor(cursor)
            part.setPosition(start + first)
            part.setPosition(start + end, QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = part, QTextCharFormat()
            mark.format.setForeground(self._theme.tokens.color("accent"))
            mark.format.setFontWeight(QFont.Weight.DemiBold)
            marks.append(mark)
        self.text.setExtraSelections(marks)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()


ROW_PX = 46
ROWS_SHOWN = 9
TYPING_MS = 60
"""A query runs after a pause of this length in typing."""

_ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class More(NamedTuple):
    """The row for the other lines of a chat."""

    chat: Chat
    text: str


class Match(NamedTuple):
    """A line of the result list."""

    hit: Hit
    chat: Chat
    text: str
    """The hit's text, as displayed."""
    spans: list[tuple[int, int]]
    """The marked parts of the text."""
    times: int
    """How many times the chat has this line."""


class SearchSheet(Sheet):
    """Searches while the user types; Enter opens the marked line.

    Signals:
        query_changed: the user typed another query (a Query).
        emptied: the field is empty.
        chosen: the user chose a line (the Query, the Hit).

    Attributes:
        chat: the only chat that is searched; None for all.
        is_reading: whether more results may come.
    """

    query_changed = Signal(object)
    emptied = Signal()
    chosen = Signal(object, object)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        chat_of: Callable[[str], Chat | None],
        scopes: Callable[[], Callable[[str], Scope | None]],
    ) -> None:
        """Create it.

        Args:
            theme: the theme.
            parent: the window.
            chat_of: returns the chat of an id.
            scopes: returns the function for ``Query.of``.
        """
        super().__init__(theme, parent, sheet_texts.SEARCH_ALL_CHATS(), LIST_PX)
        self._chat_of, self._scopes = chat_of, scopes
        self.chat: Chat | None = None
        self._query: Query | None = None
        self._is_answered = True
        self._opens_first_result = False
        """Whether Enter was pressed before the results came."""
        self.is_reading = False
        self.field = QLineEdit()
        self.field.setProperty("kind", "palette")
        self.field.setAccessibleName(sheet_texts.SEARCH_ALL_CHATS())
        self.field.setPlaceholderText(sheet_texts.SEARCH_HINT())
        self._typing = single_shot(self, TYPING_MS)
        self._typing.timeout.connect(self._ask)
        self.closed.connect(self._typing.stop)
        self.field.textChanged.connect(self._on_typed)
        self.list = ResultList(sheet_texts.RESULTS(), ROW_PX, ROWS_SHOWN, wraps=False)
        self.list.setItemDelegate(_MatchDelegate(theme, ROW_PX, self.list))
        self.items = self.list.items
        self.list.clicked.connect(self._open_result)
        self.state = label("", "secondary")
        self.state.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, 4)
        self.state.setWordWrap(True)
        self._answer = lay_out_results(self.body, theme, self.field, self.list, self.state)
        self._show([], "")

    def ask(self, text: str = "") -> None:
        """Open the sheet with this text, or with the last query."""
        if text:
            self.field.setText(text)
        self.chat = None
        self.open()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.field.text().strip():
            self._ask()

    def _on_typed(self) -> None:
        self._is_answered = self._opens_first_result = False
        self._typing.start()

    def _ask(self) -> None:
        self._typing.stop()
        try:
            self._query = Query.of(self.field.text(), self._scopes())
        except UsageError:
            self._query, self.is_reading = None, False
            self._show([], "")
            self.emptied.emit()
            return
        self.query_changed.emit(self._query)

    def show_results(self, found: SearchResults) -> None:
        """Show the results so far."""
        if self._query is None:
            return
        rows = self._rows(found.found, self._query)
        shown, count = sum(len(each.hits) for each in found.found), sum(each.line_count for each in found.found)
        is_whole = shown < LIMIT and all(each.is_counted for each in found.found)
        state = sheet_texts.LINES(n=count) if is_whole else sheet_texts.NEWEST_LINES(count=shown)
        if found.behind:
            indexed = sheet_texts.INDEXED(done=found.total - found.behind, total=found.total)
            state = sheet_texts.SO_FAR(lines=state, indexed=indexed) if shown else indexed
        elif not shown:
            state = sheet_texts.SEARCHING() if found.asked else common_texts.NO_MATCHES()
        if found.unanswered:
            state = f"{state} · {common_texts.DID_NOT_ANSWER(machines=', '.join(found.unanswered))}"
        if self.chat is not None:
            state = sheet_texts.IN_CHAT(name=before_more(self.chat.full_name), lines=state)
        self._show(rows, state)
        self.is_reading = bool(found.behind or found.asked)
        self._is_answered = not self._typing.isActive()
        if self._opens_first_result and self._is_answered and rows:
            self._open_result(self.items.index(0, 0))
        elif self._opens_first_result and self._is_answered and not self.is_reading:
            self._opens_first_result = False  # There were no results.

    def show_failure(self, error: OutliveError) -> None:
        """Show the reason for no results, or for the end of the results."""
        self._is_answered, self.is_reading, self._opens_first_result = True, False, False
        self._show_state(sentence(str(error)), "problem")
        announce(self.state, self.state.text())

    def _rows(self, found: list[Found], query: Query) -> list[Match | More]:
        rows: list[Match | More] = []
        for lines in found:
            chat = self._chat_of(lines.hits[0].session_id)
            if chat is None:
                continue
            for hit, times in zip(lines.hits, lines.times, strict=True):
                text = one_line(hit.text).strip()
                rows.append(Match(hit, chat, text, query.spans(text), times))
            if lines.more and self.chat is None:
                count = lines.more if lines.is_counted else MAX_COUNTED
                rows.append(More(chat, sheet_texts.more_in_this_chat(count, is_counted=lines.is_counted)))
        return rows

    def _show(self, rows: list[Match | More], state: str) -> None:
        previous = self.list.currentIndex().data(_ROW_ROLE)
        previous_row = self.list.currentIndex().row()
        self.items.clear()
        marked = 0
        for number, row in enumerate(rows):
            item = QStandardItem(row.text)
            item.setData(row, _ROW_ROLE)
            item.setEditable(False)
            item.setData(f"{row.text}, {row.chat.full_name}", int(Qt.ItemDataRole.AccessibleTextRole))
            self.items.appendRow(item)
            # The row that the user has moved to stays marked while more lines come in above it.
            if previous_row > 0 and _is_same(previous, row):
                marked = number
        self.list.fit_rows(marked)
        self._show_state(state)

    def _show_state(self, line: str, kind: str = "secondary") -> None:
        if self.state.property("kind") != kind:
            self.state.setProperty("kind", kind)
            self.state.style().polish(self.state)
        self.state.setText(line)
        self._answer.setVisible(bool(line))
        if self.is_open:
            self.center()

    def _open_result(self, index: QModelIndex) -> None:
        self._opens_first_result = False
        row = index.data(_ROW_ROLE)
        if isinstance(row, More):
            self._search_in(row.chat)
        elif isinstance(row, Match) and self._query is not None:
            self.dismiss()
            self.chosen.emit(self._query, row.hit)

    def _search_in(self, chat: Chat | None) -> None:
        """Go on in one chat, or in all of them."""
        self.chat = chat
        self._show([], "")
        self._on_typed()
        self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.list.step(event):
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self._is_answered and self.list.currentIndex().isValid():
                self._open_result(self.list.currentIndex())
            else:
                # The displayed results belong to the previous query, or there are none yet.
                self._opens_first_result = not self._is_answered or self.is_reading
        elif event.key() == Qt.Key.Key_Escape and self.chat is not None:
            self._search_in(None)
        else:
            super().keyPressEvent(event)


def _is_same(previous: object, row: Match | More) -> bool:
    if isinstance(previous, Match) and isinstance(row, Match):
        return previous.hit == row.hit
    return isinstance(previous, More) and isinstance(row, More) and previous.chat is row.chat


class _MatchDelegate(RowDelegate):
    """Paints a line with its matches marked, and below it the chat and the age."""

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        match = index.data(_ROW_ROLE)
        tokens = self._theme.tokens
        if isinstance(match, More):
            painter.setFont(font())
            painter.setPen(tokens.color("accent"))
            place = area.adjusted(GAP_M_PX, 0, -GAP_M_PX, 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, match.text)
        if not isinstance(match, Match):
            return
        first = QRect(area.left() + GAP_M_PX, area.top() + 4, area.width() - 2 * GAP_M_PX, 20)
        self._paint_text(painter, first, match)
        second = first.translated(0, 19)
        paint_mark(painter, match.chat.mark, QPointF(second.left() + 8, second.center().y() + 0.5), tokens)
        small = font(SECONDARY_PX)
        painter.setFont(small)
        painter.setPen(tokens.color("secondary"))
        middle = Qt.AlignmentFlag.AlignVCenter
        age = short_age(match.hit.moment, datetime.now(UTC))
        times = f"×{match.times} · " if match.times > 1 else ""
        painter.drawText(second, Qt.AlignmentFlag.AlignRight | middle, f"{times}{age}")
        name = f"{match.chat.full_name} · {match.chat.workplace.directory_name(match.chat.record.origin.cwd)}"
        room = second.adjusted(22, 0, -QFontMetrics(small).horizontalAdvance(f"{times}{age}") - GAP_M_PX, 0)
        elided = QFontMetrics(small).elidedText(name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, elided)

    def _paint_text(self, painter: QPainter, area: QRect, match: Match) -> None:
        """Paint the line from left to right in pieces; a long one begins shortly before its first match."""
        tokens = self._theme.tokens
        plain, strong = font(), font(bold=True)
        text, spans = match.text, match.spans
        start = 0
        if spans and QFontMetrics(plain).horizontalAdvance(text[: spans[0][1]]) > area.width() * 2 // 3:
            start = max(0, spans[0][0] - 24)
        pieces: list[tuple[str, bool]] = [("…", False)] if start else []
        offset = start
        for begin, end in spans:
            pieces += [(text[offset:begin], False), (text[begin:end], True)]
            offset = end
        pieces.append((text[offset:], False))
        left, right = area.left(), area.right()
        for piece, is_marked in pieces:
            if left >= right or not piece:
                continue
            painter.setFont(strong if is_marked else plain)
            painter.setPen(tokens.color("accent" if is_marked else "text"))
            metrics = painter.fontMetrics()
            shown = metrics.elidedText(piece[:1000], Qt.TextElideMode.ElideRight, right - left)
            room = QRect(left, area.top(), right - left, area.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            left += metrics.horizontalAdvance(shown)


LINES_AROUND = 200
HISTORY_TIMEOUT_MS = 1000
"""The history of a running chat is loaded within this time."""


class Searching(QObject):
    """Runs the queries of the sheet, and shows the chosen result."""

    def __init__(
        self, theme: Theme, window: QWidget, sessions: Sessions, open_chat: Callable[[Chat], ChatPage]
    ) -> None:
        super().__init__(window)
        self._sessions = sessions
        self._open_chat = open_chat
        self._line_search: _LineSearch | None = None
        self.sheet = SearchSheet(theme, window, sessions.chats.get, self._scopes)
        self.recorded = RecordingSheet(theme, window)
        self.sheet.query_changed.connect(self._on_query_changed)
        self.sheet.emptied.connect(sessions.search_thread.cancel_query)
        self.sheet.closed.connect(self._on_closed)
        self.sheet.chosen.connect(self._on_chosen)

    def open(self, text: str = "") -> None:
        """Open the search sheet with this text, or with the last query."""
        self.sheet.ask(text)

    def _on_closed(self) -> None:
        self._sessions.search_thread.release()
        self._sessions.indexing.set_paused(False)
        if self.sheet.is_reading:
            self._sessions.indexing.note_output()  # So that the rest is indexed, too.

    def _scopes(self) -> Callable[[str], Scope | None]:
        return scopes(self._sessions.listed.records(with_left=True), datetime.now().astimezone().date())

    def _on_query_changed(self, query: Query) -> None:
        chat = self.sheet.chat
        session_ids = self._sessions.listed.ids(with_left=True) if chat is None else [chat.id]
        self._sessions.indexing.set_paused(True)
        self._sessions.search_thread.search(query, session_ids, self.sheet.show_results, self.sheet.show_failure)

    def _on_chosen(self, query: Query, hit: Hit) -> None:
        chat = self._sessions.chats.get(hit.session_id)
        if chat is not None:
            if self._line_search is not None:
                self._line_search.stop()
            self._line_search = _LineSearch(
                self, self._open_chat(chat), query, hit, partial(self._show_recorded, chat, query, hit)
            )

    def _show_recorded(self, chat: Chat, query: Query, hit: Hit) -> None:
        self._sessions.search_thread.read_context(
            hit, LINES_AROUND, lambda lines: self.recorded.show_lines(chat.full_name, lines, hit, query)
        )


class _LineSearch(QObject):
    """Finds a line on a page that may still be loading.

    A replica's screen arrives before its history, and a background tab may get a new replica. So each new replica is
    searched until ``HISTORY_TIMEOUT_MS`` has passed.
    """

    def __init__(
        self, parent: QObject, page: ChatPage, query: Query, hit: Hit, on_not_found: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._query = query
        self._hit = hit
        self._on_not_found = on_not_found
        self._is_shown = self._is_stopped = False
        self._timeout = single_shot(self, HISTORY_TIMEOUT_MS)
        self._timeout.timeout.connect(self._on_timeout)
        page.settled.connect(self._search_line)
        page.source.replaced.connect(self._search_line)
        if page.terminal is not None:
            page.terminal.view.typed.connect(self.stop)
        page.bars.find_used.connect(self.stop)
        page.destroyed.connect(self.stop)
        if page.is_settled:
            self._search_line()

    def stop(self) -> None:
        """Stop searching; without effect if it is already stopped."""
        if not self._is_stopped:
            self._is_stopped = True
            self._timeout.stop()
            self.deleteLater()

    def _search_line(self) -> None:
        if self._is_stopped or self._stop_if_left():
            return
        if self._page.show_line(self._hit.text, self._query):
            self._is_shown = True
        if not self._timeout.isActive():
            self._timeout.start(0 if self._page.chat.has_ended else HISTORY_TIMEOUT_MS)

    def _stop_if_left(self) -> bool:
        """Stop if the user has left the page meanwhile: what they type must not go to its find bar."""
        if is_left := not self._page.has_keyboard:
            self.stop()
        return is_left

    def _on_timeout(self) -> None:
        if not (self._is_shown or self._stop_if_left()):
            self._on_not_found()
        self.stop()
