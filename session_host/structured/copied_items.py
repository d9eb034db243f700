"""The first items of a chat that continues another one, and its title. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from .items import AnyChange, Item, Put, RequestOpened, TitleChanged, TurnOver, WrittenOutcome
from .transcript import Transcript

_OUTCOMES: Final[dict[str, WrittenOutcome]] = {"interrupted": "interrupted", "cut": "cut"}
"""The ends of turns by the states of their last messages; others are completed."""

_decoder = msgspec.msgpack.Decoder(list[AnyChange])


def copied_items(transcript: Transcript) -> list[AnyChange]:
    """The title, items, ends of turns, answered requests and used tokens of a transcript, as changes.

    What waited in its queue waits for its user from now on.
    """
    title = transcript.status.title
    changes: list[AnyChange] = [TitleChanged(title)] if title else []
    waiting = {item.id: msgspec.structs.replace(item, status="held") for item in transcript if item.status == "queued"}
    changes += _with_ends(transcript, (waiting.get(item.id, item) for item in transcript))
    for request_id, answer in transcript.answers.items():
        changes += [RequestOpened(transcript.requests[request_id]), answer]
    if (usage := transcript.status.usage) is not None:
        changes.append(msgspec.structs.replace(usage, limits=()))  # They may be over.
    return changes


def items_before(transcript: Transcript, prompt: str) -> list[Item]:
    """The items before the one with this id; all if there is none."""
    return list(itertools.takewhile(lambda item: item.id != prompt, transcript))


def changes_before(transcript: Transcript, prompt: str) -> list[AnyChange]:
    """The items before the one with this id, the ends of turns, and the answered requests of tools, as changes."""
    items = items_before(transcript, prompt)
    known = {item.id for item in items}
    changes = list(_with_ends(transcript, items))
    for request_id, answer in transcript.answers.items():
        request = transcript.requests[request_id]
        if request.item in known or (not request.item and items and request.at_ms <= items[-1].at_ms):
            changes += [RequestOpened(request), answer]
    return changes


def _with_ends(transcript: Transcript, items: Iterable[Item]) -> Iterator[AnyChange]:
    """Items of a transcript with the ends of turns, at the times at which they ended."""
    for item in items:
        yield Put(item)
        if (end := transcript.ends.get(item.id)) is not None and end.at_ms:
            yield end


def recorded_items(items: Sequence[Item]) -> list[AnyChange]:
    """Items of an agent's own record, as changes, with the ends of turns: those of the agent's last messages."""
    changes: list[AnyChange] = []
    for item, following in itertools.zip_longest(items, items[1:]):
        changes.append(Put(item))
        if item.kind == "agent" and item.ended_ms and (following is None or following.kind == "user"):
            changes.append(TurnOver(item.turn, _OUTCOMES.get(item.status, "completed"), at_ms=item.ended_ms))
    return changes


def in_parts(changes: Iterable[AnyChange], most_bytes: int) -> Iterator[list[AnyChange]]:
    """Changes in lists that are at most so long when they are encoded, unless a single one is longer."""
    part: list[AnyChange] = []
    length = 0
    for change in changes:
        length += len(msgspec.msgpack.encode(change))
        if part and length > most_bytes:
            yield part
            part, length = [], len(msgspec.msgpack.encode(change))
        part.append(change)
    if part:
        yield part


def encode_items(changes: list[AnyChange]) -> bytes:
    """Encode changes for a file."""
    return msgspec.msgpack.encode(changes)


def decode_items(data: bytes) -> list[AnyChange]:
    """Decode the changes of ``encode_items``.

    Raises:
        msgspec.DecodeError: the file is damaged.
    """
    return _decoder.decode(data)
