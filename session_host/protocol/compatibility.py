"""Adapts messages for peers of older protocols. Pure.

Versions only add fields at a message's end and kinds of messages, so newer ones are left out.
"""

from __future__ import annotations

import msgspec

from .codec import LENGTH_BYTES, encode
from .messages import (
    PROTOCOL_VERSION,
    AcceptRefusal,
    ActivityEvent,
    Attach,
    ClearTerminal,
    ClipboardEvent,
    Colors,
    CommandEvent,
    Continue,
    Description,
    Done,
    EchoesStopped,
    Explain,
    Explanation,
    ForegroundEvent,
    Key,
    Message,
    Mouse,
    NoticeEvent,
    NotificationEvent,
    Paste,
    Report,
    Send,
    SendNow,
    ShowEchoes,
    ShownOutput,
    SizeEvent,
    StateEvent,
    StopEchoes,
)
from .values import EXTRA_BUTTONS, MouseButton

_FIELDS: dict[type[Message], dict[int, int]] = {
    ActivityEvent: {7: 4},
    Attach: {4: 8},
    ClipboardEvent: {16: 1},
    Colors: {14: 5},
    Description: {15: 34, 12: 33, 6: 32, 5: 30, 4: 26, 2: 24, 1: 20},
    Done: {4: 1},
    ForegroundEvent: {5: 2},
    Key: {7: 6},
    NotificationEvent: {9: 2},
    Paste: {4: 3},
    Report: {7: 4},
    Send: {3: 6, 1: 5},
    StateEvent: {4: 3},
}
"""How many fields of a message a version knows, newest version first; a missing version is as the next newer one."""

_SINCE: dict[type[Message], int] = {
    NoticeEvent: 2,
    Explain: 3,
    Explanation: 3,
    ForegroundEvent: 5,
    AcceptRefusal: 5,
    SizeEvent: 5,
    ClearTerminal: 9,
    CommandEvent: 11,
    SendNow: 12,
    ShowEchoes: 14,
    StopEchoes: 14,
    ShownOutput: 14,
    EchoesStopped: 14,
    Continue: 17,
}
"""The first version that has a kind of message."""

_EXTRA_BUTTONS_SINCE = 12


def encode_for(protocol: int, message: Message) -> bytes:
    """Encode a message for a peer of that protocol version; b"" if the version lacks the message."""
    if protocol >= PROTOCOL_VERSION:
        return encode(message)
    kind = type(message)
    if not supports(protocol, kind):
        return b""
    if isinstance(message, Mouse) and message.button in EXTRA_BUTTONS and protocol < _EXTRA_BUTTONS_SINCE:
        # It keeps its place among the inputs; the host drops a press of no button.
        message = msgspec.structs.replace(message, button=MouseButton.NONE)
    count = known_fields(protocol, kind)
    if count == len(kind.__struct_fields__):
        return encode(message)
    payload = msgspec.msgpack.encode(msgspec.to_builtins(message)[: count + 1])
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def supports(protocol: int, kind: type[Message]) -> bool:
    """Whether that protocol version has a kind of message."""
    return protocol >= _SINCE.get(kind, 0)


def known_fields(protocol: int, kind: type[Message]) -> int:
    """How many of a message's fields that protocol version knows."""
    known = [count for version, count in _FIELDS.get(kind, {}).items() if version >= protocol]
    return known[-1] if known else len(kind.__struct_fields__)
