"""The lines of ``outlive events``: one JSON object each, or words for people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final, assert_never

import msgspec

from session_host.cli.output import has_colors, time_of_day
from session_host.machines.names import HERE
from session_host.protocol.events import (
    Answered,
    Asked,
    At,
    ChatState,
    CommandEnded,
    Ended,
    EventLine,
    Gap,
    Hello,
    Interrupted,
    LaterSet,
    Limit,
    LimitsChanged,
    Missed,
    Reachable,
    Removed,
    Renamed,
    Reset,
    Slept,
    Started,
    StatusChanged,
    TurnCounted,
    TurnEnded,
    TurnStarted,
    Unreachable,
    Withdrawn,
    Woke,
)
from session_host.protocol.facts import AgentStatus, Outcome
from session_host.protocol.shown_duration import exact_duration
from session_host.protocol.turns import TurnWork
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.protocol.values import Activity, State
from session_host.standing.accounts import with_account
from session_host.standing.clock_times import told_time
from session_host.standing.endings import end_of
from session_host.standing.limits import limit_name, used_percent
from session_host.standing.sleep import memory_words
from session_host.structured.items import PLACES
from session_host.system.clock import parse_time

_BY: Final = PLACES | {"dialog": "in its own dialog"}
_NAME_COLUMNS: Final = 20
_DETAIL_CHARACTERS: Final = 200
_BOLD, _PLAIN, _BELL = "\x1b[1m", "\x1b[0m", "\a"


class LinePrinter:
    """Prints lines, with a bell for each event if that is wanted."""

    def __init__(self, *, is_json: bool, rings: bool) -> None:
        self._is_json, self._rings = is_json, rings
        self._bold, self._plain = (_BOLD, _PLAIN) if not is_json and has_colors() else ("", "")

    def print(self, line: EventLine) -> None:
        """Print a line, unless it is for programs only."""
        if self._is_json:
            print(escaped(msgspec.json.encode(line).decode()))
            return
        if not (words := words_of(line)):
            return
        where = line.machine if line.machine != HERE else ""
        name = one_line(":".join(filter(None, (where, line.chat.name if line.chat is not None else ""))))
        bell = _BELL if self._rings and not isinstance(line.event, ChatState) else ""
        print(f"{bell}{time_of_day(line.time)}  {self._bold}{name:<{_NAME_COLUMNS}}{self._plain}  {one_line(words)}")

    def flush(self) -> None:
        """Give the reader what was printed."""
        sys.stdout.flush()


def words_of(line: EventLine) -> str:  # noqa: C901, PLR0912 - one case for each event
    """An event in words; "" for one that people need not see."""
    match line.event:
        case Hello() | At() | Reset():
            return ""
        case Started(agent=agent, directory=directory, account=account):
            return f"started: {with_account(agent, account)} in {directory}"
        case StatusChanged() as event:
            follows = event.after is Activity.NO_SIGNAL and not event.source
            return "" if follows else _status_words(event)  # The end follows.
        case ChatState(status=status):
            return _status_words(status) if status is not None else "running"
        case Asked(title=title, request=request, about=about):
            where = "" if request or about else " in its terminal"
            return f"asks{where}: {title}" if title else f"asks{where}"
        case Answered(by=by, name=name):
            return f"answered {_BY.get(by, by)}{f': {name}' if name else ''}"
        case Withdrawn():
            return "asks this no more"
        case TurnStarted(turn=turn, by=by):
            return f"turn {turn} began {_BY.get(by, by)}".rstrip()
        case TurnEnded() as event:
            return _end_words(event)
        case TurnCounted(turn=turn, work=work):
            return f"turn {turn} did: {done}" if work is not None and (done := _work_words(work)) else ""
        case LaterSet(due=due, by=by):
            what = f"a prompt is to be sent at {_clock(due)}" if due else "nothing is to be sent later any more"
            return f"{what}, {_BY.get(by, by)}".removesuffix(", ")
        case Missed(due=due, why=why, asks=asks):
            return f"a prompt for {_clock(due)} was not sent{', and waits for your word' if asks else ''}: {why}"
        case LimitsChanged(limits=limits):
            return f"limits: {', '.join(map(_limit_words, limits))}"
        case CommandEnded(exit_code=code, duration_s=seconds):
            return f"command ended after {exact_duration(round(seconds * 1000))}" + (
                f": exit code {code}" if code else ""
            )
        case Ended(exit_code=code, exit_signal=signal, end_request=request, error=error, left=left):
            state = State.LOST if code is None and signal is None and error else State.EXITED
            ended = f"ended: {end_of(Outcome(state, code, signal, request, error)).status}"
            return f"{ended}; still running: {', '.join(left)}" if left else ended
        case Slept(freed_bytes=freed):
            return f"put to sleep; it gave back {memory_words(freed)}" if freed else "put to sleep"
        case Woke(continued_by=by):
            return f"woken: it continues as {by[:8]}"
        case Interrupted():
            return "interrupted by a restart of the computer"
        case Renamed(before=before):
            return f"renamed; it was {before}"
        case Removed():
            return "removed"
        case Gap(count=count):
            return f"{count} events are missing: the disk did not take them"
        case Unreachable(why=why):
            return f"cannot be reached: {why}"
        case Reachable():
            return "can be reached again"
        case _:
            assert_never(line.event)


def _limit_words(limit: Limit) -> str:
    until = f" until {_clock(limit.resets_at)}" if limit.resets_at else ""
    return f"{limit_name(limit.window_min, limit.name)} {used_percent(limit.used)} %{until}"


def _end_words(event: TurnEnded) -> str:
    words = f"turn {event.turn} ended: {event.outcome}" + (f": {event.error}" if event.error else "")
    tokens = f"{event.tokens:,} tokens" if event.tokens else ""
    files = f"{event.files_changed} {'file' if event.files_changed == 1 else 'files'}" if event.files_changed else ""
    done = ", ".join(filter(None, (tokens, files)))
    return f"{words} ({done})" if done else words


def _work_words(work: TurnWork) -> str:
    """The work of a turn in words; "" if there is none to tell."""
    tokens = work.read + work.cached + work.written
    lines = f" +{work.added} −{work.removed}"
    return ", ".join(
        filter(
            None,
            (
                f"{work.files} {'file' if work.files == 1 else 'files'}{lines}" if work.files else "",
                f"{work.commands} {'command' if work.commands == 1 else 'commands'}" if work.commands else "",
                f"{work.failed} failed" if work.failed else "",
                f"{work.declined} declined" if work.declined else "",
                f"{tokens:,} tokens" if tokens else "",
            ),
        )
    )


def _status_words(event: StatusChanged) -> str:
    words = AgentStatus(event.after, failed=event.failed).words
    detail = one_line(event.detail)[:_DETAIL_CHARACTERS]
    return f"{words}: {detail}" if detail else words


def _clock(at: str) -> str:
    """A time in ISO 8601, in words."""
    moment = parse_time(at)
    return told_time(moment, datetime.now(UTC)) if moment is not None else at
