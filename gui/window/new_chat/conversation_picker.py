"""Chooses a conversation to continue: of the chat at hand, or another one of its agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QPainter, QStandardItem
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QStyleOptionViewItem, QVBoxLayout, QWidget

from gui.bridge.earlier_conversations import ChatOfConversation
from gui.screen_readers import announce
from gui.theme.controls import flow
from gui.theme.icons import paint_mark
from gui.theme.painting import paint_matched
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.theme.tooltips import set_tooltip
from gui.window.new_chat.fields import RuntimeField
from gui.window.sheets.sheet import LIST_PX, Sheet
from gui.window.widgets.parts import button, label, sentence, show_text
from gui.window.widgets.result_list import ResultList, RowDelegate, lay_out_results
from gui.wording import common_texts, new_chat_texts
from session_host.protocol.values import Runtime
from session_host.standing.ages import short_age
from session_host.system.clock import moment_of

if TYPE_CHECKING:
    from session_host.agents.conversations.base import StoredConversation

ROW_PX = 46
HEADING_PX = 30
ROWS_SHOWN = 9
MAX_ROWS = 500
"""More rows are not made; the user types to find others."""
_ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_MATCHED_ROLE = _ROW_ROLE + 1
_MARK_PX = 22
_LINES_PX = 16
"""The height of the lines and gaps between field, list and footer."""

Section = Literal["chat", "here", "elsewhere"]


class ConversationRow(NamedTuple):
    """A line of the list.

    Attributes:
        section: the group, which has a heading: the chat at hand, its directory, other directories.
        title, details: the first line, and the second one.
        run: continues the conversation; True: even if it is open elsewhere.
        copy: copies the command that resumes it in any terminal; None if there is no such command.
        changed_s: the time of its last change; None for none.
        also: other words by which it is found.
        chat: the chat that is or was in it; None for none.
        comes_last: whether the row is marked only if no other one fits.
    """

    section: Section
    title: str
    details: str
    run: Callable[[bool], object]
    copy: Callable[[], object] | None = None
    changed_s: float | None = None
    also: str = ""
    chat: ChatOfConversation | None = None
    comes_last: bool = False

    @property
    def age(self) -> str:
        """The time since its last change."""
        if self.changed_s is None:
            return ""
        return short_age(moment_of(1000 * self.changed_s), datetime.now(UTC))


def title_of(stored: StoredConversation) -> str:
    """The first line of a conversation's row."""
    return stored.title or new_chat_texts.UNTITLED()


def details_of(stored: StoredConversation, directory: str, chat: ChatOfConversation | None) -> str:
    """The second line of a conversation's row."""
    parts = [directory]
    if chat is not None:
        text = new_chat_texts.WAS_IN if chat.has_ended else new_chat_texts.RUNNING_IN
        parts.append(text(chat=chat.name))
    elif stored.last_prompt != stored.title:
        parts.append(stored.last_prompt)
    return " · ".join(part for part in parts if part)


