"""The ended chats, which may be thousands: their records, and chats only of those that are shown or opened.

A ``Chat`` for each of them would take 60 MB. Pages of an SQL query would take none, but each list would read the disk
in the window's thread.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from session_host.protocol.facts import ChatFacts
from session_host.standing.endings import is_unlisted
from session_host.standing.groups import OVER, Group, group_of_ended
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from .chat import Chat


EndedRecord = ChatFacts
"""The record of an ended chat, of which no ``Chat`` need have been made."""

_Key = tuple[str, str, str]

_TIME_LENGTH = len("2026-01-02T03:04:05.678Z")


class EndedChats(Sequence["Chat"]):
    """Ended chats, the one that ended last in front; reading one of them makes its ``Chat``.

    Attributes:
        records: their records, in this order.
    """

    def __init__(self, records: Sequence[EndedRecord], chat_of: Callable[[EndedRecord], Chat]) -> None:
        self.records = records
        self._chat_of = chat_of

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, at: int) -> Chat: ...

    @overload
    def __getitem__(self, at: slice) -> EndedChats: ...

    def __getitem__(self, at: int | slice) -> Chat | EndedChats:
        if isinstance(at, slice):
            return EndedChats(self.records[at], self._chat_of)
        return self._chat_of(self.records[at])

    def __iter__(self) -> Iterator[Chat]:
        return map(self._chat_of, self.records)

    def __contains__(self, chat: object) -> bool:
        session_id = getattr(chat, "id", None)
        return any(record.id == session_id for record in self.records)

    def only(self, wanted: Callable[[EndedRecord], bool]) -> EndedChats:
        """Those with a wanted record."""
        return EndedChats([record for record in self.records if wanted(record)], self._chat_of)


class EndedList:
    """The records of all ended chats, in order."""

    def __init__(self, chat_of: Callable[[EndedRecord], Chat]) -> None:
        """``chat_of`` returns the chat of a record."""
        self._chat_of = chat_of
        self._records: dict[str, EndedRecord] = {}
        self._keys: dict[str, _Key] = {}
        self._order: list[_Key] = []
        """The keys of all records, the oldest end first."""
        self._groups: dict[bool, dict[Group, EndedChats]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def get(self, session_id: str) -> EndedRecord | None:
        """The record of an ended chat."""
        return self._records.get(session_id)

    def put(self, record: EndedRecord) -> None:
        """Add the record of an ended chat, or note that it has changed."""
        key = _key(record)
        if self._keys.get(record.id) != key:
            self.discard(record.id)
            self._keys[record.id] = key
            insort(self._order, key)
        self._records[record.id] = record
        self._groups = {}

    def put_all(self, records: Iterable[EndedRecord]) -> None:
        """Add many records of ended chats that are not there yet."""
        added = {record.id: record for record in records}
        self._keys |= {record.id: _key(record) for record in added.values()}
        self._order = sorted(self._keys.values())
        self._records |= added
        self._groups = {}

    def discard(self, session_id: str) -> None:
        """Remove a record, if it is there."""
        if (key := self._keys.pop(session_id, None)) is not None:
            del self._order[bisect_left(self._order, key)], self._records[session_id]
            self._groups = {}

    def note_change(self) -> None:
        """Note that other chats are hidden, or open, now."""
        self._groups = {}

    def groups(self, hidden: Collection[str], open_ids: Collection[str], *, with_left: bool) -> dict[Group, EndedChats]:
        """The groups of ``OVER``, and those asleep under ``IDLE``, without continued and hidden chats.

        They are the same ones until something changes.

        A shell that the user left (``is_unlisted``) is among them if it is open, or ``with_left`` is true.
        """
        if with_left not in self._groups:
            found: dict[Group, list[EndedRecord]] = {group: [] for group in (Group.IDLE, *OVER)}
            for *_, session_id in reversed(self._order):
                record = self._records[session_id]
                if record.entry.continued_by is not None or session_id in hidden:
                    continue
                if record.is_asleep:
                    found[Group.IDLE].append(record)
                elif with_left or session_id in open_ids or not is_unlisted(record):
                    found[group_of_ended(record.outcome)].append(record)
            self._groups[with_left] = {group: EndedChats(each, self._chat_of) for group, each in found.items()}
        return self._groups[with_left]


def _key(record: EndedRecord) -> _Key:
    """The sort key; a chat without a valid time of its end counts as the oldest."""
    ended = record.outcome.ended_at or record.origin.created_at
    is_time = (len(ended) == _TIME_LENGTH and ended[-1] == "Z") or parse_time(ended) is not None
    return ended if is_time else "", record.origin.created_at, record.id
