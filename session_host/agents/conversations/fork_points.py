"""Finds the last message of an agent's conversation before a prompt: a fork before the prompt copies up to there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.earlier_items import saved_lines
from session_host.errors import NotResumable
from session_host.structured.dialects.claude.dialect import message_id
from session_host.structured.dialects.claude.saved import message_before
from session_host.structured.items import Item

LATE_S: Final = 2.0
"""Claude Code 2.1.197 writes its record some time after the answer."""

_EVERY_S: Final = 0.1


def turn_before(items: Sequence[Item], prompt: Item) -> str:
    """The agent's id of the last turn before a prompt; "" if the prompt began the first one.

    Args:
        items: the items before the prompt.
        prompt: the prompt.

    Raises:
        NotResumable: the prompt began no turn.
    """
    turns = [item.turn for item in items if item.turn]
    if prompt.kind != "user" or prompt.status != "done" or prompt.turn in turns:
        raise NotResumable("it was sent while the agent worked; choose the prompt before it")
    return turns[-1] if turns else ""


def saved_message_before(query: ConversationQuery, prompt: Item) -> str:
    """Claude Code's id of the last message before a prompt; "" if the model had said nothing before.

    Blocks on the disk, and for up to ``LATE_S`` if the record does not have the prompt yet.

    Raises:
        NotResumable: the record of the conversation does not have the prompt, or the conversation was compacted since.
        OSError: the record cannot be read.
    """
    until = time.monotonic() + LATE_S
    while True:
        lines, _ = saved_lines(query)
        for message in (message_id(prompt.id), prompt.id):
            found = message_before(lines, message)
            if found is not None:
                return found
        if time.monotonic() > until:
            raise NotResumable("Claude Code's record of the conversation does not have this prompt")
        time.sleep(_EVERY_S)
