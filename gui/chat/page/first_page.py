"""The page of a chat without messages: where it works, what was talked about there, and what one can type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from gui.input.keys import is_text
from gui.theme.controls import FlowLayout, PlainLabel
from gui.theme.painting import SQUARES_PX, paint_frame, paint_squares, squares
from gui.theme.theme import Theme
from gui.theme.tokens import CHAT_PX, GAP_S_PX, HEADING_PX, SECONDARY_PX, TEXT_PX, font, project_color
from gui.wording import chat_texts
from gui.wording.text import Text

_TITLE_LARGER_PX = 5
_ROW_PX = 32
_ABOVE_PX, _ABOVE_SHARE = 48, 0.225
"""The room above the title, as long as all of the rest fits: at least so much, and this share of the page."""
_KEY_PX, _KEY_PADDING_PX = 18, 5
_LINE_PX = 23
"""From one line about the project to the next."""
_BESIDE_PX, _DOT_LEFT_PX, _DOT_PX = 24, 16, 8
"""The room left of the text; how far left of it the middle of the project's dot is, and how large."""
_DETAIL_PX, _BETWEEN_KEYS_PX = 92, 20
"""The least width of a detail, so that squares are below each other; the space between two keys."""
_MIN_HEIGHT_PX = 240
"""A lower page has no room for it."""


class FirstPageRow(NamedTuple):
    """Something that the user can go on with: its name, a detail at the right, what opens it, and its changed lines."""

    name: str
    detail: str
    run: Callable[[], object]
    lines: tuple[int, int] = (0, 0)


class FirstPageFacts(NamedTuple):
    """The content: the project's name, lines about it and the agent, chats, saved prompts, hue, the box's hint."""

    project: str
    lines: tuple[str, ...] = ()
    chats: tuple[FirstPageRow, ...] = ()
    prompts: tuple[FirstPageRow, ...] = ()
    hue: int | None = None
    hint: str = ""


