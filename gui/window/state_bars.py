"""What stands around a terminal when its chat is not simply live: starting, reconnecting, over."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.sessions import words
from gui.sessions.chat import Chat
from gui.theme.follow import Theme
from gui.theme.icons import Glyph
from gui.theme.marks import Mark
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.parts import Area, ElidedLabel, GlyphLabel, Hairline, MarkLabel, button, label, sentence
from session_host.protocol.values import State
from session_host.protocol.words import place_last

NARROW_PX = 480
"""A bar narrower than this has its buttons below its words."""


class EndBar(Area):
    """Under the last screen of a chat that is over: how and when it ended, and what can be done.

    Signals:
        again_wanted: a chat like this one is to be started.
        export_wanted: all that is recorded of the chat is to be written to a file.
        close_wanted: the tab is to be closed.
    """

    again_wanted = Signal()
    export_wanted = Signal()
    close_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__("sidebar")
        self._mark = MarkLabel(theme, Mark.ENDED)
        self.title = ElidedLabel("", "title")
        self.detail = ElidedLabel("", "secondary")
        self.again = button("New like this", "primary", self.again_wanted.emit)
        self.export = button("Export…", "", self.export_wanted.emit)
        self.close_button = button("Close", "", self.close_wanted.emit)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.title)
        texts.addWidget(self.detail)
        said = QHBoxLayout()
        said.setSpacing(GAP_M_PX)
        said.addWidget(self._mark)
        said.addLayout(texts, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_S_PX)
        buttons.addStretch(1)
        buttons.addWidget(self.again)
        buttons.addWidget(self.export)
        buttons.addWidget(self.close_button)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_M_PX, GAP_S_PX)
        row.setSpacing(GAP_S_PX)
        row.addLayout(said, 1)
        row.addLayout(buttons)
        self._row = row
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Hairline(theme))
        layout.addLayout(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        self._row.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)

    def describe(self, chat: Chat) -> None:
        """Say how this chat ended; or, if its host refuses this window, why."""
        record = chat.record
        now = datetime.now(UTC)
        command = shlex.join(record.argv)
        self._mark.set_mark(chat.mark)
        if chat.is_interrupted:
            self.title.set_whole("Interrupted by a restart of the computer")
            when = words.clock(words.parse_time(record.ended_at), now)
            seen = f"Last seen running {when} · " if when else ""
            self.detail.set_whole(f"{seen}{command} in {words.short_directory(record.cwd)}")
        elif record.state is State.LOST:
            self.title.set_whole(f"Lost {words.clock(words.parse_time(record.ended_at), now)}".rstrip())
            known = record.error or chat.connection_message or "nothing answers for this chat any more"
            self.detail.set_whole(f"{sentence(known)} Start it again with “New like this”.")
        elif record.state is State.EXITED:
            when = words.clock(words.parse_time(record.ended_at), now)
            self.title.set_whole(f"{chat.how_it_ended} · {when}" if when else chat.how_it_ended)
            self.detail.set_whole(f"{command} in {words.short_directory(record.cwd)}")
        else:
            self.title.set_whole("This window cannot show the chat; it keeps running")
            self.detail.set_whole(sentence(chat.connection_message))


class ReconnectingBar(QWidget):
    """A thin line and a few words over a screen that looks live and is not for the moment."""

    HEIGHT_PX = 24

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mark = MarkLabel(theme, Mark.RECONNECTING)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        row.setSpacing(GAP_S_PX)
        row.addWidget(self._mark)
        row.addWidget(label("Reconnecting. What you type is kept.", "secondary"), 1)
        self.setFixedHeight(self.HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Reconnecting")
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.color("sidebar"))
        painter.fillRect(QRectF(0, 0, self.width(), 2), tokens.color("accent"))
        painter.end()


class TroubleLine(Area):
    """A quiet line below the terminal: what is not as it should be with a chat that runs. Hidden while all is well."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("sidebar")
        self.text = ElidedLabel("", "secondary")
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 4, GAP_M_PX, 4)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.WARNING, "needs_you"))
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Hairline(theme))
        layout.addLayout(row)
        self.hide()

    def say(self, text: str) -> None:
        """Show what is wrong; "" when it is right again."""
        if text:
            self.text.set_whole(sentence(place_last(text)))
            self.setAccessibleName(self.text.accessibleName())
        self.setVisible(bool(text))


class Notice(Area):
    """Words in the middle of a page, over a terminal that has nothing to show yet."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("page", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.title = label("", "title")
        self.detail = label("", "secondary")
        self.detail.setWordWrap(True)
        for one in (self.title, self.detail):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            one.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        layout.setSpacing(4)
        layout.addStretch(2)
        layout.addWidget(self.title)
        layout.addWidget(self.detail)
        layout.addStretch(3)

    def say(self, title: str, detail: str) -> None:
        """Show these words."""
        self.title.setText(title)
        self.detail.setText(detail)
        self.setAccessibleName(f"{title} {detail}".strip())
