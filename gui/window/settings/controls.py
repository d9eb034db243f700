"""The controls of settings, by kind of value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QLocale, QObject, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QFocusEvent,
    QFontDatabase,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QWidget
from shiboken6 import Shiboken

from gui.bridge.tasks import Tasks
from gui.settings.table import Number
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.menu import temporary_menu
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_S_PX
from gui.timers import single_shot
from gui.window.widgets.parts import ChoiceBox, IconButton
from gui.wording import settings_texts

WIDE_PX = 240
NUMBER_PX = 132
_ARROW_PX = 12
DEBOUNCE_MS = 250
"""While a number is stepped through, the file gets only the one at which the user stops."""

_AROUND_TEXT_PX = 3
"""Qt's distance between a field's edge and its text, with the cursor."""
_DECIMALS = 2
_COMMA = ", "


class Control(QWidget):
    """A control; a subclass adds its input widgets to ``row`` and calls ``set_input_widget``.

    Attributes:
        warning: returns why a valid value may have no effect; "" if it has one.

    Signals:
        chosen: the user set another value.
    """

    chosen = Signal(object)

    def __init__(self, warning: Callable[[Any], str] = lambda _value: "") -> None:
        super().__init__()
        self.warning = warning
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.row = row

    def set_input_widget(self, inner: QWidget) -> None:
        """Set the widget that has the keyboard focus and the accessible name."""
        self.inner = inner
        self.setFocusProxy(inner)

    def set_name(self, name: str) -> None:
        """Set the name for screen readers."""
        self.inner.setAccessibleName(name)

    @property
    def is_edited(self) -> bool:
        """Whether the user is editing the value; then it must not be replaced."""
        return False

    def show_value(self, value: Any) -> None:
        """Show a value, without a signal, if the control has one."""


class _Switch(QCheckBox):
    """A check box that is painted as a switch."""

    WIDTH_PX, HEIGHT_PX = 36, 20

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(self.WIDTH_PX, self.HEIGHT_PX)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self.WIDTH_PX, self.HEIGHT_PX)

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        is_on = self.isChecked()
        outline = "text" if self.hasFocus() and is_on else "accent" if is_on or self.hasFocus() else "secondary"
        background = tokens.color("accent" if is_on else "page")
        paint_frame(painter, area, tokens.color(outline), background, radius_px=area.height() / 2)
        knob = QRectF(0, 0, area.height() - 6, area.height() - 6)
        knob.moveCenter(area.center())
        knob.moveLeft(area.right() - 3 - knob.width() if is_on else area.left() + 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tokens.color("on_accent" if is_on else "secondary"))
        painter.drawEllipse(knob)
        painter.end()


class ToggleControl(Control):
    """A switch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.switch = _Switch(theme)
        self.switch.clicked.connect(self._on_clicked)
        self.row.addStretch(1)
        self.row.addWidget(self.switch)
        self.set_input_widget(self.switch)

    def _on_clicked(self, checked: bool) -> None:
        self.chosen.emit(checked)

    def show_value(self, value: Any) -> None:
        self.switch.setChecked(bool(value))


