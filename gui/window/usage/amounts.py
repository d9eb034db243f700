"""The amounts at which the window asks before a turn, as lists to choose from."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from gui.settings.live import LiveSettings
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, font
from gui.window.widgets.parts import ChoiceBox, label, show_text
from gui.wording import usage_texts
from session_host.client.chats.settings import load_chat_settings
from session_host.errors import ConfigError

_OFFERED = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_SETTINGS = {"ask_at_chat": usage_texts.WHEN_CHAT, "ask_at_day": usage_texts.WHEN_DAY}
_BOX_PX = 116


class Amounts(QWidget):
    """The amount for a chat and for a day; off at first. A value that is not offered is in the list, too."""

    def __init__(self, theme: Theme, settings: LiveSettings) -> None:
        super().__init__()
        self._settings = settings
        self.boxes: dict[str, ChoiceBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 36, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(GAP_M_PX)
        grid.setColumnStretch(0, 1)
        head = label(usage_texts.ASK_BEFORE(), "heading")
        head.setFont(font(11, bold=True, capitals=True))
        grid.addWidget(head, 0, 0, 1, 2)
        for row, (name, text) in enumerate(_SETTINGS.items(), 1):
            box = self.boxes[name] = ChoiceBox(theme)
            box.setFixedWidth(_BOX_PX)
            box.setAccessibleName(usage_texts.ASK_WHEN(when=text()))
            box.activated.connect(lambda _index, name=name: self._choose(name))
            grid.addWidget(label(text()), row, 0)
            grid.addWidget(box, row, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(label(usage_texts.COUNTS(), "secondary", wraps=True), 3, 0, 1, 2)
        self._problem = label("", "problem", wraps=True)
        grid.addWidget(self._problem, 4, 0, 1, 2)
        settings.files_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        """Show the values of the file."""
        try:
            chosen = load_chat_settings(self._settings.directory)
        except ConfigError as error:
            show_text(self._problem, str(error))
            return
        show_text(self._problem, "")
        for name, box in self.boxes.items():
            amount: float = getattr(chosen, name)
            offered = sorted({*_OFFERED, amount} - {0.0})
            box.clear()
            box.addItem(usage_texts.NO_AMOUNT(), 0.0)
            for each in offered:
                box.addItem(f"{each:,.2f}", each)
            box.setCurrentIndex(box.findData(amount))

    def _choose(self, name: str) -> None:
        """Write what the user has chosen; "no amount" removes the value."""
        amount: float = self.boxes[name].currentData()
        try:
            self._settings.write({name: amount or None}, "chats")
        except ConfigError as error:
            show_text(self._problem, str(error))
