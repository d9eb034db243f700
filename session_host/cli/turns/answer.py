"""``outlive answer``: print the answer of a turn, or the output of a shell's command."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Final

from session_host.cli.arguments import add_session_argument, check_seconds
from session_host.cli.json_forms import TurnAnswer
from session_host.cli.output import print_error, print_json
from session_host.cli.peek import read_screen
from session_host.cli.session_argument import find
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.turn_watch import TurnWatch, started
from session_host.errors import HostUnavailable, NoAnswer, NoRecord, NotAllowed, UsageError
from session_host.protocol.events import TurnEnded
from session_host.protocol.untrusted_text import plain
from session_host.standing.traits import traits_of
from session_host.system import event_loop

from .prompts import wait_for_next_turn
from .reading import Answer, answer_of_turn
from .waiting import (
    AnsweredTurn,
    check_is_other,
    no_such_turn,
    raise_asks,
    raise_unless_done,
    until,
    wait_for_answer,
    wait_for_last_answer,
)

if TYPE_CHECKING:
    from session_host.structured.transcript import Transcript

_LOOK_S: Final = 0.3
"""The interval of looks at an agent's record while the answer is written."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    add_session_argument(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--turn", metavar="N", type=int, help="of this turn; `outlive events` names the turns")
    which.add_argument("--last", metavar="K", type=int, default=1, help="the K-th last answer; 1 without it")
    parser.add_argument(
        "--follow",
        action="store_true",
        help="as it is written, until the turn ends; without --turn, of the one that runs, or of the next prompt's",
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="with --follow, give up then (exit code 5)")
    parser.add_argument(
        "--json", action="store_true", help="print an object with the turn, how it ended and its answer"
    )
    parser.epilog = (
        "The answer is what the agent wrote in a finished turn, in Markdown, from its own record, not from the screen. "
        "Of a shell it is the output of a command. Exit code 2: Outlive can read no answer of this program."
    )


def run(options: argparse.Namespace) -> int:
    """Print an answer."""
    if options.last < 1 or (options.turn is not None and options.turn < 1):
        raise UsageError("--turn and --last count from 1")
    check_seconds("--timeout", options.timeout)
    info = find(options.session)
    if info.facts.origin.is_shell_or_command:
        if options.turn is not None or options.follow:
            raise UsageError(f"{info.name} has commands, not turns; use --last, or `outlive events {info.name}`")
        show(info, Answer(command_output(info, options.last), is_whole=True), as_json=options.json)
        return 0
    if options.follow:
        check_is_other(info)
    until_s = until(options.timeout)
    with TurnWatch(info) as watch:
        number = options.turn or (watch.running if options.follow else 0)
        if not number and options.follow and watch.question is not None:
            raise_asks(info, watch.question, f"outlive answer {info.name} --follow")
        if not number and options.follow:
            number = wait_for_next_turn(info, watch, until_s)
        if not number:
            show_turn(info, wait_for_last_answer(info, watch, options.last), as_json=options.json)
            return 0
        if not options.follow and number not in watch.ends and not watch.is_over:
            if number > max(watch.starts, default=0) + 1:
                raise no_such_turn(info, number)
            raise NoAnswer(f"turn {number} of {info.name} has not ended yet; --follow waits for it")
        follow = _Follow(info, watch, number, until_s) if options.follow and not options.json else None
        turn = wait_for_answer(info, watch, number, until_s, follow.look if follow else None)
        if follow is not None:
            follow.end(turn)
        show_turn(info, turn, as_json=options.json, is_printed=follow is not None)
    return 0


def command_output(info: SessionInfo, back: int) -> str:
    """The output of a shell's command that has ended: 1 for the last one.

    Raises:
        NoRecord: the shell does not mark its commands.
        NoAnswer: there are not so many.
    """
    screen = read_screen(info, command=back)
    if screen.commands >= back:
        return "\n".join(screen.lines)
    if screen.commands >= 0:
        raise NoAnswer(f"{info.name}: {screen.commands or 'no'} commands have ended on its screen and above it")
    raise NoRecord(f"{info.name} marks no commands; see `outlive peek {info.name}`")


def show_turn(
    info: SessionInfo, turn: AnsweredTurn, *, as_json: bool, is_printed: bool = False, needs_text: bool = True
) -> None:
    """Print a turn's answer.

    Raises:
        NoAnswer: the turn ended well, and there is none, although ``needs_text``.
        TurnFailed, SessionEnded: see ``raise_unless_done``.
    """
    if not is_printed:
        show(info, turn.answer, turn.end, as_json=as_json)
    raise_unless_done(info, turn.end)
    if not turn.answer.text and needs_text:
        raise NoAnswer(f"{info.name}: turn {turn.end.turn} ended without a text")
    if turn.answer.text and not turn.answer.is_whole:
        print_error(f"{info.name}: the agent may not have written all of this answer yet")


def show(info: SessionInfo, answer: Answer, end: TurnEnded | None = None, *, as_json: bool) -> None:
    """Print an answer, or the object with it."""
    if as_json:
        end = end or TurnEnded(turn=0, outcome="done")
        turn, resets_at = end.turn or None, end.resets_at
        print_json(
            TurnAnswer(info.id, info.name, turn, end.outcome, end.error, resets_at, answer.is_whole, answer.text)
        )
    elif answer.text:
        print(plain(answer.text, len(answer.text), keep_lines=True), flush=True)


class _Follow:
    """Prints an answer as it grows: of a chat view with the transcript, of a terminal by looks at a record."""

    def __init__(self, info: SessionInfo, watch: TurnWatch, number: int, until_s: float) -> None:
        self._info, self._watch, self._number, self._until_s = info, watch, number, until_s
        self._printed = ""
        self._next_s = 0.0
        self._has_transcript = traits_of(info.facts).has_transcript

    def look(self) -> float:
        """Print what is new; returns when to look again. With a transcript, return when it has no more for now."""
        if time.monotonic() >= self._next_s:
            if self._has_transcript and self._number in self._watch.starts:
                event_loop.run_command(self._print_as_written())
            else:
                answer = answer_of_turn(self._info, self._watch, self._number)
                self._print(answer.text if answer is not None else "")
            self._next_s = time.monotonic() + _LOOK_S
        return self._next_s

    async def _print_as_written(self) -> None:
        """Print until the turn is over, the agent asks, or the time has come; go on if another host serves the chat."""
        from session_host.client.viewer.transcript_watch import watch_transcript  # Terminals have no transcript.
        from session_host.structured.turns import answer_in_turn, is_turn_over

        turn = started(self._watch.starts[self._number]).agents_id

        def is_enough(transcript: Transcript) -> bool:
            self._print(answer_in_turn(transcript, turn))
            return bool(transcript.open_requests) or is_turn_over(transcript, turn)

        with contextlib.suppress(TimeoutError):
            try:
                async with asyncio.timeout(None if self._until_s == math.inf else self._until_s - time.monotonic()):
                    await watch_transcript(self._info.id, is_enough)
            except (NotAllowed, HostUnavailable):
                self._has_transcript = False  # The recording has it.

    def end(self, turn: AnsweredTurn) -> None:
        """Print the rest."""
        self._print(turn.answer.text)
        if self._printed:
            print(flush=True)

    def _print(self, text: str) -> None:
        text = plain(text, len(text), keep_lines=True)
        if text.startswith(self._printed):
            print(text[len(self._printed) :], end="", flush=True)
        elif text:  # The agent has changed what it wrote before.
            print(f"\n\n{text}", end="", flush=True)
        self._printed = text or self._printed