class ChoiceControl(Control):
    """A box with choices.

    Signals:
        previewed: the user looks at a choice in the open list (its value).
    """

    previewed = Signal(object)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], warning: Callable[[Any], str] = lambda _value: ""
    ) -> None:
        """Create the box; ``choices`` are values with their texts."""
        super().__init__(warning)
        self.box = ChoiceBox(theme)
        self.box.setFixedWidth(WIDE_PX)
        self.row.addStretch(1)
        self.row.addWidget(self.box)
        self.set_input_widget(self.box)
        self.set_choices(choices)
        self.box.activated.connect(lambda at: self.chosen.emit(self.box.itemData(at)))
        self.box.highlighted.connect(lambda at: self.previewed.emit(self.box.itemData(at)))

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices."""
        self.box.clear()
        for value, text in choices:
            self.box.addItem(text, value)

    @property
    def is_edited(self) -> bool:
        return self.box.view().isVisible()

    def show_value(self, value: Any) -> None:
        at = self.box.findData(value)
        if at < 0 and value:
            self.box.addItem(settings_texts.NOT_INSTALLED(name=value), value)
            at = self.box.count() - 1
        self.box.setCurrentIndex(at)


class _Spin(QDoubleSpinBox):
    """A number with its unit; the lowest value can stand for 0, in words."""

    def __init__(self, kind: Number, meant: int) -> None:
        """Create the field; ``meant`` is the number that the words mean, 0 if they mean none."""
        super().__init__()
        self._kind, self._meant = kind, meant
        self._has_words = bool(kind.zero)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setDecimals(0 if kind.is_integer else kind.decimals)
        self.setRange(kind.minimum - (1 if self._has_words else 0), kind.maximum)
        self.setSingleStep(kind.step)
        self.setLocale(QLocale.c())  # A point in each locale, as in the file and in all other places.
        self.setGroupSeparatorShown(kind.is_integer)
        self.setSuffix(f" {kind.unit()}" if kind.unit else "")
        if kind.zero:
            self.setSpecialValueText(kind.zero())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def textFromValue(self, value: float) -> str:
        """The text without a fraction if the value has none."""
        if self._kind.is_integer:
            return f"{round(value):,}"
        if value == round(value):
            return str(round(value))
        whole, _, fraction = f"{value:.{self._kind.decimals}f}".partition(".")
        return f"{whole}.{fraction.rstrip('0').ljust(_DECIMALS, '0')}"

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """In a number with a fraction, a comma is a point: many keypads have no other."""
        return super().validate(text if self._kind.is_integer else text.replace(",", "."), position)

    def stepBy(self, steps: int) -> None:
        """Step from the number that the words mean, or else to the least one, and then along round numbers."""
        value, step = self.value(), self.singleStep()
        if self._has_words and value == self.minimum():
            if self._meant:
                self.setValue(max(self._kind.minimum, self._meant + steps * step))
            elif steps > 0:
                self.setValue(max(self._kind.minimum, step if step > 1 else self._kind.minimum))
            return
        if step > 1:
            rest = value % step
            value += steps * step - (rest if steps > 0 else rest and rest - step)
            least = self.minimum() if value <= 0 else self._kind.minimum
            self.setValue(max(value, least))
            return
        super().stepBy(steps)

    def stepEnabled(self) -> QDoubleSpinBox.StepEnabledFlag:
        """Words that mean a number can be stepped down, too."""
        enabled = super().stepEnabled()
        return enabled | QDoubleSpinBox.StepEnabledFlag.StepDownEnabled if self._meant else enabled

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_text()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._place_text()

    def _place_text(self) -> None:
        """Give the text the whole width: a style sheet reserves space for the buttons, even if there are none."""
        self.lineEdit().setGeometry(self.rect().adjusted(GAP_S_PX, 1, -GAP_S_PX, -1))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def words_px(self) -> int:
        """The width that shows the words for 0 completely."""
        self.ensurePolished()
        return self.fontMetrics().horizontalAdvance(self.specialValueText()) + 2 * (GAP_S_PX + _AROUND_TEXT_PX)

    def number(self) -> int | float:
        """The value for the file."""
        if self._has_words and self.value() == self.minimum():
            return 0
        return round(self.value()) if self.value() == round(self.value()) else self.value()

    def show_number(self, value: float) -> None:
        """Show a value of the file."""
        self.setValue(self.minimum() if self._has_words and not value else value)


class NumberControl(Control):
    """A number between a button for less and one for more."""

    def __init__(self, theme: Theme, kind: Number, meant: int = 0) -> None:
        """Create the control; ``meant`` is the number that the words for 0 mean, 0 if they mean none."""
        super().__init__()
        self.spin = _Spin(kind, meant)
        self.spin.setFixedWidth(max(NUMBER_PX, self.spin.words_px()))
        self._debounce = single_shot(self, DEBOUNCE_MS)
        self._debounce.timeout.connect(self._choose)
        self.less = IconButton(theme, Glyph.MINUS, "", lambda: self.spin.stepBy(-1))
        self.more = IconButton(theme, Glyph.ADD, "", lambda: self.spin.stepBy(1))
        for each in (self.less, self.more):
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # The arrow keys do the same.
            each.setAutoRepeat(True)
        self.row.addStretch(1)
        for part in (self.less, self.spin, self.more):
            self.row.addWidget(part)
        self.set_input_widget(self.spin)
        self._shown: float = 0
        self.spin.valueChanged.connect(self._debounce.start)
        self.spin.editingFinished.connect(self._choose_now)

    def set_name(self, name: str) -> None:
        super().set_name(name)
        self.less.set_name(settings_texts.LESS(setting=name))
        self.more.set_name(settings_texts.MORE(setting=name))

    @property
    def is_edited(self) -> bool:
        return self._debounce.isActive()

    def show_value(self, value: Any) -> None:
        self._shown = value
        self.spin.blockSignals(True)
        self.spin.show_number(value)
        self.spin.blockSignals(False)
        self._debounce.stop()

    def _choose_now(self) -> None:
        if self._debounce.isActive():
            self._choose()

    def _choose(self) -> None:
        self._debounce.stop()
        if self.spin.number() != self._shown:
            self._shown = self.spin.number()
            self.chosen.emit(self._shown)

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._choose_now()


class _Line(QLineEdit):
    """A field that shows its beginning when it is left."""

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setCursorPosition(0)


class TextControl(Control):
    """A field for a text; Return, or leaving the field, sets it."""

    def __init__(
        self,
        write: Callable[[Any], str] = str,
        read: Callable[[str], Any] = str.strip,
        warning: Callable[[Any], str] = lambda _value: "",
    ) -> None:
        """Create the field; ``write`` returns a value as text, ``read`` the value of what is entered."""
        super().__init__(warning)
        self._write, self._read = write, read
        self.field = _Line()
        self.field.setFixedWidth(WIDE_PX)
        self.row.addStretch(1)
        self.row.addWidget(self.field)
        self.set_input_widget(self.field)
        self.field.editingFinished.connect(self._choose)

    @property
    def is_edited(self) -> bool:
        return self.field.isModified()

    def show_value(self, value: Any) -> None:
        if self.field.text() != self._write(value):
            self.field.setText(self._write(value))
            self.field.setCursorPosition(0)
        self.field.setModified(False)

    def set_invalid(self, *, invalid: bool) -> None:
        """Mark the field, or remove the mark."""
        if bool(self.field.property("invalid")) != invalid:
            self.field.setProperty("invalid", invalid)
            self.field.style().polish(self.field)

    def _choose(self) -> None:
        if self.field.isModified():
            self.chosen.emit(self._read(self.field.text()))


class EditorControl(TextControl):
    """A field for the command of an editor; a menu lists the editors that are installed."""

    def __init__(self, theme: Theme, tasks: Tasks, installed: Callable[[], list[str]]) -> None:
        """Create the field; ``installed`` returns the editors' names, and may wait for the disk."""
        super().__init__()
        self._theme, self._tasks, self._installed = theme, tasks, installed
        self.field.setPlaceholderText(settings_texts.ANY_EDITOR())
        self._arrow = QAction(settings_texts.INSTALLED_EDITORS(), self)
        self._arrow.triggered.connect(self.list_editors)
        self.field.addAction(self._arrow, QLineEdit.ActionPosition.TrailingPosition)
        self.field.installEventFilter(self)
        self._apply_theme()
        theme.changed.connect(self._apply_theme)

    def _apply_theme(self) -> None:
        self._arrow.setIcon(glyph_icon(Glyph.EXPANDED, self._theme.tokens, size_px=_ARROW_PX))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_down = isinstance(event, QKeyEvent) and event.key() in {Qt.Key.Key_Down, Qt.Key.Key_F4}
        if is_down and event.type() == QEvent.Type.KeyPress:
            self.list_editors()
            return True
        return super().eventFilter(watched, event)

    def list_editors(self) -> None:
        """Show the menu below the field, once the editors are known."""
        self._tasks.start(self._list(), "editors")

    async def _list(self) -> None:
        names = await asyncio.to_thread(self._installed)
        if not Shiboken.isValid(self) or not self.field.isVisible():
            return
        menu = temporary_menu(self)
        if not names:
            menu.addAction(settings_texts.NO_EDITORS()).setEnabled(False)
        for name in names:
            menu.addAction(name, partial(self.chosen.emit, name))
        menu.popup(self.field.mapToGlobal(QPoint(0, self.field.height())))
        menu.setActiveAction(menu.actions()[0])


def names_control(warning: Callable[[Any], str] = lambda _names: "") -> TextControl:
    """A field for several texts, with commas between them."""

    def read(text: str) -> list[str]:
        return [name for part in text.split(_COMMA.strip()) if (name := part.strip())]

    return TextControl(_COMMA.join, read, warning)


def missing_fonts(names: Sequence[str]) -> str:
    """A line that names the fonts that are not installed; "" if all are."""
    installed = {family.casefold() for family in QFontDatabase.families()}
    return _COMMA.join([settings_texts.NOT_INSTALLED(name=name) for name in names if name.casefold() not in installed])
