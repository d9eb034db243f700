"""The transcript log: the output of a structured session, one record for each step. Pure.

A record is a header of 48 bytes and its payload, ``RecordBody`` as msgpack::

    length of the payload u32 · cause u8 · 3 bytes of 0 · time u64 · raw end u64 · tag, 16 bytes · number u64

``time`` is in milliseconds since 1970. ``raw end`` is the offset in the agent's output after the last line that the
steps up to this one have read. ``tag`` and ``number`` are the attachment and the sequence of a viewer's input, or a
command's token. A record is appended by one write; a host that is killed within leaves a torn one at the end, which the
next host cuts off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec

from session_host.errors import ProtocolViolation
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.messages import ChatInput

from .items import AnyChange, StateChanged

FORK = b"fork "
"""Begins the ``cause`` of a fork's HISTORY: the session with this id keeps its own lines."""

ASLEEP = b"sleep"

HEADER = struct.Struct("<IB3xQQ16sQ")
HEADER_BYTES = HEADER.size
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
NO_TAG = bytes(16)


class Cause(IntEnum):
    """The cause of a step."""

    BEGIN = 1
    """The program runs; the body's ``cause`` is what the resumed session had used (``UsageChanged``), or b""."""
    LINES = 2
    """The agent wrote lines."""
    INPUT = 3
    """A viewer's or command's input; the body's ``cause`` is its message."""
    TIMER = 4
    """A timer of the dialect expired; the body's ``cause`` is its name."""
    END = 5
    """The program ended; the body's ``cause`` is ``ASLEEP`` if the chat was put to sleep, else b""."""
    HISTORY = 6
    """The items that the transcript begins with. The body's ``cause`` is the id of the session that also has them:
    the one that this session resumes or, after ``FORK``, forks; b"" for a conversation that only the agent has."""
    IDLE = 8
    """There was no turn for the idle timeout: the agent is ended."""
    RESULT = 9
    """An operation of the host has a result; the body's ``cause`` is it."""
    NOTICE = 7
    """A line of Outlive's about the chat; it changes no other state."""
    AMOUNT = 11
    """The user has set amounts of money at which to ask, or none any more: then the body's ``cause`` is b""."""
    BACKGROUND = 10
    """The host saw what runs on between turns; the body's ``cause`` names it, b"" for nothing."""


class RecordBody(msgspec.Struct, frozen=True, array_like=True):
    """The payload of a record."""

    cause: bytes
    changes: list[AnyChange]


class InputCause(msgspec.Struct, frozen=True, array_like=True):
    """The cause of a step that a viewer or a command asked for."""

    chat_input: ChatInput
    by: str
    token: str


class Record(NamedTuple):
    """One record; ``start`` and ``end`` are its offsets in the log."""

    start: int
    end: int
    cause: int
    at_ms: int
    raw_end: int
    tag: bytes
    number: int
    body: RecordBody


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(RecordBody)


def encode_record(
    cause: Cause,
    changes: list[AnyChange],
    *,
    at_ms: int,
    raw_end: int,
    payload: bytes = b"",
    tag: bytes = NO_TAG,
    number: int = 0,
) -> bytes:
    """Encode one record."""
    body = _encoder.encode(RecordBody(payload, changes))
    return HEADER.pack(len(body), cause, at_ms, raw_end, tag, number) + body


def is_news(cause: int, changes: Sequence[AnyChange]) -> bool:
    """Whether a record tells of the agent or of an input, and not only for how long something has lasted."""
    return cause != Cause.TIMER or not all(isinstance(change, StateChanged) for change in changes)


def begins_log(data: bytes) -> bool:
    """Whether this is the beginning of a transcript log, and not of a terminal's output."""
    if len(data) < HEADER_BYTES or any(data[5:8]):
        return False
    _, cause, _, raw_end, tag, _ = HEADER.unpack_from(data)
    return cause in iter(Cause) and raw_end == 0 and tag == NO_TAG


class RecordReader:
    """Splits the log into records, however its bytes are split.

    Attributes:
        offset: the log's offset after the last whole record.
        rest: the bytes of an incomplete record.
    """

    def __init__(self, offset: int = 0, rest: bytes = b"") -> None:
        self.offset = offset
        self.rest = bytearray(rest)

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that are complete with this data.

        Raises:
            ProtocolViolation: the bytes are no transcript log.
        """
        rest = self.rest
        rest += data
        done = 0
        try:
            while len(rest) - done >= HEADER_BYTES:
                length, cause, at_ms, raw_end, tag, number = HEADER.unpack_from(rest, done)
                if length > MAX_PAYLOAD_BYTES:
                    raise ProtocolViolation(f"a record of {length} bytes in the transcript")
                end = done + HEADER_BYTES + length
                if end > len(rest):
                    break
                try:
                    body = _decoder.decode(memoryview(rest)[done + HEADER_BYTES : end])
                except UNREADABLE as error:
                    raise ProtocolViolation(f"a damaged record in the transcript: {error}") from error
                start, self.offset = self.offset, self.offset + end - done
                done = end
                yield Record(start, self.offset, cause, at_ms, raw_end, tag, number, body)
        finally:
            if done:
                del rest[:done]
