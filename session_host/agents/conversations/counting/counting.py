"""Finds a turn that has ended in the agent's record, and counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.records import TooFarBack
from session_host.agents.conversations.stores import record_path, turns_in
from session_host.agents.conversations.turns import EARLY_S, ReadTurn, RecordedTurn, turn_of_number
from session_host.protocol.turns import TurnWork

from .base import Counted
from .claude import count_claude
from .codex import count_codex
from .copilot import count_copilot
from .gemini import count_gemini
from .opencode import count_opencode
from .qwen import count_qwen

READ_BYTES: Final = 1 << 20
_NEVER_S: Final = 1e12

_READERS: Final[Mapping[str, Callable[[Counted, ConversationQuery, float, float], Counted]]] = {
    "claude": count_claude,
    "codex": count_codex,
    "copilot": count_copilot,
    "gemini": count_gemini,
    "opencode": count_opencode,
    "qwen": count_qwen,
}
"""The readers of a turn's work and its error, by the name of the store."""


def count_since(store: str, query: ConversationQuery, began_s: float) -> TurnWork | None:
    """The work of a conversation's newest turn; None if it is unknown. Blocks on the disk.

    Args:
        store: the name of the agent's store.
        query: the conversation.
        began_s: when the turn began, in seconds since 1970, and before the agent had its prompt.
    """
    reader = _READERS.get(store)
    return reader(Counted(query.files, is_whole=True), query, began_s, _NEVER_S).work if reader is not None else None


def count(
    store: str, query: ConversationQuery, starts: Mapping[int, float], number: int, ended_s: float
) -> Counted | None:
    """Read a turn; None if it cannot be read, or began too far back. Blocks on the disk.

    Args:
        store: the name of the agent's store.
        query: the conversation.
        starts: when the session's newest turns began, by their numbers, in seconds since 1970.
        number: the turn, the newest of them.
        ended_s: when it ended.
    """
    query = query._replace(most_bytes=READ_BYTES)
    record = record_path(store, query)
    if record is None:
        return None
    directory = next(each for each in record.parents if each.is_dir())
    turns: list[RecordedTurn] = []
    is_too_far = False

    def within_reach() -> Iterator[RecordedTurn]:
        nonlocal is_too_far
        try:
            for turn in turns_in(store, query):
                turns.append(turn)
                yield turn
        except TooFarBack:
            is_too_far = True

    try:
        turn = turn_of_number(within_reach(), starts, number, ended_s)
        if is_too_far and not turns:
            return None
        if turn is None:
            return Counted(directory)
        is_whole = turn.is_stopped or (bool(turn.answer) and not turn.goes_on)
        found = Counted(directory, is_whole, turn.is_stopped, said=turn.said if isinstance(turn, ReadTurn) else "")
        reader = _READERS.get(store)
        return reader(found, query, turn.at_s, ended_s + EARLY_S) if reader is not None else found
    except (OSError, TooFarBack):
        return Counted(directory)
