"""The settings of the agent's session as small menus, and what the chat has used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QActionGroup,
    QHelpEvent,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from gui.theme.controls import PlainLabel, set_look
from gui.theme.menu import Menu
from gui.theme.painting import RING_PX, paint_ring
from gui.theme.theme import Theme
from gui.theme.tokens import FULL_PERCENT, NEARLY_FULL_PERCENT
from gui.theme.tooltips import set_tooltip, show_tooltip
from gui.timers import repeating
from gui.wording import chat_texts
from session_host.protocol.messages import ChangeSetting
from session_host.protocol.untrusted_text import one_line
from session_host.standing.limits import is_over, used_percent
from session_host.structured.items import Setting, UsageChanged, UsageLimit

_LEVELS_PERCENT: Final = (75, 90, 100)
"""The used shares from which a limit is shown, is a warning, and counts as reached."""
_WARNING: Final = 2
_CHECK_MS: Final = 60_000
"""How often the clock is compared with the limits' ends. A timer for the end itself would come late after the computer
has slept, or if the clock is set."""
_LABEL_GAP_PX: Final = 12
_MIN_CHIP_PX = 72
"""The minimum width of a button that shows a value; narrower ones move into the menu "More settings"."""
_GAP_PX = 4
_ORDER = {"model": 0, "effort": 1, "mode": 2, "": 3}


class SettingsRow(QWidget):
    """Menus for model, mode and effort; those that do not fit are in the menu of the last button."""

    def __init__(self, theme: Theme, send: Callable[[ChangeSetting], object]) -> None:
        """Make the row; ``send`` gets the settings that the user changes."""
        super().__init__()
        self._send = send
        self._settings: tuple[Setting, ...] = ()
        self._chips: list[_Chip] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP_PX)
        self.usage = UsageLabels(theme)
        self.usage.resized.connect(self._fit)
        self._more_menu = Menu(self)
        self._more_button = self._quiet_button("⋯", self._more_menu)
        set_tooltip(self._more_button, chat_texts.MORE_SETTINGS())
        self._more_button.setAccessibleName(chat_texts.MORE_SETTINGS())
        self._more_button.hide()
        self._row.addWidget(self._more_button)
        self._row.addStretch(1)
        self._row.addWidget(self.usage)

    def show_settings(self, settings: tuple[Setting, ...]) -> None:
        """Show these settings."""
        if settings == self._settings:
            return
        self._settings = settings
        for chip in self._chips:
            self._row.removeWidget(chip.button)
            chip.button.hide()
            chip.button.deleteLater()
        with_choices = (setting for setting in settings if setting.choices)
        shown = sorted(with_choices, key=lambda setting: _ORDER[setting.category])
        self._chips = [self._chip(setting) for setting in shown]
        for number, chip in enumerate(self._chips):
            self._row.insertWidget(number, chip.button)
        self._fit()

    def _chip(self, setting: Setting) -> _Chip:
        chosen = next((choice.name for choice in setting.choices if choice.id == setting.value), setting.value)
        chosen, name = one_line(chosen), one_line(setting.name)
        if chosen:
            name = chat_texts.SETTING(name=name, value=chosen if setting.category == "model" else _within_line(chosen))
        menu = Menu(name.replace("&", "&&"), self)
        group = QActionGroup(menu)
        for choice in setting.choices:
            action = menu.addAction(one_line(choice.name or choice.id).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(choice.id == setting.value)
            set_tooltip(action, one_line(choice.description))
            group.addAction(action)
            action.triggered.connect(lambda _checked, value=choice.id: self._send(ChangeSetting(setting.id, value)))
        menu.setToolTipsVisible(True)
        text = chosen if chosen and setting.category == "model" else name  # A model's name needs no other.
        made = self._quiet_button(_caption(text), menu)
        made.destroyed.connect(menu.deleteLater)
        set_tooltip(made, name)
        made.setAccessibleName(name)
        return _Chip(made, menu, text)

    def _quiet_button(self, text: str, menu: QMenu) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("kind", "quiet")
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        made.clicked.connect(lambda _checked: menu.popup(made.mapToGlobal(made.rect().topLeft()) - _above(menu)))
        return made

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show the buttons that fit; the first button elides its value before it is hidden."""
        for chip in self._chips:
            chip.button.setText(_caption(chip.text))
        widths = [chip.button.sizeHint().width() + _GAP_PX for chip in self._chips]
        rest_px = self._more_button.sizeHint().width() + _GAP_PX if self._chips else 0
        room = self.width() - self.usage.fit(self.width() - rest_px)
        fitting = len(self._chips)
        if sum(widths) > room:
            room -= rest_px
            sums = list(accumulate(widths))
            fitting = sum(right <= room for right in sums)
            if not fitting and room >= _MIN_CHIP_PX:
                chip, fitting = self._chips[0], 1
                text_px = room - (widths[0] - chip.button.fontMetrics().horizontalAdvance(chip.text))
                elided = chip.button.fontMetrics().elidedText(chip.text, Qt.TextElideMode.ElideRight, text_px)
                chip.button.setText(_caption(elided))
        self._more_menu.clear()
        for index, chip in enumerate(self._chips):
            chip.button.setVisible(index < fitting)
            if index >= fitting:
                self._more_menu.addMenu(chip.menu)
        self._more_button.setVisible(fitting < len(self._chips) and rest_px <= self.width() + _GAP_PX)


