"""The sidebar's filter: words of a chat's texts, and words that name the time at which it ran."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple, Self

from msgspec.structs import replace

from gui.bridge.chat import Chat, machine_of
from gui.bridge.chat_words import status_text
from gui.bridge.ended_list import EndedRecord
from gui.bridge.sessions import Sessions
from session_host.client.sessions.selection import period
from session_host.protocol.facts import Outcome
from session_host.standing.endings import end_of
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
        return "" < record.origin.created_at < self.end and (record.outcome.ended_at or now()) >= self.first


def _midnight(day: date) -> str:
    return as_text(datetime(day.year, day.month, day.day).astimezone().timestamp())


class ChatFilter:
    """What the user types to find chats: each word must be in a chat's searched text, or the words name a time.

    Attributes:
        text: the words, case-folded; "" lets every chat pass.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text.casefold().strip()
        self._words = self.text.split()
        self._dates = DateFilter.of(self.text, datetime.now().astimezone().date())

    def passes(self, record: EndedRecord, text: str) -> bool:
        """Whether a chat with this searched text passes."""
        if all(word in text for word in self._words):
            return True
        return self._dates is not None and self._dates.has(record, text)


def searched_text(chat: Chat) -> str:
    """The text that the filter searches, case-folded: the chat's name, location, agent and status text."""
    record, agent = chat.record, f"{chat.record.origin.agent} {chat.agent_and_account}"
    place = f"{record.origin.cwd} {record.program.title} {chat.workplace.location}"
    return f"{chat.name} {record.entry.name} {chat.machine.name} {agent} {place} {status_text(chat)}".casefold()


def searched_text_of_ended(sessions: Sessions) -> Callable[[EndedRecord], str]:
    """A function that returns the searched text of an ended chat; there may be thousands, so it makes no chat."""
    titles: dict[tuple[str, str], str] = {}
    ends: dict[Outcome, str] = {}

    def text(record: EndedRecord) -> str:
        key = replace(record.outcome, ended_at=None)
        if (end := ends.get(key)) is None:
            end = ends[key] = end_of(record.outcome).phrase
        machine, place = machine_of(record.id), record.origin.cwd
        if (worktree := record.origin.worktree) is not None:
            place = f"{place} {worktree.repository} {worktree.branch}"
        if (title := titles.get((machine, record.origin.agent))) is None:
            agent = sessions.machines.agent_named(record.origin.agent, machine)
            title = titles[machine, record.origin.agent] = agent.title if agent is not None else ""
        name = f"{record.entry.shown_name} {record.entry.name} {machine}"
        return f"{name} {record.origin.agent} {title} {place} {record.program.title} {end}".casefold()

    return text
