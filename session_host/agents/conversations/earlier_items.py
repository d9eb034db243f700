"""The messages of an earlier conversation, for an agent that does not repeat them to a structured chat.

Codex and the agents of the Agent Client Protocol send an earlier conversation again when they resume it; Claude Code
does not. A fork before a prompt copies up to the last message before it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from session_host.errors import NotResumable
from session_host.structured.dialects.claude.dialect import message_id
from session_host.structured.dialects.claude.saved import items_of, message_before
from session_host.structured.items import Item
from session_host.system.files import open_regular

from .base import ConversationQuery
from .claude import transcripts_of
from .records import LARGEST_BYTES, newest_first

MAX_BYTES: Final = 32 * 1024 * 1024
"""Only this much of a file is read, from its end."""

MAX_ITEMS: Final = 2000


def earlier_items(dialect: str, query: ConversationQuery) -> list[Item]:
    """The last items of a conversation, after a line that says how much is left out.

    Blocks on the disk. The result is empty if the dialect's agent repeats them itself, or if nothing is found.

    Args:
        dialect: a name of ``structured.dialects.base.DIALECTS``.
        query: the conversation.
    """
    if dialect != "claude" or not query.conversation:
        return []
    try:
        lines, is_whole = saved_lines(query)
    except OSError:
        return []
    items = items_of(lines)
    if is_whole and len(items) <= MAX_ITEMS:
        return items
    shown = items[-MAX_ITEMS:]
    note = "Earlier messages of this conversation are not shown here."
    return [Item("earlier", "notice", shown[0].at_ms, note), *shown] if shown else []


def saved_lines(query: ConversationQuery) -> tuple[list[bytes], bool]:
    """The last lines of Claude Code's file of a conversation, and whether these are all; none if there is no file.

    Blocks on the disk.

    Raises:
        OSError: the file cannot be read.
    """
    paths = newest_first(transcripts_of(query))
    return _last_lines(paths[0]) if paths else ([], True)


def _last_lines(path: Path) -> tuple[list[bytes], bool]:
    """The file's last lines, and whether these are all."""
    with open_regular(path, LARGEST_BYTES) as file:
        start = max(file.seek(0, os.SEEK_END) - MAX_BYTES, 0)
        file.seek(start)
        lines = file.read(MAX_BYTES).splitlines()
    return (lines[1:] if start else lines), not start


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
