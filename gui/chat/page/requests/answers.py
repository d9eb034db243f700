"""The row of answers: buttons with their keys, a field, and what shows the others; and rows to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from gui.input.keys import kind_of_answer
from gui.theme.controls import KeyButton, KeyCap, caption
from gui.theme.icons import Glyph, paint_glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX, KEY_PX, SECONDARY_PX, TEXT_PX, blend, font, on

FIELD_PX = 28
_MIN_FIELD_PX = 170
"""With less room beside the buttons, the field has a line of its own."""
_ROW_PX, _ROW_ABOVE_PX = 32, 7
_DIGIT_PX, _DIGIT_GAP_PX = 10, 10
_CHECK_PX = 14
_NARROW_PX = 140
_WRAPS = int(Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere)


class AnswerField(QLineEdit):
    """A field for a text; it leaves the keys that answer the request to the chat.

    Signals:
        focused(bool): it got or lost the keyboard.
    """

    focused = Signal(bool)

    def __init__(self, key: str = "", key_there: str = "") -> None:
        """Make a field; ``key`` goes into it, ``key_there`` sends what it says."""
        super().__init__()
        self.setProperty("kind", "answer")
        self._keys = (key, key_there)
        self._cap = KeyCap(parent=self)
        self._show_key()

    def _show_key(self) -> None:
        self._cap.set_key(self._keys[self.hasFocus()])
        self.setTextMargins(0, 0, self._cap.room_px, 0)
        size = self._cap.sizeHint()
        left, top = self.width() - GAP_S_PX - size.width(), (self.height() - size.height()) // 2
        self._cap.setGeometry(left, top, size.width(), size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_key()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show_key()
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._show_key()
        self.focused.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if kind_of_answer(event):
            event.ignore()
        else:
            super().keyPressEvent(event)


class AnswerRow(QWidget):
    """Buttons, and a field that takes the room that they leave: before them or after them; then what shows the rest."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._before: list[KeyButton] = []
        self._after: list[KeyButton] = []
        self._field: QWidget | None = None
        self._more: QWidget | None = None
        self._places: list[tuple[QWidget, QRect]] = []

    def show_parts(
        self,
        before: Sequence[KeyButton],
        field: QWidget | None,
        after: Sequence[KeyButton],
        more: QWidget | None,
    ) -> None:
        """Show these buttons before and after a field, and the one that shows the rest; hide all others."""
        for part in self._parts():
            part.hide()
        self._before, self._field, self._after, self._more = list(before), field, list(after), more
        for part in self._parts():
            if part.parentWidget() is not self:
                part.setParent(self)
            part.show()

    def _parts(self) -> list[QWidget]:
        return [
            *self._before,
            *([self._field] if self._field else []),
            *self._after,
            *([self._more] if self._more else []),
        ]

    def fit(self, width: int) -> int:
        """Place the parts at a width; returns the height."""
        is_narrow = width < _NARROW_PX
        field, more = self._field, self._more
        more_px = more.sizeHint().width() + GAP_S_PX if more is not None else 0
        sizes = {each: each.fit(width, is_narrow=is_narrow) for each in (*self._before, *self._after)}
        buttons_px = sum(size.width() + GAP_S_PX for size in sizes.values())
        line_px = max([FIELD_PX, *(size.height() for size in sizes.values())])
        places: list[tuple[QWidget, QRect]] = []
        x = y = 0
        if field is not None and width - buttons_px - more_px >= _MIN_FIELD_PX:
            for each in (*self._before, field, *self._after, *([more] if more is not None else [])):
                px = width - buttons_px - more_px if each is field else _width_of(each, sizes)
                places.append((each, QRect(x, 0, px, line_px if each in sizes else FIELD_PX)))
                x += px + GAP_S_PX
            self._place(places)
            return line_px
        if field is not None and self._after:
            places.append((field, QRect(0, 0, width, FIELD_PX)))
            y = FIELD_PX + GAP_S_PX
        end_px = width - (more_px if field is None else 0)
        for each in (*self._before, *self._after):
            px = sizes[each].width()
            if x and x + px > end_px:
                x, y = 0, y + line_px + GAP_S_PX
            places.append((each, QRect(x, y, px, sizes[each].height())))
            x += px + GAP_S_PX
        if field is not None and not self._after:
            y += line_px + GAP_S_PX
            places.append((field, QRect(0, y, max(width - more_px, 1), FIELD_PX)))
            x, line_px = width - more_px + GAP_S_PX, FIELD_PX
        if more is not None:
            if x + more_px - GAP_S_PX > width:
                x, y = 0, y + line_px + GAP_S_PX
            places.append((more, QRect(x, y, more_px - GAP_S_PX, FIELD_PX)))
        self._place(places)
        return max((area.bottom() + 1 for _, area in places), default=0)

    def _place(self, places: list[tuple[QWidget, QRect]]) -> None:
        for part, area in places:
            part.setGeometry(area)


