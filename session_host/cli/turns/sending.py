"""Sends a text and says which turn it began or joined; waits for the answer, if that is wanted."""

from __future__ import annotations

import argparse
import asyncio
import math
import time
import uuid
from typing import Final

from session_host.cli.json_forms import How, SentText
from session_host.cli.output import print_json
from session_host.cli.peek import read_screen
from session_host.cli.session_argument import ask
from session_host.cli.typing_in import mode_of, type_text
from session_host.client.chats.agent_record import require_record
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import NoRecord, OutliveError, SessionEnded, TimedOut, TurnFailed, UsageError
from session_host.protocol.events import TurnEnded
from session_host.protocol.messages import Prompt, SendChatInput
from session_host.structured.items import IN_QUEUE, Item, ItemStatus
from session_host.structured.transcript import Transcript
from session_host.system import event_loop

from .answer import command_output, show, show_turn
from .reading import Answer
from .waiting import (
    BEGINS_WITHIN_S,
    WITHOUT_TURN,
    Sent,
    check_is_other,
    is_command,
    raise_asks,
    until,
    wait_for,
    wait_for_answer,
    wait_for_reply,
)

_NEVER_SENT: Final[frozenset[ItemStatus]] = frozenset({"failed", "withdrawn", "unsent", "unconfirmed", "held"})


def send_for_answer(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    """Send a text; print the turn as JSON, or wait for the answer and print that.

    Raises:
        NoRecord: Outlive can read no answer of this program; nothing was sent.
        NeedsInput, TimedOut, TurnFailed, SessionEnded: see ``waiting``.
    """
    until_s = until(options.timeout)
    is_structured = info.facts.origin.runtime == "structured"
    if info.facts.origin.is_shell_or_command:
        return _run_command(info, options, text, until_s)
    if options.wait:
        check_is_other(info)
        if not is_structured:
            require_record(info.id)
    with TurnWatch(info) as watch:
        if is_structured:
            number, how, note = *_send_prompt(info, watch, options, text, until_s), ""
            sent = None
        else:
            sent, note = _type_prompt(info, options, text)
            number = sent.turn
            how = "began" if sent.began else "typed" if sent.turn else "unknown"
        if not options.wait:
            print_json(SentText(info.id, info.name, number or None, how, note))
            return 0
        if sent is not None:
            turn = wait_for_reply(info, watch, sent, until_s)
        elif number:
            turn = wait_for_answer(info, watch, number, until_s)
        else:
            turn = WITHOUT_TURN
    show_turn(info, turn, as_json=options.json, needs_text=not is_command(info, text))
    return 0


def _type_prompt(info: SessionInfo, options: argparse.Namespace, text: str) -> tuple[Sent, str]:
    at_s = time.time()
    done = type_text(info, options, text)
    began = bool(done.turn) and not done.note
    return Sent(text, at_s, done.turn, began, is_command(info, text)), done.note


def _send_prompt(
    info: SessionInfo, watch: TurnWatch, options: argparse.Namespace, text: str, until_s: float
) -> tuple[int, How]:
    """Send a prompt to a chat view; returns its turn.

    The turn is 0 if it has not begun and nobody waits for it, and for a command of the agent without one.
    """
    token = uuid.uuid4().hex
    known = max(watch.starts, default=0)
    ask(info.id, SendChatInput(0, Prompt(text, mode_of(options)), token))
    begins_s = until_s if options.wait else min(until_s, time.monotonic() + BEGINS_WITHIN_S)
    item, question = event_loop.run_command(_watch_prompt(info, token, begins_s, waits=options.wait))
    if question:
        raise_asks(info, question, f"outlive answer {info.name} --follow")
    if item.status in _NEVER_SENT:
        raise TurnFailed(f"{info.name}: the prompt was not sent ({item.status}); see `outlive peek {info.name}`")
    if not item.turn:
        return 0, "queued" if item.status in IN_QUEUE else "unknown"
    while not (number := watch.number_of(item.turn)):
        wait_for(info, watch, min(until_s, time.monotonic() + BEGINS_WITHIN_S), "the beginning of its turn")
    return number, "began" if number > known else "steered"


async def _watch_prompt(info: SessionInfo, prompt: str, until_s: float, *, waits: bool) -> tuple[Item, str]:
    """Follow the transcript until a prompt has its turn, or will get none, or the agent asks before."""
    found: Item | None = None
    question = ""

    def is_enough(transcript: Transcript) -> bool:
        nonlocal found, question
        found = transcript.get(prompt)
        if found is None or found.turn or found.status in _NEVER_SENT:
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
    if found is None:
        raise OutliveError(f"{info.name} runs with an older version; run `outlive upgrade {info.name}`")
    return found, question


def _run_command(info: SessionInfo, options: argparse.Namespace, text: str, until_s: float) -> int:
    """Type a command line into a shell that marks its commands, and wait for its end."""
    if not options.wait:
        raise UsageError(f"{info.name} has commands, not turns: --json needs --wait")
    if "\n" in text.strip() or "\r" in text.strip():
        raise UsageError("--wait takes one command line for a shell")
    if read_screen(info, command=1).commands < 0:
        raise NoRecord(f"{info.name} marks no commands, so the end of one is not known; nothing was typed")
    if info.facts.foreground is not None and (program := info.facts.foreground.program):
        raise OutliveError(f"{info.name} runs {program}; wait for its end: outlive wait {info.name} --status idle")
    with TurnWatch(info) as watch:
        type_text(info, options, text)
        while not watch.commands:
            wait_for(info, watch, until_s, "the end of the command")
        code = watch.commands[0].exit_code
    answer = Answer(command_output(info, 1), is_whole=True)
    error = f"the command ended with exit code {code}" if code else ""
    end = TurnEnded(turn=0, outcome="error" if code else "done", error=error)
    show(info, answer, end, as_json=options.json)
    if code:
        raise TurnFailed(f"{info.name}: {error}")
    return 0
