"""Finds chats by dates in the text of the filter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple, Self

from gui.bridge.ended_list import EndedRecord
from session_host.client.sessions.periods import Period, period
from session_host.system.clock import parse_time

MAX_WORDS = 2
"""The number of words in the longest name of a time: "last week"."""


class DateFilter(NamedTuple):
    """The time that a filter names, and its other words."""

    period: Period
    words: list[str]

    @classmethod
    def of(cls, text: str, today: date) -> Self | None:
        """Look for a time in the text; None if it names none."""
        words = text.split()
        for count in range(MAX_WORDS, 0, -1):
            for at in range(len(words) - count + 1):
                if found := period(" ".join(words[at : at + count]), today):
                    return cls(found, [*words[:at], *words[at + count :]])
        return None

    def has(self, record: EndedRecord, text: str) -> bool:
        """Whether a chat ran at that time, and its text contains the other words."""
        began = parse_time(record.created_at)
        ended = parse_time(record.ended_at or "") or datetime.now(UTC)
        if began is None or not all(word in text for word in self.words):
            return False
        return began.astimezone().date() < self.period.end and ended.astimezone().date() >= self.period.first
