"""The first items of a chat that continues another one, and its title. Pure."""

from __future__ import annotations

import itertools

import msgspec

from .items import AnyChange, Item, Put, RequestOpened, TitleChanged
from .transcript import Transcript

_decoder = msgspec.msgpack.Decoder(list[AnyChange])


def copied_items(transcript: Transcript) -> list[AnyChange]:
    """The title, the items and the answered requests of a transcript, as changes."""
    title = transcript.status.title
    changes: list[AnyChange] = [TitleChanged(title)] if title else []
    changes += [Put(item) for item in transcript]
    for request_id, answer in transcript.answers.items():
        changes += [RequestOpened(transcript.requests[request_id]), answer]
    return changes


def items_before(transcript: Transcript, prompt: str) -> list[Item]:
    """The items before the one with this id; all if there is none."""
    return list(itertools.takewhile(lambda item: item.id != prompt, transcript))


def changes_before(transcript: Transcript, prompt: str) -> list[AnyChange]:
    """The items before the one with this id, and the answered requests of their tools, as changes."""
    items = items_before(transcript, prompt)
    known = {item.id for item in items}
    changes: list[AnyChange] = [Put(item) for item in items]
    for request_id, answer in transcript.answers.items():
        request = transcript.requests[request_id]
        if request.item in known or (not request.item and items and request.at_ms <= items[-1].at_ms):
            changes += [RequestOpened(request), answer]
    return changes


def encode_items(changes: list[AnyChange]) -> bytes:
    """Encode changes for a file."""
    return msgspec.msgpack.encode(changes)


def decode_items(data: bytes) -> list[AnyChange]:
    """Decode the changes of ``encode_items``.

    Raises:
        msgspec.DecodeError: the file is damaged.
    """
    return _decoder.decode(data)
