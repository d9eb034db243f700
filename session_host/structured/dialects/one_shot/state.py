"""The state of the one-shot dialect."""

from __future__ import annotations

import msgspec

from session_host.structured.dialects.claude.state import ReaderState
from session_host.structured.items import Item


class OneShotState(msgspec.Struct, array_like=True):
    """The state of ``dialect``.

    Attributes:
        format: the form of the command's output: a key of ``dialect.READERS``.
        conversation: the agent's id of the conversation; "" until it is known.
        again: the conversation has had a turn, so the next one continues it.
        prompt: the id of the prompt that is sent and not confirmed.
        turn: the id of the running turn, which is that of its prompt; "" outside of one.
        interrupting: the user has interrupted it.
        error: the agent's message about why the turn failed.
        items: its items that are not complete, by the agent's ids of them.
        made: how many items of the turn got an id from the reader, since the agent reported none.
        read, written: tokens of the last request and answer; ``total`` of all turns; ``cost`` in US dollars.
        warnings: the newest warnings of the agent that were shown.
        claude: the state of Claude's messages.
    """

    claude: ReaderState
    format: str = ""
    conversation: str = ""
    again: bool = False
    prompt: str = ""
    turn: str = ""
    interrupting: bool = False
    error: str = ""
    items: dict[str, Item] = {}
    made: int = 0
    read: int = 0
    written: int = 0
    total: int = 0
    cost: float = 0.0
    warnings: list[str] = []
