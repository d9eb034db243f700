"""``outlive report-back``: gives the agent that started a chat the answers of its turns. The chat's host runs it.

An answer is one prompt. Its token follows from chat and turn, so that the agent's host takes it once, however often it
is sent. In a terminal it is typed as the agent's own prompts are (``session.own_prompts``): only into an empty input
line, and never while the agent asks its user something. Until then, this waits for what happens in the agent's chat.
The chat's host may have ended, and nobody starts this again: it waits, too, while the store cannot be read.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from functools import partial
from typing import Final

import msgspec

from session_host.agents.agent import Agent
from session_host.agents.catalog import find_agent
from session_host.cli.arguments import add_session_argument
from session_host.cli.output import print_error
from session_host.cli.session_argument import ask, find, with_store
from session_host.client.chats.agent_record import recent_prompts
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_access import insist
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import (
    HostUnavailable,
    NoAnswer,
    NoRecord,
    NotAllowed,
    OutliveError,
    SessionEnded,
    StoreError,
    TextTaken,
    TurnFailed,
    UsageError,
)
from session_host.paths import config_dir
from session_host.patience import endless
from session_host.protocol.events import TurnEnded
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Prompt, Send, SendChatInput
from session_host.protocol.untrusted_text import legible, one_line, plain
from session_host.protocol.values import RUNNING_STATES, WITHOUT_AGENT, Runtime
from session_host.standing.traits import TRAITS, traits_of
from session_host.storage.store import Store
from session_host.system.clock import parse_time
from session_host.system.processes.permission import UNKNOWN, agent_chats, split

from .reading import Answer
from .waiting import AnsweredTurn, raise_unless_done, until, wait_for_answer

MAX_CHARACTERS: Final = 20_000
"""The longest answer in a prompt; the rest is cut."""

AGAIN_S: Final = (2.0, 5.0, 15.0, 60.0)
"""After so long without an event of the agent's chat, its input line is looked at again; the last one repeats.

A slow agent shows a text late, and a user deletes one: no event says so.
"""

NEW_HOST_S: Final = 2.0
"""After so long, an agent's chat without a host is asked again."""


def reports_to(agent: Agent, runtime: Runtime) -> str:
    """The agent around this process, for ``LaunchSpec``, which gets the answers of a new chat.

    Args:
        agent: the new chat's.
        runtime: how Outlive will talk to it.

    Raises:
        UsageError: no agent's chat is around this process, or nothing can be reported to it.
        NoRecord: Outlive can read no answer of the new chat's agent.
    """
    origin = agent_chats(os.getpid())
    starter = None if not origin or origin[0] == UNKNOWN else chat_of_agent(origin[0])
    if starter is None:
        raise UsageError("--report-back is for an agent that starts a chat, and this is in no agent's chat")
    own = find_agent(config_dir(), starter.facts.origin.agent)
    if own is not None and not (traits_of(starter.facts).takes_prompts or own.signals.shown_within_s):
        what = "Outlive does not know when it takes a prompt in its terminal"
        raise UsageError(f"--report-back cannot reach {own.title}: {what}; use `outlive answer --follow`")
    if agent.name in WITHOUT_AGENT:
        raise UsageError(f"a {agent.name} has no turns; leave --report-back out")
    if not (TRAITS[runtime].has_transcript or agent.conversation.store):
        raise NoRecord(f"Outlive knows no record of {agent.title}’s answers; leave --report-back out")
    return origin[0]


def chat_of_agent(first: str) -> SessionInfo | None:
    """The running chat of the agent that is known by this id, its own or that of a chat that it resumed; or None."""

    def chat(store: Store) -> ChatFacts | None:
        # A program of another kind has the id of the agent that started it.
        found = (each for each in store.running() if split(each.origin.agent_chats)[:1] == (first,) and _is_agent(each))
        return max(found, key=lambda each: each.origin.created_at, default=None)

    record = with_store(chat)
    info = find(record.id) if record is not None else None
    return info if info is not None and info.state in RUNNING_STATES else None


def _is_agent(record: ChatFacts) -> bool:
    agent = find_agent(config_dir(), record.origin.agent)
    return agent is not None and agent.signals.ends_all


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("agent", metavar="ID", help="the first id of the agent's chat")
    parser.add_argument("turns", metavar="N", nargs="+", type=int, help="the turns, which have ended or will end")


def run(options: argparse.Namespace) -> int:
    """Report turns, one after the other, and print the number of each, since a next process need not repeat it."""
    for number in options.turns:
        insist(partial(_report, options.session, options.agent, number), partial(_say_why, number))
        print(number, flush=True)
    return 0


