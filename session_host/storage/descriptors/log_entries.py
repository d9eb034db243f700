"""Entries of the input log: their kinds and their binary header. Pure.

An entry is a header of 32 bytes and its payload::

    length of the payload u32 · kind u8 · 3 bytes of 0 · who, 16 bytes · number u64
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

HEADER = struct.Struct("<IB3x16sQ")
HEADER_BYTES = HEADER.size
NOBODY = bytes(16)


class EntryKind(IntEnum):
    """The kind of an entry. The first three, and FOCUS, are sent to the program; the others are not."""

    INPUT = 1
    """Of a viewer: ``who`` its attachment, ``number`` its sequence."""
    TYPED = 2
    """Of a command: ``who`` names the request, so that it is not carried out twice."""
    REPLY = 3
    """The emulator's, to queries in the output before offset ``number``; ``who`` counts the resizes before it."""
    RUNNING = 9
    """``number`` is the child's start time: it was exec'd."""
    ATTACHED = 10
    """``who`` attached; the payload is 1 for one that may only look."""
    DETACHED = 11
    RESIZED = 12
    """``number`` counts; the payload is a ``messages.Resized``."""
    NAME = 13
    COLORS = 14
    ACTIVITY = 15
    """The payload is a ``log_state.ActivityState``, which has the output's offset; ``number`` is 0."""
    CONVERSATION = 16
    """The payload is a ``log_state.ConversationState``."""
    FOCUS = 17
    """For the program, as a terminal tells it: it has the keyboard if ``number`` is 1."""
    ANSWERED = 18
    """The payload is a ``log_state.HookAnswer``."""


FOR_PROGRAM = (EntryKind.INPUT, EntryKind.TYPED, EntryKind.REPLY, EntryKind.FOCUS)
"""Hot path: a tuple ordered by frequency; comparing is faster than hashing an enum member."""


class LogEntry(NamedTuple):
    """One entry; ``start`` is its offset in the file."""

    start: int
    kind: int
    who: bytes
    number: int
    payload: bytes

    @property
    def end(self) -> int:
        """The offset of the next entry."""
        return self.start + HEADER_BYTES + len(self.payload)
