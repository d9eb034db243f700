"""A row of a few choices, of which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from gui.theme.controls import set_look

from .parts import button


class Segments(QWidget):
    """The choices side by side; the arrow keys go from one to the next.

    Signals:
        chosen(str): the user chose another one, by its key.
    """

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]] = ()) -> None:
        """Make the row; ``name`` is for screen readers, a choice is a key and its text."""
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.set_choices(choices)

    @property
    def key(self) -> str:
        """The key of the chosen one; "" while there is none."""
        return next((key for key, each in self._buttons.items() if each.isChecked()), "")

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Show other choices; the chosen one stays chosen, if it is among them, else it is the first."""
        if [key for key, _text in choices] == list(self._buttons):
            return
        before, kept = self.key, self._buttons
        self._buttons = {}
        for number, (key, text) in enumerate(choices):
            made = self._buttons[key] = kept.pop(key) if key in kept else self._made(key, text)
            place = (
                "only" if len(choices) == 1 else "first" if not number else "last" if number == len(choices) - 1 else ""
            )
            set_look(made, "place", place)
            made.setText(text)
            self._row.insertWidget(number, made)
        for each in kept.values():
            self._row.removeWidget(each)
            each.hide()
            each.deleteLater()
        for one, following in pairwise(self._buttons.values()):  # A new one would be behind all of the window.
            self.setTabOrder(one, following)
        self.choose(before if before in self._buttons else next(iter(self._buttons), ""))

    def _made(self, key: str, text: str) -> QPushButton:
        made = button(text, "segment", lambda: self.chosen.emit(key))
        made.setCheckable(True)
        made.setAutoExclusive(True)
        return made

    def choose(self, key: str) -> None:
        """Choose one, without a signal."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)
            # Tab goes to the chosen one; Qt sees to that only once one has the focus.
            for each in self._buttons.values():
                each.setFocusPolicy(Qt.FocusPolicy.StrongFocus if each.isChecked() else Qt.FocusPolicy.ClickFocus)