class ConversationPicker(Sheet):
    """A field, and the conversations that contain its words; a sheet of its own, or over the one for a new chat.

    Signals:
        another_requested: the user wants conversations of another agent.
    """

    another_requested = Signal()

    def __init__(self, theme: Theme, around: QWidget) -> None:
        super().__init__(theme, around, new_chat_texts.CONVERSATIONS(), LIST_PX)
        self._rows: list[tuple[str, ConversationRow]] = []
        self._agent = self._directory = ""
        self._is_read = self._is_busy = self._has_older = False
        self._takes_first = False
        """Whether Enter was pressed before the conversations were read."""
        self._narrowed_by = ""
        self._accepted: ConversationRow | None = None
        self.field = QLineEdit()
        self.field.setProperty("kind", "palette")
        self.field.setAccessibleName(new_chat_texts.CONVERSATIONS())
        self.field.textChanged.connect(self._narrow)
        self.field.installEventFilter(self)
        self.list = ResultList(new_chat_texts.CONVERSATIONS(), ROW_PX, ROWS_SHOWN, wraps=False)
        self.list.setUniformItemSizes(False)
        self.list.setItemDelegate(_RowDelegate(theme, ROW_PX, self.list))
        self.items = self.list.items
        self.list.clicked.connect(self._accept)
        self.list.selectionModel().currentChanged.connect(lambda index, _previous: self._on_marked(index))
        self.state = label("", "secondary", wraps=True)
        self.anyway = button(new_chat_texts.CONTINUE_ANYWAY(), "", self._force)
        self.runtime = RuntimeField()
        self.copy = button(new_chat_texts.COPY_COMMAND(), "link", self._copy)
        self.another = button(new_chat_texts.ANOTHER_AGENT(), "link", self.another_requested.emit)
        self._list_px = 0
        """The height of the list, if the window has room for it."""
        self._footer = QWidget()
        below = QVBoxLayout(self._footer)
        below.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, 4)
        line = QHBoxLayout()
        line.addWidget(self.state, 1)
        line.addWidget(self.anyway)
        below.addLayout(line)
        below.addWidget(flow(self.runtime, self.another, self.copy))
        lay_out_results(self.body, theme, self.field, self.list, self._footer)

    def center(self) -> None:
        """See ``Sheet``; in a low window, the list is lower and scrolls."""
        width = min(LIST_PX, self.around.width() - 2 * GAP_L_PX)
        others_px = self.field.sizeHint().height() + self._footer.heightForWidth(max(width, 0)) + _LINES_PX
        room_px = self.around.height() - 2 * GAP_L_PX - others_px
        self.list.setFixedHeight(max(min(self._list_px, room_px), ROW_PX))
        super().center()

    def opening_button(self, below: Sheet, on_click: Callable[[], object]) -> QPushButton:
        """A button of the sheet below this one, which opens this one, and gets the keyboard focus back."""
        made = button(common_texts.CONTINUE(), "link", on_click)
        set_tooltip(made, new_chat_texts.CONTINUE_HINT())
        self.set_below(below, made)
        return made

    def begin(self, agent: str, directory: str, runtime: Runtime | None = None, *, is_alone: bool = False) -> None:
        """Open the sheet, while an agent's conversations are read.

        Args:
            agent: its title; "" for an agent without a list of conversations.
            directory: its conversations come first; as it is shown.
            runtime: the suggested view; None for no choice.
            is_alone: whether the user can go on to another agent from here.
        """
        self._agent, self._directory = agent, directory
        self._rows, self._takes_first = [], False
        self._is_read = self._is_busy = self._has_older = False
        self.runtime.setVisible(runtime is not None)
        self.runtime.set_value(runtime or "terminal")
        self.another.setVisible(is_alone)
        search = new_chat_texts.SEARCH_CONVERSATIONS(agent=agent) if agent else common_texts.CHOOSE()
        self.field.setPlaceholderText(search)
        self.field.setAccessibleName(search)
        self.field.clear()
        self._narrow("")
        self.open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_rows(self, rows: Sequence[ConversationRow], *, is_whole: bool = True, has_older: bool = False) -> None:
        """Show these rows: by section, in each the newest first.

        Args:
            rows: the rows, which begin with those that are already shown.
            is_whole: whether these are all; otherwise the others are being read.
            has_older: whether the agent has older conversations, too.
        """
        marked = self.list.currentIndex().row()
        self._has_older = has_older
        self._rows = [(f"{row.title} {row.details} {row.also}".lower(), row) for row in rows]
        self._is_read = is_whole
        self._narrow(self.field.text(), marked)
        announce(self.state, self.state.text())
        if self._takes_first:
            self._accept(self.list.currentIndex())

    def refuse(self, problem: str, *, can_force: bool = False) -> None:
        """Show why there is no list, or why the chosen conversation cannot be continued; or only if forced."""
        self._is_busy = False
        self._show_state(sentence(problem), "problem")
        self.anyway.setVisible(can_force)
        announce(self.state, self.state.text())

    def set_busy(self) -> None:
        """Show that a chat is being started."""
        self._is_busy = True
        self._show_state(common_texts.STARTING())

    # ------------------------------------------------------------ rows

    def _narrow(self, text: str, marked: int = -1) -> None:
        """Show the rows with these words; ``marked``: the item that keeps the mark, -1 for the first."""
        self._takes_first = self._takes_first and text == self._narrowed_by
        self._narrowed_by = text
        words = text.lower().split()
        fitting = [row for whole, row in self._rows if all(word in whole for word in words)]
        self.items.clear()
        for number, row in enumerate(fitting[:MAX_ROWS]):
            if number == 0 or row.section != fitting[number - 1].section:
                self._add_heading(row)
            self._add(row, words)
        self.list.fit_rows(marked if marked >= 0 else self._first())
        self._on_marked(self.list.currentIndex())
        headings = sum(self._row_at(row) is None for row in range(self.items.rowCount()))
        wanted_px = self.items.rowCount() * ROW_PX - headings * (ROW_PX - HEADING_PX)
        self._list_px = min(wanted_px, ROWS_SHOWN * ROW_PX) + 2 * self.list.frameWidth()
        summary = self._summary(fitting, is_filtered=bool(words))
        self._show_state(new_chat_texts.WITHOUT_OLDER(summary=summary) if self._has_older else summary)

    def _row_at(self, number: int) -> ConversationRow | None:
        """The row of an item; None for a heading."""
        row = self.items.index(number, 0).data(_ROW_ROLE)
        return row if isinstance(row, ConversationRow) else None

    def _first(self) -> int:
        """The item that is marked at first."""
        rows = [(number, row) for number in range(self.items.rowCount()) if (row := self._row_at(number)) is not None]
        return next((number for number, row in rows if not row.comes_last), rows[-1][0] if rows else 0)

    def _add_heading(self, row: ConversationRow) -> None:
        texts: dict[Section, str] = {
            "chat": new_chat_texts.THIS_CHAT(),
            "here": new_chat_texts.IN_DIRECTORY(directory=self._directory),
            "elsewhere": new_chat_texts.IN_OTHER_DIRECTORIES(),
        }
        item = QStandardItem(texts[row.section])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.items.appendRow(item)

    def _add(self, row: ConversationRow, words: list[str]) -> None:
        item = QStandardItem(row.title)
        item.setData(row, _ROW_ROLE)
        item.setData(_matched_indexes(row.title, words), _MATCHED_ROLE)
        item.setEditable(False)
        spoken = ", ".join(part for part in (row.title, row.details, row.age) if part)
        item.setData(spoken, int(Qt.ItemDataRole.AccessibleTextRole))
        self.items.appendRow(item)

    def _summary(self, fitting: list[ConversationRow], *, is_filtered: bool) -> str:
        if not self._is_read:
            return new_chat_texts.READING_CONVERSATIONS()
        if not fitting and self._rows:
            return common_texts.NO_MATCHES()
        if not any(row.section != "chat" for _, row in self._rows):
            none = new_chat_texts.NO_OTHER_CONVERSATIONS if self._rows else new_chat_texts.NO_CONVERSATIONS
            return none(agent=self._agent) if self._agent else ""
        if len(fitting) > MAX_ROWS:
            return new_chat_texts.ONLY_NEWEST(shown=MAX_ROWS, count=len(fitting))
        here, elsewhere = (sum(row.section == section for row in fitting) for section in ("here", "elsewhere"))
        if not here and not is_filtered:
            return new_chat_texts.NO_CONVERSATIONS_HERE()
        return new_chat_texts.CONVERSATION_COUNTS(here=here, elsewhere=elsewhere)

    def _show_state(self, text: str, kind: str = "secondary") -> None:
        self.anyway.hide()
        if self.state.property("kind") != kind:
            self.state.setProperty("kind", kind)
            self.state.style().polish(self.state)
        show_text(self.state, text)
        if self.is_open:
            self.center()

    # ------------------------------------------------------------ choosing

    def _accept(self, index: QModelIndex) -> None:
        row = index.data(_ROW_ROLE)
        if isinstance(row, ConversationRow) and not self._is_busy:
            self._accepted = row
            row.run(False)

    def _force(self) -> None:
        if self._accepted is not None and not self._is_busy:
            self._accepted.run(True)

    def _on_marked(self, index: QModelIndex) -> None:
        row = index.data(_ROW_ROLE)
        self.copy.setVisible(isinstance(row, ConversationRow) and row.copy is not None)

    def _copy(self) -> None:
        """Copy the command that resumes the marked conversation in any terminal."""
        row = self.list.currentIndex().data(_ROW_ROLE)
        if isinstance(row, ConversationRow) and row.copy is not None:
            self.dismiss()
            row.copy()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Copy the marked conversation's command, unless a part of what was typed is selected."""
        is_key = watched is self.field and event.type() == QEvent.Type.KeyPress
        copies = is_key and isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Copy)
        if copies and not self.field.hasSelectedText():
            self._copy()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        previous = self.list.currentIndex().row()
        if self.list.step(event):
            self._leave_heading(previous)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._takes_first = not self._is_read and not isinstance(
                self.list.currentIndex().data(_ROW_ROLE), ConversationRow
            )
            self._accept(self.list.currentIndex())
        else:
            super().keyPressEvent(event)

    def _leave_heading(self, previous: int) -> None:
        """Move the mark from a heading to the next conversation; at the list's beginning, back down."""
        row = self.list.currentIndex().row()
        if self.items.index(row, 0).data(_ROW_ROLE) is None:
            following = row - 1 if 0 < row < previous else row + 1
            self.list.setCurrentIndex(self.items.index(following, 0))
            if following == 1:
                self.list.scrollToTop()


