"""Entries of the input log: their kinds, their binary header, and those that wait for the program. Pure.

An entry is a header of 32 bytes and its payload::

    length of the payload u32 · kind u8 · 3 bytes of 0 · tag, 16 bytes · number u64
"""

from __future__ import annotations

import struct
from collections import deque
from enum import IntEnum
from typing import NamedTuple

HEADER = struct.Struct("<IB3x16sQ")
HEADER_BYTES = HEADER.size
NO_TAG = bytes(16)


class EntryKind(IntEnum):
    """The kind of an entry. The first three, and FOCUS, are sent to the program; the others are not."""

    INPUT = 1
    """A viewer's input: ``tag`` is its attachment, ``number`` its sequence."""
    TYPED = 2
    """A command's text: ``tag`` is the token of the request, so that it is typed once."""
    REPLY = 3
    """The emulator's reply to queries in the output before offset ``number``; ``tag`` counts the resizes before it."""
    RUNNING = 9
    """The child was exec'd; ``number`` is its start time."""
    ATTACHED = 10
    """A viewer attached; ``tag`` is its attachment, the payload is 1 if it is read-only."""
    DETACHED = 11
    RESIZED = 12
    """The payload is a ``messages.Resized``; ``number`` is its number."""
    NAME = 13
    COLORS = 14
    ACTIVITY = 15
    """The payload is a ``log_state.ActivityState``, which has the output's offset, and the events of the change; so a
    replacement host repeats both or neither. ``number`` is 0.
    """
    CONVERSATION = 16
    """The payload is a ``log_state.ConversationState``."""
    FOCUS = 17
    """A focus report for the program; ``number`` is 1 for focused."""
    ANSWERED = 18
    """The payload is a ``log_state.HookAnswer``."""
    COMMANDS = 19
    """The payload is a list of ``values.CommandTime``: those of a shell's commands that began or ended."""
    HELD = 20
    """A viewer's input that waits until the agent takes input: the payload is its message, ``tag`` and ``number`` are
    those of the INPUT that follows when it is typed (with no bytes if it is not).
    """
    STARTED = 21
    """The agent takes input: nothing is held any more."""
    UNSENT = 22
    """A command's text was typed and not sent: the payload is the row of the screen that ends with it."""
    EVENTS_SAVED = 23
    """The ledger has this session's events up to ``number``."""
    EVENTS = 24
    """The payload is a list of ``events.NumberedEvent``. ``number`` is the offset of the transcript log up to which its
    questions are among the events; 0 in a terminal.
    """
    REPORTED = 25
    """The turns up to ``number`` are reported to the agent that started the chat; see ``host.report_back``."""
    LATER = 26
    """The payload is a ``log_state.LaterState``: the prompt that is to be sent at a time, and the events of its change.
    """


FOR_PROGRAM = (EntryKind.INPUT, EntryKind.TYPED, EntryKind.REPLY, EntryKind.FOCUS)


class LogEntry(NamedTuple):
    """One entry; ``start`` is its offset in the file."""

    start: int
    kind: int
    tag: bytes
    number: int
    payload: bytes

    @property
    def end(self) -> int:
        """The offset of the next entry."""
        return self.start + HEADER_BYTES + len(self.payload)


LONG_BYTES = 256 * 1024
"""Cap on what one entry counts against the input limit, so that keys fit behind a long paste."""


class PendingEntry(NamedTuple):
    """An entry of the input log that the program has not read completely.

    Attributes:
        start, length: the position and size of the entry's payload in the input log's file, in bytes.
        tag, number: the attachment and its input's sequence, as in the entry; NO_TAG if no viewer waits.
    """

    start: int
    length: int
    tag: bytes
    number: int


class PendingInput:
    """Input that waits for the program.

    Attributes:
        entries: those that the program has not read completely, oldest first.
        bytes: how many of their bytes the program has not read.
    """

    def __init__(self) -> None:
        self.entries: deque[PendingEntry] = deque()
        self.bytes = 0
        self._delivered: list[tuple[bytes, int]] = []

    def append(self, entry: PendingEntry, left_bytes: int) -> None:
        """Add an entry; the program has not read its last ``left_bytes`` bytes."""
        self.entries.append(entry)
        self.bytes += left_bytes

    def pop_first(self) -> None:
        """Remove the oldest entry, which the program has read completely, and note it as delivered."""
        entry = self.entries.popleft()
        if entry.tag != NO_TAG:
            self._delivered.append((entry.tag, entry.number))

    def collect_delivered(self) -> list[tuple[bytes, int]]:
        """Return the attachments and sequences of the inputs delivered since the last call, oldest first."""
        delivered, self._delivered = self._delivered, []
        return delivered

    def has_room(self, length: int, bound: int) -> bool:
        """Whether ``length`` more bytes fit within ``bound`` for all; a long paste counts only in part."""
        if length > LONG_BYTES < bound:
            return self.bytes <= bound
        if self.bytes + length <= bound:
            return True
        return sum(min(entry.length, LONG_BYTES) for entry in self.entries) + length <= bound

    def clear(self) -> int:
        """Drop all entries; returns how many bytes the program had not read."""
        left = self.bytes
        self.entries.clear()
        self.bytes = 0
        return left
