"""Tells screen readers of finished messages and of questions."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from gui.wording import chat_texts
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript

_LAST_ITEMS = 20
_MOST_CHARACTERS = 2_000


class Announcer:
    """Announces each message of the agent once it is complete, and each request."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._known: set[str] = set()

    def start(self, transcript: Transcript) -> None:
        """Announce nothing that is there already."""
        self._known = {item.id for item in self._last(transcript) if _is_complete(item)}
        self._known |= set(transcript.requests)

    def look(self, transcript: Transcript) -> None:
        """Announce what is complete now."""
        if not QAccessible.isActive():
            return
        for item in self._last(transcript):
            if item.kind == "agent" and _is_complete(item) and item.id not in self._known:
                self._known.add(item.id)
                self.announce(chat_texts.spoken(chat_texts.message_of_agent(), item.text[:_MOST_CHARACTERS]))
        for request in transcript.open_requests:
            if request.id not in self._known:
                self._known.add(request.id)
                self.announce(chat_texts.spoken(chat_texts.asks(), request.title))

    def announce(self, text: str) -> None:
        """Have a text read aloud."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._widget, text))

    @staticmethod
    def _last(transcript: Transcript) -> list[Item]:
        return [transcript[position] for position in range(max(len(transcript) - _LAST_ITEMS, 0), len(transcript))]


def _is_complete(item: Item) -> bool:
    return item.status != "running"
