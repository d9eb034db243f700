"""Finds chats by dates in the text of the filter."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, Self

from gui.bridge.ended_list import EndedRecord
from session_host.client.sessions.periods import period
from session_host.system.clock import as_text, now

MAX_WORDS = 2
"""The number of words in the longest name of a time: "last week"."""


class DateFilter(NamedTuple):
    """The time that a filter names, and its other words.

    Attributes:
        first: the beginning of the time, as in records.
        end: its end.
        words: the other words.
    """

    first: str
    end: str
    words: list[str]

    @classmethod
    def of(cls, text: str, today: date) -> Self | None:
        """Look for a time in the text; None if it names none."""
        words = text.split()
        for count in range(MAX_WORDS, 0, -1):
            for at in range(len(words) - count + 1):
                if found := period(" ".join(words[at : at + count]), today):
                    others = [*words[:at], *words[at + count :]]
                    try:
                        return cls(_midnight(found.first), _midnight(found.end), others)
                    except (ValueError, OverflowError):
                        return None  # No chat ran then.
        return None

    def has(self, record: EndedRecord, text: str) -> bool:
        """Whether a chat ran at that time, and its text contains the other words."""
        return all(word in text for word in self.words) and self.is_within(record)

    def is_within(self, record: EndedRecord) -> bool:
        """Whether a chat ran at that time."""
        return "" < record.created_at < self.end and (record.ended_at or now()) >= self.first


def _midnight(day: date) -> str:
    return as_text(datetime(day.year, day.month, day.day).astimezone().timestamp())
