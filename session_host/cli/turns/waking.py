"""Wakes a chat by a text, waits until its agent has it, and for the answer if that is wanted."""

from __future__ import annotations

import argparse
import time
import uuid
from typing import Final

from session_host.cli.json_forms import How, SentText
from session_host.cli.output import print_json, print_line
from session_host.cli.session_argument import find, name_and_id, require_running
from session_host.client.chats.agent_record import require_record
from session_host.client.chats.sleeping import wake
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.errors import OutliveError, SessionEnded
from session_host.standing.traits import traits_of
from session_host.system import event_loop

from .answer import show_turn
from .prompts import FIRST_BEGINS_WITHIN_S, wait_for_turn
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

_LOOK_S: Final = 1.0
"""How often the host is asked whether it still has the text."""


def send_to_sleeper(info: SessionInfo, options: argparse.Namespace, text: str) -> int:
    """Wake a chat by a text; print the turn as JSON, or wait for the answer and print that, if it is wanted.

    Raises:
        SessionEnded: what is to be sent wakes no chat.
        NeedsInput, TimedOut, TurnFailed: see ``waiting``.
        OutliveError: the chat sleeps on, or its agent did not get the text.
    """
    takes_prompts = traits_of(info.facts).takes_prompts
    has_enter = options.enter or takes_prompts or text.endswith(("\n", "\r")) or options.key == ["Enter"]
    is_more = options.steer or options.interrupt or options.at is not None or options.key not in ([], ["Enter"])
    if not text.strip() or not has_enter or is_more:
        if not info.facts.is_asleep:
            require_running(info)
        raise SessionEnded(f"{info.name} is asleep: only a text wakes it, now: outlive send {info.name} TEXT --enter")
    until_s, at_s, token = until(options.timeout), time.time(), uuid.uuid4().hex
    if options.wait:
        check_is_other(info)
        if not takes_prompts:
            require_record(info.id)
    woken = find(event_loop.run_command(wake(info.id, text.rstrip("\r\n"), token=token)).id)
    with TurnWatch(woken) as watch:
        _wait_until_given(woken, watch, until_s)
        if not (options.wait or options.json):
            print_line(f"sent to {name_and_id(woken)}{', which was asleep' if info.facts.is_asleep else ''}")
            return 0
        number, how = _turn_of(woken, watch, options, text, token, until_s)
        if not options.wait:
            print_json(SentText(woken.id, woken.name, number or None, how, ""))
            return 0
        if not number:
            turn = WITHOUT_TURN
        elif takes_prompts:
            turn = wait_for_answer(woken, watch, number, until_s)
        else:
            turn = wait_for_reply(woken, watch, Sent(text, at_s, number, began=False), until_s)
    show_turn(woken, turn, as_json=options.json, needs_text=not is_command(woken, text))
    return 0


def _turn_of(
    info: SessionInfo, watch: TurnWatch, options: argparse.Namespace, text: str, token: str, until_s: float
) -> tuple[int, How]:
    """The turn of the text; 0 if it has none, or none yet and nobody waits for it."""
    if traits_of(info.facts).takes_prompts:
        found = wait_for_turn(info, watch, lambda transcript: transcript.get(token), until_s, waits=options.wait)
        return found or (0, "unknown")
    may_be_without = is_command(info, text)
    number = max(watch.starts, default=0) or wait_for_begin(
        info, watch, until_s, FIRST_BEGINS_WITHIN_S, gives_up=not may_be_without
    )
    return number, "began" if number else "unknown"


def _wait_until_given(info: SessionInfo, watch: TurnWatch, until_s: float) -> None:
    """Wait until the agent that was started has the text.

    Raises:
        OutliveError: it did not get it.
    """
    while (prompt := find(info.id).facts.later) is not None and prompt.stage == "sending":
        soon_s = min(until_s, time.monotonic() + _LOOK_S)  # No event tells that the host has given it up.
        wait_for(info, watch, soon_s, "its agent to take the text", gives_up=until_s <= soon_s)
    if prompt is not None and prompt.stage == "missed":
        raise OutliveError(f"{info.name}: the text was not sent: {prompt.why}")
