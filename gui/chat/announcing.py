"""Announces finished messages, questions, and limits that are nearly reached, to screen readers."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from gui.chat import limits
from gui.wording import chat_texts
from session_host.structured.items import Item, UsageChanged
from session_host.structured.transcript import Transcript

_LAST_ITEMS = 20
_MAX_CHARACTERS = 2_000


class Announcer:
    """Announces each message of the agent once it is complete, each request, and each level that a limit reaches."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._announced: set[str] = set()
        self._limit_level = 0

    def skip_existing(self, transcript: Transcript) -> None:
        """Mark all existing messages and requests, and the limits as they are, as announced."""
        self._announced = {item.id for item in self._last(transcript) if _is_complete(item)}
        self._announced |= set(transcript.requests)
        self._limit_level = limits.level(limits.current(transcript.status.usage, limits.now()))

    def announce_changes(self, transcript: Transcript) -> None:
        """Announce new complete messages, new requests, and a limit that is nearly reached."""
        if not QAccessible.isActive():
            return
        for item in self._last(transcript):
            if item.kind == "agent" and _is_complete(item) and item.id not in self._announced:
                self._announced.add(item.id)
                self.announce(chat_texts.SPOKEN(kind=chat_texts.MESSAGE_OF_AGENT(), text=item.text[:_MAX_CHARACTERS]))
        for request in transcript.open_requests:
            if request.id not in self._announced:
                self._announced.add(request.id)
                self.announce(chat_texts.SPOKEN(kind=chat_texts.ASKS(), text=request.title))
        self._announce_limit(transcript.status.usage)

    def _announce_limit(self, usage: UsageChanged | None) -> None:
        now = limits.now()
        current = limits.current(usage, now)
        level, previous = limits.level(current), self._limit_level
        self._limit_level = level
        if level > previous:
            self.announce(chat_texts.limit_used(current[0], now))

    def announce(self, text: str) -> None:
        """Let the screen reader read a text."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._widget, text))

    @staticmethod
    def _last(transcript: Transcript) -> list[Item]:
        return [transcript[position] for position in range(max(len(transcript) - _LAST_ITEMS, 0), len(transcript))]


def _is_complete(item: Item) -> bool:
    return item.status != "running"
