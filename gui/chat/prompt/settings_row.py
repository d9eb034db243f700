"""The settings of the agent's session as small menus, and what the chat has used."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from gui.theme.menu import Menu
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Setting

from .usage import UsageLabels

_MIN_CHIP_PX = 72
"""The minimum width of a button that shows a value; narrower ones move into the menu "More settings"."""
_GAP_PX = 4
_ORDER = {"model": 0, "effort": 1, "mode": 2, "": 3}


class _Chip(NamedTuple):
    """A setting's button, its menu, and the text that it shows."""

    button: QPushButton
    menu: QMenu
    text: str


class SettingsRow(QWidget):
    """Menus for model, mode and effort; those that do not fit are in the menu of the last button."""

    def __init__(self, change: Callable[[str, str], object]) -> None:
        """Make the row; ``change`` gives a setting, by its id, the value that the user chose."""
        super().__init__()
        self._change = change
        self._settings: tuple[Setting, ...] = ()
        self._chips: list[_Chip] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP_PX)
        self.usage = UsageLabels()
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
            action.triggered.connect(lambda _checked, value=choice.id: self._change(setting.id, value))
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


def _within_line(value: str) -> str:
    """A value after its setting's name: "Work" is "work", but "YOLO" and "Auto Edit" are the agent's own names."""
    return value[:1].lower() + value[1:] if value[1:].islower() else value


def _caption(text: str) -> str:
    return f"{text} ▾".replace("&", "&&")


def _above(menu: QMenu) -> QPoint:
    """The offset that puts a menu above its opening point."""
    return QPoint(0, menu.sizeHint().height() + 4)
