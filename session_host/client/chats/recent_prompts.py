"""The prompts of a chat with their times, from the agent's own record. Reads the disk; imports no asyncio."""

from __future__ import annotations

from session_host.agents.catalog import find_agent
from session_host.agents.conversations.backwards import TooFarBack
from session_host.agents.conversations.registry import turns_in
from session_host.agents.conversations.turns import Turn
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir

from .resumability import query_for, record_of


def recent_prompts(session_id: str, since_s: float) -> list[Turn]:
    """The turns of a chat since a time, the newest first; none if the agent's record has no times, or cannot be read.

    Args:
        session_id: the chat.
        since_s: the time, in seconds since 1970.

    Raises:
        StoreError, NoSuchSession: there is no such chat.
        ConfigError: the catalog cannot be read.
    """
    with open_store() as store:
        record = record_of(store, session_id)
    agent = find_agent(config_dir(), record.agent)
    if agent is None or not agent.conversation.store or not agent.conversation.is_id(record.provider_session_id or ""):
        return []
    found: list[Turn] = []
    try:
        for turn in turns_in(agent.conversation.store, query_for(record, agent, None)):
            if turn.at_s < since_s:
                break  # Or it has no time.
            found.append(turn)
    except (OSError, TooFarBack):
        pass  # The newest ones are enough.
    return found
