"""Prompts and answers of a chat, from the agent's own record. Reads the disk; imports no asyncio."""

from __future__ import annotations

from typing import NamedTuple

from session_host.agents.catalog import find_agent
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.records import MAX_BYTES, TooFarBack
from session_host.agents.conversations.stores import find_conversation, turns_in
from session_host.agents.conversations.turns import Turn, Which, choose
from session_host.client.sessions.stale_rows import record_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import NoAnswer
from session_host.paths import config_dir
from session_host.terminal.prompts import TurnPosition

from .resumability import query_for, with_use


class FoundAnswer(NamedTuple):
    """An answer of an agent.

    Attributes:
        text: what the agent wrote, in Markdown; not empty.
        which: its turn.
    """

    text: str
    which: Which


def find_answer(session_id: str, position: TurnPosition | None, *, is_working: bool) -> FoundAnswer:
    """Find the answer at a position of the chat's terminal, or else the last one, in a running or an ended chat.

    Args:
        session_id: the chat.
        position: where its user is among the agent's turns; None at the end.
        is_working: the agent is in a turn now.

    Raises:
        NoAnswer: there is none; the message says why.
        StoreError, NoSuchSession: there is no such chat.
        ConfigError: the catalog cannot be read.
    """
    with open_store() as store:
        record = record_of(store, session_id)
    agent = find_agent(config_dir(), record.origin.agent)
    if agent is None or not agent.conversation.store:
        title = record.origin.agent if agent is None else agent.title
        raise NoAnswer(f"Outlive knows no record of {title}’s answers; select the text on the screen")
    if not agent.conversation.is_id(record.program.conversation):
        raise NoAnswer(f"{agent.title} has not reported its conversation yet; try again after its next answer")
    query = query_for(record, agent, None)
    try:
        choice = choose(turns_in(agent.conversation.store, query), position, is_working=is_working)
    except OSError as error:
        raise NoAnswer(f"Cannot read {agent.title}’s record ({error.strerror or error}); try again") from error
    except TooFarBack as error:
        limit = f"{MAX_BYTES >> 20} MB"
        raise NoAnswer(f"The answer begins more than {limit} before the end of {agent.title}’s record") from error
    if choice is None:
        with open_store() as store:
            found = find_conversation(agent.conversation.store, with_use(store, record, agent, query))
        why = f"; {found.reason}" if found.availability is Availability.LOST else ""
        raise NoAnswer(f"{agent.title} has not answered yet{why}")
    if not choice.turn.answer:
        soon = " yet" if choice.which == "unfinished" else ""
        raise NoAnswer(f"{agent.title}’s record has no answer to this prompt{soon}")
    return FoundAnswer(choice.turn.answer, choice.which)


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
    agent = find_agent(config_dir(), record.origin.agent)
    if agent is None or not agent.conversation.store or not agent.conversation.is_id(record.program.conversation):
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
