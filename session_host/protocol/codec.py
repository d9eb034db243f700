"""Frames: a four-byte big-endian length, then one msgpack message.

Key path, 6 of 16. Output path, 6 of 15. Answer path, 5 of 15.

Pure: bytes in, messages out, and the reverse. A connection begins with a greeting: Hello, then Welcome or Error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from session_host.errors import ProtocolViolation

from .untrusted_text import plain
from .values import ErrorCode

MAX_FRAME_BYTES = 2 * 1024 * 1024
"""A longer frame is refused before it is read."""


LENGTH_BYTES = 4
_REASON_CHARACTERS = 120
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)
"""The errors of msgspec for bytes that are no value of the type."""

_encode = msgspec.msgpack.Encoder().encode


def encode(message: msgspec.Struct) -> bytes:
    """Encode one message as a frame.

    Raises:
        ProtocolViolation: the message is over MAX_FRAME_BYTES; its sender must split it.
    """
    payload = _encode(message)
    length = len(payload)
    if length > MAX_FRAME_BYTES:
        raise ProtocolViolation(f"a message of {length} bytes is over the limit", ErrorCode.TOO_LARGE)
    return length.to_bytes(LENGTH_BYTES, "big") + payload


class Decoder:
    """Decodes a stream into messages of one direction; any split of the bytes gives the same messages.

    After a ProtocolViolation the stream is unreadable: drop the peer.
    """

    def __init__(self, messages: Any) -> None:
        self._message: Callable[[bytes | memoryview], Any] = msgspec.msgpack.Decoder(messages).decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield each message that ``data`` completes.

        Raises:
            ProtocolViolation: a length is over the limit, or the bytes are not a message of this direction.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= LENGTH_BYTES:
                length = int.from_bytes(buffer[start : start + LENGTH_BYTES], "big")
                if length > MAX_FRAME_BYTES:
                    raise ProtocolViolation(f"a frame of {length} bytes is over the limit", ErrorCode.TOO_LARGE)
                end = start + LENGTH_BYTES + length
                if len(buffer) < end:
                    break
                with memoryview(buffer) as view, view[start + LENGTH_BYTES : end] as payload:
                    message = self._decode(payload)
                start = end
                yield message
        finally:
            del buffer[:start]

    def _decode(self, payload: bytes | memoryview) -> Any:
        try:
            return self._message(payload)
        except UNREADABLE as error:
            raise _violation(error) from None


def _violation(error: Exception) -> ProtocolViolation:
    return ProtocolViolation(f"not a message: {_reason(error)}")


def _reason(error: Exception) -> str:
    """The kind and location of an error, without the peer's values: logs must not contain a user's words."""
    match error:
        case msgspec.ValidationError():
            # "Expected `int`, got `str` - at `$[1]`"; messages about invalid values or field names contain the value.
            what, _, location = str(error).partition(" - at ")
            reason = what if what.startswith("Expected") else "invalid value"
            return plain(f"{reason} at {location}" if location else reason, _REASON_CHARACTERS)
        case UnicodeError():
            return "a text that is not UTF-8"
        case RecursionError():
            return "nested too deep"
        case _:
            return "malformed"