class _Chip(NamedTuple):
    """A setting's button, its menu, and the text that it shows."""

    button: QPushButton
    menu: QMenu
    text: str


def _within_line(value: str) -> str:
    """A value after its setting's name: "Work" is "work", but "YOLO" and "Auto Edit" are the agent's own names."""
    return value[:1].lower() + value[1:] if value[1:].islower() else value


def _caption(text: str) -> str:
    return f"{text} ▾".replace("&", "&&")


def _above(menu: QMenu) -> QPoint:
    """The offset that puts a menu above its opening point."""
    return QPoint(0, menu.sizeHint().height() + 4)


class ContextRing(PlainLabel):
    """The used share of the model's context as a ring, with its number once it is nearly full."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._share: float | None = None

    def show_share(self, share: float | None, text: str) -> None:
        """Show a share, and say it by a text; without a share, the text alone."""
        self._share = share
        self.setText(text)
        self.setAccessibleName(text)
        percent = 100 * (share or 0)
        kind = "secondary" if percent < NEARLY_FULL_PERCENT else "warning" if percent < FULL_PERCENT else "failed"
        set_look(self, "kind", kind)
        self.updateGeometry()
        self.update()

    @property
    def _shown_text(self) -> str:
        if self._share is None:
            return self.text()
        return chat_texts.PERCENT(percent=round(100 * self._share)) if 100 * self._share >= NEARLY_FULL_PERCENT else ""

    def sizeHint(self) -> QSize:
        if self._share is None:
            return super().sizeHint()
        text_px = self.fontMetrics().horizontalAdvance(self._shown_text) + _GAP_PX if self._shown_text else 0
        return QSize(RING_PX + text_px, max(super().sizeHint().height(), RING_PX))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._share is None:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        circle = QRectF(0, (self.height() - RING_PX) / 2, RING_PX, RING_PX)
        paint_ring(painter, circle, 100 * self._share, self._theme.tokens)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text_area = self.rect().adjusted(RING_PX + _GAP_PX, 0, 0, 0)
        painter.drawText(text_area, Qt.AlignmentFlag.AlignVCenter, self._shown_text)
        painter.end()


class UsageLabels(QWidget):
    """The fullest limit, once most of it is used, and the used context; the tooltip has all that the agent reports.

    Signals:
        resized(): the width of a text has changed.
    """

    resized = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._usage: UsageChanged | None = None
        self._is_limit_told = False
        self.limit = PlainLabel()
        self.context = ContextRing(theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_LABEL_GAP_PX)
        for label in (self.limit, self.context):
            label.setProperty("kind", "secondary")
            label.hide()
            row.addWidget(label)
        self._clock = repeating(self, _CHECK_MS)
        self._clock.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._clock.timeout.connect(self._show_all)

    def show_usage(self, usage: UsageChanged | None, *, is_limit_told: bool) -> None:
        """Show this report, without the limit if the page tells it: it stopped the last turn."""
        if (usage, is_limit_told) != (self._usage, self._is_limit_told):
            self._usage, self._is_limit_told = usage, is_limit_told
            self._show_all()

    def fit(self, room_px: int) -> int:
        """Show the texts that have room, the limit first; returns their width with gaps, in pixels."""
        taken_px = 0
        for label in (self.limit, self.context):
            needed_px = label.sizeHint().width() + _LABEL_GAP_PX
            fits = bool(label.text()) and taken_px + needed_px <= room_px
            label.setVisible(fits)
            taken_px += needed_px if fits else 0
        return taken_px

    def _show_all(self) -> None:
        current = limits_now(self._usage)
        context, tips = _context(self._usage)
        tips += chat_texts.all_limits_used(current.limits, current.now)
        set_look(self.limit, "kind", "warning" if current.level >= _WARNING else "secondary")
        texts = "" if self._is_limit_told else current.text, context
        if texts != (self.limit.text(), self.context.text()):
            self.limit.setText(texts[0])
            self.context.show_share(self._usage.share if self._usage is not None else None, texts[1])
            self.resized.emit()
        self.setAccessibleDescription("\n".join(tips))
        self._follow_clock()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_all()
            show_tooltip(event, self.accessibleDescription(), self)
            return True
        return super().event(event)

    def _follow_clock(self) -> None:
        """Look at the clock while somebody can see a limit."""
        if not (self.isVisible() and self.limit.text()):
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_all()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


def _context(usage: UsageChanged | None) -> tuple[str, list[str]]:
    """The text of the used context, and what the tooltip says about it, tokens and cost."""
    text = ""
    tips: list[str] = []
    if usage is None:
        return text, tips
    if usage.share is not None:
        text = chat_texts.CONTEXT_USED(percent=usage.percent)
        tips += [text, chat_texts.TOKENS_OF(used=usage.used, window=usage.window)]
    elif usage.total or usage.used:
        text = chat_texts.TOKENS_USED(n=usage.total or usage.used)
    if usage.total and tips:
        tips.append(chat_texts.TOKENS_OF_ALL_TURNS(n=usage.total))
    if usage.cost:
        tips.append(chat_texts.cost(usage.cost, usage.currency))
    return text, tips


class LimitsNow(NamedTuple):
    """The limits at present.

    Attributes:
        now: the present time.
        limits: those that were not reset since they were reported, the fullest first; of equal ones, the longest.
        level: how the first one is shown: 0 not at all, 1 its value, 2 as a warning, 3 as reached.
    """

    now: datetime
    limits: list[UsageLimit]
    level: int

    @property
    def text(self) -> str:
        """The first limit as a text for the user; "" at level 0."""
        return chat_texts.limit_used(self.limits[0], self.now) if self.level else ""


def present() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def limits_now(usage: UsageChanged | None) -> LimitsNow:
    """The limits at present. A reset deletes no values, since the clock can be wrong and be set back."""
    now = present()
    found = [] if usage is None else [limit for limit in usage.limits if not _is_over(limit, now)]
    found.sort(key=lambda limit: (-limit.used, -limit.window_min))
    used = used_percent(found[0].used) if found else 0
    return LimitsNow(now, found, sum(used >= each for each in _LEVELS_PERCENT))


def _is_over(limit: UsageLimit, now: datetime) -> bool:
    return is_over(now.timestamp() * 1000, limit.resets_ms, limit.at_ms, limit.window_min)
