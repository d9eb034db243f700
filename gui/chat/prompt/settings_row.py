"""The settings of the agent's session as small menus, and the tokens that the chat has used."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QWidget

from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import Setting, UsageChanged

_LEAST_PX = 120
_ORDER = {"model": 0, "effort": 1, "mode": 2, "": 3}


class SettingsRow(QWidget):
    """Menus for model, mode and effort.

    Signals:
        changed(str, str): the user chose another value: the setting's id, and the value.
    """

    changed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._settings: tuple[Setting, ...] = ()
        self._buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._usage = QLabel()
        self._usage.setProperty("kind", "secondary")
        self._row.addStretch(1)
        self._row.addWidget(self._usage)

    def show_settings(self, settings: tuple[Setting, ...]) -> None:
        """Show these settings."""
        if settings == self._settings:
            return
        self._settings = settings
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        shown = sorted((each for each in settings if each.choices), key=lambda each: _ORDER[each.category])
        self._buttons = [self._button(setting) for setting in shown]
        for number, button in enumerate(self._buttons):
            self._row.insertWidget(number, button)
        self._fit()

    def _button(self, setting: Setting) -> QPushButton:
        chosen = next((each.name for each in setting.choices if each.id == setting.value), setting.value)
        chosen = chosen or setting.name
        made = QPushButton(_caption(one_line(chosen)))
        made.setProperty("value", one_line(chosen))
        made.setProperty("kind", "quiet")
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        name = chat_texts.setting(one_line(setting.name), one_line(chosen))
        made.setToolTip(name)
        made.setAccessibleName(name)
        menu = QMenu(made)
        group = QActionGroup(menu)
        for choice in setting.choices:
            action = menu.addAction(one_line(choice.name or choice.id).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(choice.id == setting.value)
            action.setToolTip(one_line(choice.description))
            group.addAction(action)
            action.triggered.connect(lambda _checked, value=choice.id: self.changed.emit(setting.id, value))
        menu.setToolTipsVisible(True)
        made.clicked.connect(lambda _checked: menu.popup(made.mapToGlobal(made.rect().topLeft()) - _above(menu)))
        return made

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Elide the values where there is no room for them; their tool tips are whole."""
        for button in self._buttons:
            button.setText(_caption(button.property("value")))
        room = self.width() - self._usage.sizeHint().width() - 8
        wanted = sum(button.sizeHint().width() + 4 for button in self._buttons)
        if wanted > room and self._buttons:
            each_px = max(room // len(self._buttons) - 26, 24)
            for button in self._buttons:
                value = str(button.property("value"))
                shown = button.fontMetrics().elidedText(value, Qt.TextElideMode.ElideRight, each_px)
                button.setText(_caption(shown))

    def show_usage(self, usage: UsageChanged | None) -> None:
        """Show how much of the model's context is used."""
        text = tip = ""
        if usage is not None and usage.used and usage.window:
            text = chat_texts.context_used(min(round(100 * usage.used / usage.window), 100))
            tip = chat_texts.tokens_of(usage.used, usage.window)
        elif usage is not None and (usage.total or usage.used):
            text = chat_texts.tokens_used(usage.total or usage.used)
        if text != self._usage.text():
            self._usage.setText(text)
            self._fit()
        self._usage.setToolTip(tip)


def _caption(value: str) -> str:
    return f"{value} ▾".replace("&", "&&")


def _above(menu: QMenu) -> QPoint:
    """The distance by which a menu is moved to end above the place that it is opened at."""
    return QPoint(0, menu.sizeHint().height() + 4)
