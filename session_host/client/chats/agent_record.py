"""Prompts and answers of a chat, from the agent's own record. Reads the disk; imports no asyncio."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from session_host.agents.agent import Agent
from session_host.agents.catalog import find_agent
from session_host.agents.conversations.base import Availability
from session_host.agents.conversations.records import MAX_BYTES, TooFarBack
from session_host.agents.conversations.stores import find_conversation, turns_in
from session_host.agents.conversations.turns import RecordedTurn, Which, choose
from session_host.client.sessions.stale_rows import record_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import NoAnswer, NoRecord
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
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
    choice = choose(recorded_turns(session_id), position, is_working=is_working)
    if choice is None:
        raise NoAnswer(nothing_answered(session_id))
    if not choice.turn.answer:
        soon = " yet" if choice.which == "unfinished" else ""
        raise NoAnswer(f"{_agent_of(_record(session_id)).title}’s record has no answer to this prompt{soon}")
    return FoundAnswer(choice.turn.answer, choice.which)


def recorded_turns(session_id: str) -> Iterator[RecordedTurn]:
    """Yield the turns of a chat from the agent's record, the newest first.

    Raises:
        NoRecord: Outlive reads no record of this agent.
        NoAnswer: the agent's record cannot be read, or is not known yet.
        StoreError, NoSuchSession: there is no such chat.
        ConfigError: the catalog cannot be read.
    """
    record = _record(session_id)
    agent = _agent_of(record)
    if not agent.conversation.is_id(record.program.conversation):
        raise NoAnswer(f"{agent.title} has not reported its conversation yet; try again after its next answer")
    try:
        yield from turns_in(agent.conversation.store, query_for(record, agent, None))
    except OSError as error:
        raise NoAnswer(f"Cannot read {agent.title}’s record ({error.strerror or error}); try again") from error
    except TooFarBack as error:
        limit = f"{MAX_BYTES >> 20} MB"
        raise NoAnswer(f"The answer begins more than {limit} before the end of {agent.title}’s record") from error


def recorded_conversation(session_id: str, most: int) -> list[RecordedTurn]:
    """The last turns of a chat from the agent's record, at most so many, oldest first.

    Raises:
        As ``recorded_turns``.
    """
    return list(islice(recorded_turns(session_id), most))[::-1]


def require_record(session_id: str) -> None:
    """Check that Outlive reads the record of a chat's agent.

    Raises:
        NoRecord: it does not; see also ``recorded_turns``.
    """
    _agent_of(_record(session_id))


def nothing_answered(session_id: str) -> str:
    """Why a chat's record has no answer, one line."""
    with open_store() as store:
        record = record_of(store, session_id)
        agent = _agent_of(record)
        query = with_use(store, record, agent, query_for(record, agent, None))
    found = find_conversation(agent.conversation.store, query)
    why = f"; {found.reason}" if found.availability is Availability.LOST else ""
    return f"{agent.title} has not answered yet{why}"


def _record(session_id: str) -> ChatFacts:
    with open_store() as store:
        return record_of(store, session_id)


def _agent_of(record: ChatFacts) -> Agent:
    """The agent of a chat.

    Raises:
        NoRecord: Outlive reads no record of it.
    """
    agent = find_agent(config_dir(), record.origin.agent)
    if agent is None or not agent.conversation.store:
        title = record.origin.agent if agent is None else agent.title
        raise NoRecord(f"Outlive knows no record of {title}’s answers; select the text on the screen")
    return agent


def recent_prompts(session_id: str, since_s: float) -> list[RecordedTurn]:
    """The turns of a chat since a time, the newest first; none if the agent's record has no times, or cannot be read.

    Args:
        session_id: the chat.
        since_s: the time, in seconds since 1970.

    Raises:
        StoreError, NoSuchSession: there is no such chat.
        ConfigError: the catalog cannot be read.
    """
    found: list[RecordedTurn] = []
    with contextlib.suppress(NoAnswer):  # The newest ones are enough.
        for turn in recorded_turns(session_id):
            if turn.at_s < since_s:
                break  # Or it has no time.
            found.append(turn)
    return found
