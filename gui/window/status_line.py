"""One quiet line on the chat that is shown."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout

from gui.sessions import words
from gui.sessions.chat import Chat
from gui.theme.follow import Theme
from gui.theme.tokens import GAP_M_PX, STATUS_HEIGHT_PX
from gui.window.parts import Area, ElidedLabel, Hairline, label
from session_host.protocol.values import GridSize


class StatusLine(Area):
    """Agent and place on the left, how it is known what the agent does, the terminal's size and engine on the right."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("sidebar")
        self.left = ElidedLabel("", "secondary")
        self.known = ElidedLabel("", "secondary")
        self.known.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        """What the agent does, and who says so."""
        self.right = label("", "secondary")
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        row.setSpacing(GAP_M_PX)
        row.addWidget(self.left, 1)
        row.addWidget(self.known)
        row.addWidget(self.right)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Hairline(theme))
        layout.addLayout(row, 1)
        self.setFixedHeight(STATUS_HEIGHT_PX)

    def describe(self, chat: Chat | None, grid: GridSize) -> None:
        """Tell of this chat, shown on a grid of this size."""
        if chat is None:
            self.left.set_whole("")
            self.known.set_whole("")
            self.right.setText("")
            return
        record = chat.record
        where = [record.agent, words.short_directory(record.cwd)]
        if chat.checkout is not None and not chat.is_over:
            where.append(chat.checkout.words)
        self.left.set_whole(" · ".join(filter(None, [*where, record.title])))
        self.known.set_whole(chat.how_known)
        size = f"{grid.columns}×{grid.rows}" if grid.columns and not chat.is_over else ""
        self.right.setText(" · ".join(part for part in (size, record.engine) if part))