def _width_of(part: QWidget, sizes: dict[KeyButton, QSize]) -> int:
    return sizes[part].width() if isinstance(part, KeyButton) else part.sizeHint().width()


class ChoiceRow(QPushButton):
    """A row of a list to choose from: a digit, a name, and words about it; its ground reaches from edge to edge.

    A text that is too long for one line wraps, so that the user can read all that it means.
    """

    def __init__(self, theme: Theme, name: str, meaning: str = "", digit: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._name, self._meaning, self._digit, self._key = name, meaning, digit, ""
        self._left_px, self._right_px = 0, 0
        self.setAutoDefault(True)
        self.set_name(name)

    def set_name(self, name: str, key: str = "", spoken: str = "") -> None:
        """Show another name and key; ``spoken`` is both for screen readers."""
        self._name, self._key = name, key.replace("+", " ")
        self.setText(caption(name))
        self.setAccessibleName(spoken or name)
        self.setAccessibleDescription(self._meaning)
        self.update()

    def _fonts(self) -> tuple[QFont, QFont]:
        return font(TEXT_PX), font(SECONDARY_PX)

    def _room_px(self, width: int) -> int:
        digit_px = _DIGIT_PX + _DIGIT_GAP_PX if self._digit else 0
        key_px = KeyCap(self._key).room_px if self._key else 0
        return max(width - self._left_px - digit_px - key_px - _CHECK_PX - GAP_S_PX - self._right_px, 1)

    def fit(self, width: int, left_px: int, right_px: int) -> None:
        """Take the height for a width, with the text between two margins."""
        self._left_px, self._right_px = left_px, right_px
        room, metrics = self._room_px(width), [QFontMetrics(each) for each in self._fonts()]
        if self._is_one_line(room):
            self.setFixedHeight(_ROW_PX)
            return
        texts = zip((self._name, self._meaning), metrics, strict=True)
        heights = [each.boundingRect(QRect(0, 0, room, 0), _WRAPS, text).height() for text, each in texts if text]
        self.setFixedHeight(max(sum(heights) + 2 * _ROW_ABOVE_PX, _ROW_PX))

    def _is_one_line(self, room: int) -> bool:
        name, meaning = (QFontMetrics(each) for each in self._fonts())
        px = name.horizontalAdvance(self._name)
        px += meaning.horizontalAdvance(self._meaning) + _DIGIT_GAP_PX if self._meaning else 0
        return px <= room - 2

    def sizeHint(self) -> QSize:
        return QSize(_MIN_FIELD_PX, _ROW_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, _ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens, area = self._theme.tokens, QRectF(self.rect())
        ground: QColor | None = None
        if self.isChecked():
            ground = tokens.color("selected")
        elif self.underMouse() and self.isEnabled():
            ground = blend(tokens.text, tokens.raised, 0.06)
        if ground is not None:
            painter.fillRect(area, ground)
        back = ground or tokens.color("raised")
        text, quiet = tokens.color("text" if self.isEnabled() else "secondary"), on(tokens.color("secondary"), back)
        if self.hasFocus():
            painter.setPen(tokens.color("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        name_font, meaning_font = self._fonts()
        x, width = self._left_px, self._room_px(self.width())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        first = QRect(x, 0, self.width() - x, _ROW_PX)
        painter.setPen(quiet)
        painter.setFont(font(KEY_PX, bold=True, capitals=True))
        if self._digit:
            painter.drawText(first, middle, self._digit)
            x += _DIGIT_PX + _DIGIT_GAP_PX
        if self._key:
            painter.drawText(first.adjusted(0, 0, -self._right_px, 0), middle | Qt.AlignmentFlag.AlignRight, self._key)
        if self.isChecked():
            check = QRectF(self.width() - self._right_px - _CHECK_PX, (_ROW_PX - _CHECK_PX) / 2, _CHECK_PX, _CHECK_PX)
            paint_glyph(painter, Glyph.CHECK, check, text)
        self._paint_text(painter, x, width, text, quiet, name_font, meaning_font)
        painter.end()

    def _paint_text(
        self, painter: QPainter, x: int, width: int, text: QColor, quiet: QColor, name_font: QFont, meaning_font: QFont
    ) -> None:
        painter.setFont(name_font)
        painter.setPen(text)
        if self._is_one_line(width):
            middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRect(x, 0, width, self.height()), middle, self._name)
            x += QFontMetrics(name_font).horizontalAdvance(self._name) + _DIGIT_GAP_PX
            painter.setFont(meaning_font)
            painter.setPen(quiet)
            painter.drawText(QRect(x, 0, self.width() - x, self.height()), middle, self._meaning)
            return
        painter.drawText(QRect(x, _ROW_ABOVE_PX, width, self.height()), _WRAPS, self._name)
        y = _ROW_ABOVE_PX + QFontMetrics(name_font).boundingRect(QRect(0, 0, width, 0), _WRAPS, self._name).height()
        painter.setFont(meaning_font)
        painter.setPen(quiet)
        painter.drawText(QRect(x, y, width, self.height()), _WRAPS, self._meaning)
