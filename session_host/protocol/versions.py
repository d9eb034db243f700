"""What an older peer understands of what we say. Pure.

Fields are only added at a message's end and kinds of messages only added, so what is new is left out.
"""

from __future__ import annotations

import msgspec

from .codec import LENGTH_BYTES, encode
from .messages import PROTOCOL_VERSION, Description, Message, NoticeEvent, Send

_NEW_FIELDS: dict[type[Message], int] = {Description: 4, Send: 1}
"""How many of a message's last fields version 1 does not know."""

_NEW_MESSAGES = (NoticeEvent,)


def encode_for(protocol: int, message: Message) -> bytes:
    """A message as a frame for a peer of that protocol version; b"" if there is no saying it."""
    if protocol >= PROTOCOL_VERSION:
        return encode(message)
    if isinstance(message, _NEW_MESSAGES):
        return b""
    unknown = _NEW_FIELDS.get(type(message), 0)
    if not unknown:
        return encode(message)
    payload = msgspec.msgpack.encode(msgspec.to_builtins(message)[:-unknown])
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload
