"""How much each working chat wrote in the last minute, as bars of a few seconds each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from gui.theme.painting import bar_height
from gui.timers import repeating
from session_host.protocol.values import Activity

from .chat import Chat

BARS, BAR_MS = 15, 4000
HIGHEST = 8
"""The height of the highest bar."""
LIVE_BARS = 4
"""How many of the last ones the mark of what works shows."""


class Sparklines(QObject):
    """The bars of the chats that are seen and work; nothing runs while there are none.

    Signals:
        changed: there are new bars.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._seen: dict[int, list[Chat]] = {}
        """The chats that each list and tab bar shows, by its ``id``."""
        self._chats: dict[str, Chat] = {}
        self._offsets: dict[str, int] = {}
        self._bars: dict[str, deque[int]] = {}
        self._timer = repeating(self, BAR_MS)
        self._timer.timeout.connect(self._add_bars)

    def of(self, session_id: str) -> tuple[int, ...]:
        """The bars of a chat, oldest first, of 0 to ``HIGHEST``; none if it does not work."""
        return tuple(self._bars.get(session_id, ()))

    def watch(self, viewer: object, chats: Iterable[Chat]) -> None:
        """Set the chats that a list or a row of tabs shows: those of them that work have bars."""
        if working := [each for each in chats if each.record.status.activity is Activity.WORKING]:
            self._seen[id(viewer)] = working
        else:
            self._seen.pop(id(viewer), None)
        self._chats = {each.id: each for seen in self._seen.values() for each in seen}
        self._offsets = {key: self._offsets.get(key, each.output_offset) for key, each in self._chats.items()}
        self._bars = {key: self._bars.get(key) or deque([0] * BARS, BARS) for key in self._chats}
        if not self._chats:
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def _add_bars(self) -> None:
        before = {key: tuple(bars) for key, bars in self._bars.items()}
        for key, chat in self._chats.items():
            # Until its first event, the window does not know how much a chat has written.
            known, self._offsets[key] = self._offsets[key], chat.output_offset
            self._bars[key].append(bar_height(chat.output_offset - known if known else 0, HIGHEST))
        if before != {key: tuple(bars) for key, bars in self._bars.items()}:
            self.changed.emit()
