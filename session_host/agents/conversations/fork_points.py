"""The place in an agent's conversation at which a fork ends that begins before a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.earlier_items import saved_lines
from session_host.errors import NotResumable
from session_host.structured.dialects.claude.dialect import message_id
from session_host.structured.dialects.claude.saved import message_before
from session_host.structured.items import Item


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

    Blocks on the disk.

    Raises:
        NotResumable: the record of the conversation does not have the prompt.
        OSError: the record cannot be read.
    """
    lines, _ = saved_lines(query)
    for message in (message_id(prompt.id), prompt.id):
        found = message_before(lines, message)
        if found is not None:
            return found
    raise NotResumable("Claude Code's conversation does not have this prompt any more, or was compacted since")
