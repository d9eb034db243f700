"""Readers of one form of a command's output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from session_host.structured.dialects.base import DialectPort
from session_host.structured.items import (
    Append,
    ConversationKnown,
    Item,
    ItemKind,
    ItemStatus,
    Put,
    SetStatus,
    UsageChanged,
)

from .state import OneShotState


class FormatReader(Protocol):
    """Reads the output of the turns of one chat."""

    def line(self, message: Mapping[str, Any]) -> None:
        """Read a JSON line."""

    def text(self, words: str) -> None:
        """Read text that is not a JSON line."""

    def finish(self, status: ItemStatus) -> None:
        """Give this status to the items that are not complete: the turn has ended."""


class ItemReader:
    """Base of the readers: items of a turn, and text that is not JSON."""

    def __init__(self, port: DialectPort, state: OneShotState) -> None:
        self.port = port
        self.state = state

    def put(self, key: str, item: Item) -> None:
        """Put an item, and keep it until it is complete; ``key`` is the agent's id of it."""
        if item.status == "running":
            self.state.items[key] = item
        else:
            self.state.items.pop(key, None)
            item = msgspec.structs.replace(item, ended_ms=item.ended_ms or self.port.now_ms)
        self.port.emit(Put(item))

    def item(self, key: str, kind: ItemKind, status: ItemStatus = "running") -> Item:
        """The item with the agent's id, or a new one."""
        item = self.state.items.get(key)
        if item is not None:
            return msgspec.structs.replace(item, status=status)
        return Item(f"{self.state.turn}.{key}", kind, self.port.now_ms, status=status, turn=self.state.turn)

    def next_key(self) -> str:
        """A new id for an item without an id from the agent."""
        self.state.made += 1
        return f"text-{self.state.made}"

    def text(self, words: str) -> None:
        """Show text between JSON lines as a notice."""
        if words.strip():
            self.port.notice(words.strip())

    def append(self, key: str, words: str) -> None:
        """Append to the text of an item; adds the item if there is none."""
        if key not in self.state.items:
            self.put(key, self.item(key, "agent"))
        self.port.emit(Append(self.state.items[key].id, words))

    def conversation(self, conversation: str) -> None:
        """Take the agent's id of the conversation; from then on, turns continue it."""
        self.state.again = self.state.again or bool(conversation)
        if conversation and conversation != self.state.conversation:
            self.state.conversation = conversation
            self.port.emit(ConversationKnown(conversation))

    def usage(self, read: int, written: int, cost: float = 0.0) -> None:
        """Count the tokens of one request and its answer."""
        state = self.state
        state.total += read + written
        state.cost += cost
        self.port.emit(UsageChanged(read + written, 0, state.total, state.cost, "USD" if state.cost else ""))

    def finish(self, status: ItemStatus) -> None:
        """See ``FormatReader``."""
        for item in self.state.items.values():
            self.port.emit(SetStatus(item.id, status, self.port.now_ms))
        self.state.items = {}