def _matched_indexes(title: str, words: list[str]) -> list[int]:
    """The characters of a title that the typed words match."""
    lowered = title.lower()
    if len(lowered) != len(title):
        return []
    begins = [(lowered.find(word), len(word)) for word in words]
    return sorted({index for begin, length in begins if begin >= 0 for index in range(begin, begin + length)})


class _RowDelegate(RowDelegate):
    """Paints a heading, or a conversation: its title and age, and below them its chat, directory or last prompt."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX if isinstance(index.data(_ROW_ROLE), ConversationRow) else HEADING_PX)

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        tokens, row = self._theme.tokens, index.data(_ROW_ROLE)
        middle, left = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignLeft
        first = QRect(area.left() + GAP_M_PX, area.top() + 4, area.width() - 2 * GAP_M_PX, 20)
        second = first.translated(0, 19)
        small, plain = font(SECONDARY_PX), font()
        painter.setPen(tokens.color("secondary"))
        painter.setFont(small)
        if not isinstance(row, ConversationRow):
            elided = QFontMetrics(small).elidedText(index.data(), Qt.TextElideMode.ElideMiddle, second.width())
            painter.drawText(area.adjusted(GAP_M_PX, 4, -GAP_M_PX, 0), left | middle, elided)
            return
        painter.drawText(first, Qt.AlignmentFlag.AlignRight | middle, row.age)
        room = first.adjusted(0, 0, -QFontMetrics(small).horizontalAdvance(row.age) - GAP_M_PX, 0)
        if row.chat is not None and (chat := row.chat.chat) is not None:
            paint_mark(painter, chat.mark, QPointF(second.left() + 8, second.center().y() + 0.5), tokens)
            second.setLeft(second.left() + _MARK_PX)
        elided = QFontMetrics(small).elidedText(row.details, Qt.TextElideMode.ElideRight, second.width())
        painter.setPen(tokens.color("secondary"))
        painter.drawText(second, left | middle, elided)
        painter.setFont(plain)
        painter.setPen(tokens.color("text"))
        title = QFontMetrics(plain).elidedText(row.title, Qt.TextElideMode.ElideRight, room.width())
        matched = [number for number in index.data(_MATCHED_ROLE) if number < len(title) - 1 or title == row.title]
        paint_matched(painter, room, title, matched, tokens)
