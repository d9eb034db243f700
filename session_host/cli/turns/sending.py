"""Sends a text and says which turn it began or joined; waits for the answer, if that is wanted."""

from __future__ import annotations

import argparse
import time
import uuid

from session_host.cli.json_forms import How, SentText
from session_host.cli.output import print_json
from session_host.cli.peek import read_screen
from session_host.cli.session_argument import find
from session_host.cli.typing_in import mode_of, send_prompt, type_text
from session_host.client.chats.agent_record import require_record
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import NoRecord, OutliveError, TurnFailed, UsageError
from session_host.protocol.events import TurnEnded
from session_host.protocol.messages import Prompt
from session_host.standing.traits import traits_of
from session_host.structured.items import Item
from session_host.structured.transcript import Transcript
from session_host.system.clock import parse_time

from .answer import command_output, show, show_turn
from .prompts import FIRST_BEGINS_WITHIN_S, wait_for_turn
from .reading import Answer
from .waiting import (
    WITHOUT_TURN,
    Sent,
    check_is_other,
    is_command,
    until,
    wait_for,
    wait_for_answer,
    wait_for_begin,
    wait_for_reply,
)


def send_for_answer(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    """Send a text; print the turn as JSON, or wait for the answer and print that.

    Raises:
        NoRecord: Outlive can read no answer of this program; nothing was sent.
        NeedsInput, TimedOut, TurnFailed, SessionEnded: see ``waiting``.
    """
    until_s = until(options.timeout)
    takes_prompts = traits_of(info.facts).takes_prompts
    if info.facts.origin.is_shell_or_command:
        return _run_command(info, options, text, until_s)
    if options.wait:
        check_is_other(info)
        if not takes_prompts:
            require_record(info.id)
    with TurnWatch(info) as watch:
        if takes_prompts:
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


def show_first_answer(session_id: str, options: argparse.Namespace) -> int:
    """Wait for the answer to the prompt with which a chat was started, and print it.

    Raises:
        NeedsInput, TimedOut, TurnFailed, SessionEnded: see ``waiting``.
    """
    until_s, info = until(options.timeout), find(session_id)
    with TurnWatch(info) as watch:
        number, may_be_without = min(watch.starts, default=0), is_command(info, options.prompt)
        if traits_of(info.facts).takes_prompts:
            if not number:
                number, _how = wait_for_turn(info, watch, _first_prompt, until_s) or (1, "")
            turn = wait_for_answer(info, watch, number, until_s) if number else WITHOUT_TURN
        else:
            number = number or wait_for_begin(info, watch, until_s, FIRST_BEGINS_WITHIN_S, gives_up=not may_be_without)
            began = parse_time(info.facts.origin.created_at)
            sent = Sent(options.prompt, began.timestamp() if began is not None else 0.0, number, began=True)
            turn = wait_for_reply(info, watch, sent, until_s) if number else WITHOUT_TURN
    show_turn(info, turn, as_json=options.json, needs_text=not may_be_without)
    return 0


def _first_prompt(transcript: Transcript) -> Item | None:
    return next((item for item in transcript if item.kind == "user"), None)


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
    send_prompt(info, Prompt(text, mode_of(options)), token, anyway=options.anyway)
    found = wait_for_turn(info, watch, lambda transcript: transcript.get(token), until_s, waits=options.wait)
    if found is None:
        raise OutliveError(f"{info.name} runs with an older version; run `outlive upgrade {info.name}`")
    return found


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
