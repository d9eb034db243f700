"""Waits until a prompt has its turn: one that was sent just now, a chat's first one, the next one in a queue."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from session_host.agents.agent import Probe, prompt_of, without_prompt
from session_host.agents.catalog import find_agent
from session_host.cli.json_forms import How
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import NeedsInput, SessionEnded, TimedOut, TurnFailed
from session_host.paths import config_dir
from session_host.standing.traits import traits_of
from session_host.structured.items import IN_QUEUE, Item, ItemStatus
from session_host.structured.transcript import Transcript
from session_host.structured.turns import next_prompt
from session_host.system import event_loop

from .waiting import BEGINS_WITHIN_S, raise_asks, wait_for, wait_for_begin

_NEVER_SENT: Final[frozenset[ItemStatus]] = frozenset({"failed", "withdrawn", "unsent", "unconfirmed", "held"})

FIRST_BEGINS_WITHIN_S: Final = 60.0
"""How long an agent in a terminal may take from its start to the turn of its first prompt."""


def wait_for_next_turn(info: SessionInfo, watch: TurnWatch, until_s: float) -> int:
    """Wait until the prompt that waits for its turn has it: a chat's first one, or the next in a chat view's queue.

    Returns:
        The turn's number; 0 if no prompt waits.

    Raises:
        As ``wait_for_turn``; NoAnswer if an agent in a terminal does not begin.
    """
    if watch.is_over:
        return 0
    if traits_of(info.facts).takes_prompts:
        found = ""

        def next_one(transcript: Transcript) -> Item | None:
            nonlocal found
            item = transcript.get(found) if found else next_prompt(transcript)
            found = item.id if item is not None else found
            return item

        number, _how = wait_for_turn(info, watch, next_one, until_s) or (0, "")
        return number
    if watch.starts or not _has_first_prompt(info):
        return 0
    return wait_for_begin(info, watch, until_s, FIRST_BEGINS_WITHIN_S)


def _has_first_prompt(info: SessionInfo) -> bool:
    """Whether a chat in a terminal was started with a prompt."""
    origin = info.facts.origin
    agent = find_agent(config_dir(), origin.agent)
    if agent is None or origin.resumed_from is not None or agent.continues(origin.argv):
        return False
    own = [] if agent.is_subcommand(origin.arguments) else origin.arguments
    return bool(prompt_of(agent, origin.argv, origin.arguments)) or without_prompt(agent, own, Probe()) != own


def wait_for_turn(
    info: SessionInfo,
    watch: TurnWatch,
    find: Callable[[Transcript], Item | None],
    until_s: float,
    *,
    waits: bool = True,
) -> tuple[int, How] | None:
    """Wait until a prompt in a chat view has its turn.

    Args:
        info: the chat.
        watch: its turns.
        find: finds the prompt.
        until_s: the time of ``time.monotonic`` at which the wait is given up.
        waits: whether to wait for the end of the turn that runs.

    Returns:
        The turn's number, and how it got the prompt; 0 if it waits and ``waits`` is not set. None for no such prompt.

    Raises:
        NeedsInput: the agent asks something before, or an amount of money is reached.
        TurnFailed: the prompt will get no turn.
        SessionEnded, TimedOut: it had none until then.
    """
    known = max(watch.starts, default=0)
    begins_s = until_s if waits else min(until_s, time.monotonic() + BEGINS_WITHIN_S)
    item, question = event_loop.run_command(_follow_prompt(info, find, begins_s, waits=waits))
    if item is None:
        return None
    if question:
        raise_asks(info, question, f"outlive answer {info.name} --follow")
    if item.is_asked_about:
        raise NeedsInput(f"{info.name}: {item.title}: the prompt waits there for the user’s word")
    if item.status in _NEVER_SENT:
        raise TurnFailed(f"{info.name}: the prompt was not sent ({item.status}); see `outlive peek {info.name}`")
    if not item.turn:
        return 0, "queued" if item.status in IN_QUEUE else "unknown"
    while not (number := watch.number_of(item.turn)):
        wait_for(info, watch, min(until_s, time.monotonic() + BEGINS_WITHIN_S), "the beginning of its turn")
    return number, "began" if number > known else "steered"


async def _follow_prompt(
    info: SessionInfo, find: Callable[[Transcript], Item | None], until_s: float, *, waits: bool
) -> tuple[Item | None, str]:
    """Follow the transcript until a prompt has its turn, or will get none, or the agent asks before."""
    found: Item | None = None
    question = ""

    def is_enough(transcript: Transcript) -> bool:
        nonlocal found, question
        found = find(transcript)
        if found is None or found.turn or found.status in _NEVER_SENT or found.is_asked_about:
            return True
        if found.status == "done" and not transcript.status.is_running:
            return True  # A command of the agent, such as Codex's for a shorter conversation.
        if not waits:
            return found.status in IN_QUEUE and transcript.status.is_running
        question = transcript.open_requests[0].title if transcript.open_requests else ""
        return bool(question)

    try:
        async with asyncio.timeout(None if until_s == math.inf else until_s - time.monotonic()):
            transcript = await watch_transcript(info.id, is_enough)
    except TimeoutError:
        if waits or found is None:
            raise TimedOut(f"{info.name}: timed out waiting for the beginning of its turn") from None
        return found, ""
    if transcript is None:
        raise SessionEnded(f"{info.name} has ended before it took the prompt")
    return found, question
