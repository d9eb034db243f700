"""A sheet with one field: a chat's name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.theme.follow import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.parts import button, label
from gui.window.sheet import Sheet


class NameSheet(Sheet):
    """Asks for a name; Enter takes it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, "Rename chat", 400)
        self._take: Callable[[str], object] = lambda _name: None
        self.field = QLineEdit()
        self.field.setAccessibleName("Name")
        self.field.setMaxLength(80)
        self.rename = button("Rename", "primary", self._submit)
        cancel = button("Cancel", "", self.put_away)
        foot = QHBoxLayout()
        foot.setSpacing(GAP_S_PX)
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.rename)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        layout.setSpacing(GAP_M_PX)
        layout.addWidget(label("Rename chat", "title"))
        layout.addWidget(self.field)
        layout.addLayout(foot)
        self.field.textChanged.connect(lambda text: self.rename.setEnabled(bool(text.strip())))

    def ask(self, name: str, take: Callable[[str], object]) -> None:
        """Open with this name; ``take`` gets the new one."""
        self._take = take
        self.field.setText(name)
        self.open()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        name = " ".join(self.field.text().split())
        if name:
            self.put_away()
            self._take(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._submit()
        else:
            super().keyPressEvent(event)