def _say_why(number: int, error: StoreError) -> None:
    print_error(f"turn {number} is not reported yet: {error}")


def _report(session: str, agent: str, number: int) -> None:
    """Report a turn once it has ended."""
    info = find(session)  # Its name may have changed.
    with TurnWatch(info) as watch:
        turn = _ended(info, watch, number)
        start = watch.starts.get(number)
    began = parse_time(start.at) if start is not None else None
    first = _first_line(info, turn)
    answer = legible(plain(turn.answer.text, MAX_CHARACTERS, keep_lines=True))[:MAX_CHARACTERS].strip()
    text = "\n\n".join(filter(None, (first, answer)))
    token = uuid.uuid5(uuid.UUID(info.id), f"report of turn {number}")
    _Report(agent, text, first, token, began.timestamp() if began is not None else 0.0).give()


def _ended(info: SessionInfo, watch: TurnWatch, number: int) -> AnsweredTurn:
    """Wait for a turn's end and its answer.

    Raises:
        NeedsInput: the agent asks something in it: the question is its user's.
    """
    try:
        return wait_for_answer(info, watch, number, until(None))
    except SessionEnded:
        return AnsweredTurn.of(TurnEnded(turn=number, outcome="cut"), None)
    except NoAnswer as error:
        ended = watch.ends.get(number, TurnEnded(turn=number, outcome="done"))
        if ended.outcome == "done":
            ended = msgspec.structs.replace(ended, outcome="error", error=str(error))
        return AnsweredTurn.of(ended, Answer("", is_whole=False))


def _first_line(info: SessionInfo, turn: AnsweredTurn) -> str:
    """The line above the answer, which no agent takes for a command."""
    answer, number, remarks = turn.answer.text, turn.end.turn, []
    try:
        raise_unless_done(info, turn.end)
    except TurnFailed as error:
        remarks.append(str(error).removeprefix(f"{info.name}: "))
    except SessionEnded:
        remarks.append("the chat ended during this turn")
    if not answer and not remarks:
        remarks.append("it has no text")
    if len(answer) > MAX_CHARACTERS:
        remarks.append(f"cut here, the whole is in `outlive answer {info.name} --turn {number}`")
    whose = f"Answer of the chat “{info.name}” (turn {number}), which you started (not written by the user)"
    return one_line(legible("; ".join([whose, *remarks]))) + (":" if answer else ".")


class _Report:
    """One report, and the agent that gets it.

    Args:
        agent: see ``chat_of_agent``.
        text: the prompt; ``first`` is its first line.
        first: see ``text``.
        token: identifies it.
        since_s: it was not sent before this time, in seconds since 1970.
    """

    def __init__(self, agent: str, text: str, first: str, token: uuid.UUID, since_s: float) -> None:
        self._agent, self._text, self._first, self._token, self._since_s = agent, text, first, token, since_s

    def give(self) -> None:
        """Give it to the agent as soon as that takes it.

        Raises:
            SessionEnded: the agent's chat has ended.
            NotAllowed: this process belongs to another agent.
            StoreError: the store cannot be read now.
        """
        waits = endless(AGAIN_S)
        while (chat := chat_of_agent(self._agent)) is not None:
            with TurnWatch(chat) as watch:
                try:
                    ask(chat.id, self._request(chat))
                except NotAllowed:
                    raise
                except TextTaken:
                    if self._is_recorded(chat):
                        return
                    self._token = uuid.uuid5(self._token, "again")
                except HostUnavailable:
                    watch.wait(time.monotonic() + NEW_HOST_S)
                except StoreError:
                    raise
                except OutliveError:  # It asks something, its line is in use, or it has just ended.
                    if watch.wait(time.monotonic() + next(waits)):
                        waits = endless(AGAIN_S)
                else:
                    return
        raise SessionEnded("the agent that started this chat has ended")

    def _request(self, chat: SessionInfo) -> Send | SendChatInput:
        token = self._token.hex
        if traits_of(chat.facts).takes_prompts:
            return SendChatInput(0, Prompt(self._text), token)
        text = self._text.replace("\t", "    ")
        return Send(0, text, paste=True, enter=True, token=token, is_guarded=True)

    def _is_recorded(self, chat: SessionInfo) -> bool:
        """Whether the agent's record has it: its user has sent what was typed."""
        try:
            prompts = recent_prompts(chat.id, self._since_s)
        except NoRecord:
            return False
        return any("".join(self._first.split()) in "".join(each.prompt.split()) for each in prompts)