class FirstPage(QWidget):
    """The page; its owner decides when it is shown, and tells it the column.

    Attributes:
        rows: the buttons of chats and prompts, from top to bottom.

    Signals:
        wanted(): it needs its facts, since it is about to be shown, or since they may have changed.
        left(): the keyboard goes back to the prompt.
        typed(str): the user typed a text.
    """

    wanted = Signal()
    left = Signal()
    typed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts: FirstPageFacts | None = None
        self._above = QSpacerItem(0, _ABOVE_PX)
        self._title: PlainLabel | None = None
        self.rows: list[_Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setAccessibleName(chat_texts.FIRST_PAGE())
        self.hide()

    def place(self, area: QRect) -> None:
        """Use this area of the page for texts; the grounds of rows are a little wider, and the dot is beside it."""
        left_px = min(_BESIDE_PX, area.left())
        self._column.setContentsMargins(max(left_px - GAP_S_PX, 0), 0, 0, 0)
        self.setGeometry(area.adjusted(-left_px, 0, GAP_S_PX, 0))

    def set_wanted(self, *, wanted: bool, height: int) -> None:
        """Show it, or hide it, on a page of this height."""
        shows = wanted and height >= _MIN_HEIGHT_PX
        if shows and not self.isVisible():
            self.wanted.emit()
        self.setVisible(shows and self._facts is not None)

    def refresh(self) -> None:
        """Ask for the facts again if it is shown: some may have changed."""
        if self.isVisible():
            self.wanted.emit()

    @property
    def prompts(self) -> tuple[FirstPageRow, ...]:
        """The saved prompts that it shows, or showed last."""
        return self._facts.prompts if self._facts is not None else ()

    @property
    def hint(self) -> str:
        """What the empty prompt box says while the page is there."""
        return self._facts.hint if self._facts is not None else ""

    def show_facts(self, facts: FirstPageFacts) -> None:
        """Show these facts."""
        if facts == self._facts:
            return
        self._facts = facts
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        self._above = QSpacerItem(0, _ABOVE_PX)
        self._column.addItem(self._above)
        self._title = self._add_label(facts.project, font(CHAT_PX + _TITLE_LARGER_PX, bold=True))
        self._title.setProperty("kind", "")
        self._column.addSpacing(4)
        for line in facts.lines:
            self._add_label(line, font(TEXT_PX)).setMinimumHeight(_LINE_PX)
        self._add_rows(chat_texts.CONTINUE_HERE(), facts.chats)
        self._add_rows(chat_texts.SAVED_PROMPTS(), facts.prompts)
        self._column.addSpacing(3 * GAP_S_PX)
        self._add_keys([*chat_texts.FIRST_PAGE_KEYS, *([chat_texts.INTO_FIRST_PAGE] if self.rows else [])])
        self._column.addStretch(1)
        self._leave_room_above()

    def _leave_room_above(self) -> None:
        if self._facts is None:
            return
        rest_px = self._column.sizeHint().height() - self._above.sizeHint().height()
        above_px = min(round(self.height() * _ABOVE_SHARE), self.height() - rest_px)
        self._above.changeSize(0, max(above_px, _ABOVE_PX))
        self._column.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._leave_room_above()

    def _add_keys(self, keys: Sequence[tuple[str, Text]]) -> None:
        """Add the keys with what they do, in as many lines as they need."""
        holder = QWidget()
        holder.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        row = FlowLayout(holder, _BETWEEN_KEYS_PX)
        for key, does in keys:
            row.addWidget(Key(self._theme, key, does()))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        self._column.addWidget(holder)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._facts is not None and self._facts.hue is not None and self._title is not None:
            left, middle = self._title.x() + GAP_S_PX - _DOT_LEFT_PX, self._title.geometry().center().y() + 1
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(project_color(self._facts.hue, self._theme.tokens))
            painter.drawEllipse(QPointF(left, middle), _DOT_PX / 2, _DOT_PX / 2)
            painter.end()

    def _add_label(self, text: str, face: QFont) -> PlainLabel:
        made = PlainLabel(text)
        made.setFont(face)
        made.setProperty("kind", "secondary")
        # A style sheet's size would count, and no other font of it.
        made.setStyleSheet(f"QLabel {{ font-size: {face.pixelSize()}px; font-weight: {int(face.weight())}; }}")
        made.setWordWrap(True)
        made.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        made.setMinimumWidth(1)
        self._column.addWidget(made)
        return made

    def _add_rows(self, heading: str, rows: tuple[FirstPageRow, ...]) -> None:
        if not rows:
            return
        self._column.addSpacing(3 * GAP_S_PX)
        self._add_label(heading, font(HEADING_PX, bold=True, capitals=True))
        self._column.addSpacing(4)
        for row in rows:
            made = _Row(self._theme, row)
            made.clicked.connect(lambda _checked, run=row.run: run())
            self.rows.append(made)
            self._column.addWidget(made)

    def take_keyboard(self) -> None:
        """Give the last row the keyboard focus, if it is shown."""
        if self.isVisible() and self.rows:
            self.rows[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = next((at for at, row in enumerate(self.rows) if row.hasFocus()), None)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if focused is not None and step is not None:
            if 0 <= focused + step < len(self.rows):
                self.rows[focused + step].setFocus(Qt.FocusReason.OtherFocusReason)
            elif step > 0:
                self.left.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.text() and is_text(event.text()) and not event.modifiers() & _WITH_COMMANDS:
            self.typed.emit(event.text())
        else:
            event.ignore()


_WITH_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


class Key(QWidget):
    """A key in a frame, and what it does."""

    def __init__(self, theme: Theme, key: str, does: str) -> None:
        super().__init__()
        self._theme, self._key, self._does = theme, key, does
        self.setAccessibleName(f"{key} {does}")
        key_px = QFontMetrics(font(HEADING_PX)).horizontalAdvance(key) + 2 * _KEY_PADDING_PX
        does_px = QFontMetrics(font(SECONDARY_PX)).horizontalAdvance(does) + 1
        self._key_px = max(key_px, _KEY_PX)
        self.setFixedSize(self._key_px + GAP_S_PX + does_px, _KEY_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        frame = QRectF(0, 0, self._key_px, self.height())
        paint_frame(painter, frame, tokens.color("border"), radius_px=4)
        painter.setPen(tokens.color("secondary"))
        painter.setFont(font(HEADING_PX))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self._key)
        painter.setFont(font(SECONDARY_PX))
        beside = QRectF(self._key_px + GAP_S_PX, 0, self.width(), self.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._does)
        painter.end()


class _Row(QPushButton):
    """A chat or a prompt: its name, and a detail at the right."""

    def __init__(self, theme: Theme, row: FirstPageRow) -> None:
        super().__init__()
        self._theme, self.row = theme, row
        self.setAccessibleName(chat_texts.joined(row.name, row.detail))
        self.setFixedHeight(_ROW_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, _ROW_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        elif event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            event.ignore()  # The page's.
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        if self.underMouse() or self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(tokens.color("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(tokens.color("hover"))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        inside = self.rect().adjusted(GAP_S_PX, 0, -GAP_S_PX, 0)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        detail_px = painter.fontMetrics().horizontalAdvance(self.row.detail) + GAP_S_PX
        if any(self.row.lines):
            detail_px = max(detail_px, _DETAIL_PX)
            place = inside.adjusted(0, 0, -detail_px, 0)
            paint_squares(painter, place, *squares(*self.row.lines), tokens)
            detail_px += SQUARES_PX + GAP_S_PX
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.row.detail)
        painter.setFont(font(TEXT_PX))
        painter.setPen(tokens.color("text"))
        room = max(inside.width() - detail_px, 0)
        name = painter.fontMetrics().elidedText(self.row.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.end()
