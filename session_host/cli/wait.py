"""``outlive wait``: wait until a chat, or the first of several, shows a text, has a status, is quiet or ends."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence

from session_host.client.control import ControlConnection
from session_host.client.sessions.following import later_changes
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.viewer.transcript_watch import watch_transcript
from session_host.errors import HostUnavailable, OutliveError, ProtocolMismatch, SessionEnded, TimedOut, UsageError
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import (
    ActivityEvent,
    Describe,
    Description,
    Failed,
    ForegroundEvent,
    Output,
    Peek,
    Screen,
    SnapshotPart,
    StateEvent,
)
from session_host.protocol.values import RUNNING_STATES, Activity, State
from session_host.standing.endings import end_of
from session_host.standing.status import shown_activity
from session_host.standing.traits import traits_of
from session_host.structured.text import all_lines, ending_lines, item_lines
from session_host.structured.transcript import Transcript
from session_host.system import event_loop

from .arguments import check_seconds
from .output import print_line
from .peek import read_screen
from .session_argument import find, running_sessions, with_store

CHECK_INTERVAL_S = 0.1
"""The shortest interval between checks of a chat that writes without pause: each reads its whole history."""

TRIES = 10
"""How often to try to reach a host that does not answer."""

STATUSES = tuple(map(str, Activity))
"""As ``ls`` says them; a shell at its prompt is idle."""

MAX_NAMED = 3
"""A longer list of chats is not readable."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument(
        "sessions",
        metavar="CHAT",
        nargs="*",
        help="name, id or unique id prefix; with several, waits until the condition holds for one of them",
    )
    parser.add_argument("--any", action="store_true", help="wait for any of the chats that run now")
    condition = parser.add_mutually_exclusive_group(required=True)
    condition.add_argument(
        "--text", metavar="REGEX", help="until the screen or scrollback matches this regular expression"
    )
    condition.add_argument("--exited", action="store_true", help="until the agent exits")
    condition.add_argument(
        "--status",
        "--activity",
        dest="activity",
        metavar="STATUS",
        choices=STATUSES,
        help=f"until the chat's status is one of {', '.join(STATUSES)}",
    )
    condition.add_argument(
        "--quiet", metavar="SECONDS", type=float, help="until the chat has written nothing for this time, or has ended"
    )
    condition.add_argument(
        "--turn",
        metavar="N",
        type=int,
        help="until this turn has ended (exit code 9: it asks; 10: an error, a limit or the user stopped it)",
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="give up after this time (exit code 5)")
    parser.epilog = "With several chats, or --any, it prints the name of the chat for which the condition holds."


def run(options: argparse.Namespace) -> int:
    """Wait for the condition."""
    check_seconds("--timeout", options.timeout)
    check_seconds("--quiet", options.quiet)
    pattern = _compile(options.text) if options.text is not None else None
    infos = _chats(options)
    if options.turn is not None:
        return _wait_for_turn(infos, options)
    try:
        found = event_loop.run_command(_wait_for_first(infos, options, pattern))
    except TimeoutError as error:
        raise TimedOut(
            f"{_names(infos)}: timed out after {options.timeout:g} s waiting for {_condition_text(options)}"
        ) from error
    if len(options.sessions) != 1:
        print_line(found.name)
    return 0


def _wait_for_turn(infos: Sequence[SessionInfo], options: argparse.Namespace) -> int:
    """Wait until a turn of one chat has ended."""
    from session_host.client.sessions.turn_watch import TurnWatch

    from .turns.waiting import check_is_other, raise_unless_done, until, wait_for_end

    if len(infos) != 1 or options.any:
        raise UsageError("--turn needs one chat")
    if options.turn < 1:
        raise UsageError("--turn counts from 1")
    check_is_other(infos[0])
    with TurnWatch(infos[0]) as watch:
        end = wait_for_end(infos[0], watch, options.turn, until(options.timeout))
    raise_unless_done(infos[0], end)
    return 0


def _chats(options: argparse.Namespace) -> list[SessionInfo]:
    if bool(options.sessions) == options.any:
        raise UsageError("name the chats to wait for, or use --any for all that run; see `outlive wait --help`")
    if options.sessions:
        return [find(text) for text in options.sessions]
    return running_sessions()


async def _wait_for_first(
    infos: Sequence[SessionInfo], options: argparse.Namespace, pattern: re.Pattern[str] | None
) -> SessionInfo:
    """Wait until the condition holds for one of the chats, and return it. A chat that ends before is left out.

    Raises:
        OutliveError: the condition can hold for none of them any more; the reason for the last one.
    """
    found: list[SessionInfo] = []
    problems: list[OutliveError | OSError] = []
    timeouts: list[TimeoutError] = []

    async def wait(info: SessionInfo) -> None:
        try:
            try:
                await _wait(info, options, pattern)
            except _Ended:
                await asyncio.to_thread(_check_ended, info, options, pattern)
        except TimeoutError as error:
            timeouts.append(error)
        except (OutliveError, OSError) as error:
            problems.append(error)
        else:
            found.append(info)
            raise _ConditionHolds

    try:
        async with asyncio.TaskGroup() as group:
            for info in infos:
                group.create_task(wait(info))
    except* _ConditionHolds:
        pass
    if found:
        return found[0]
    raise timeouts[-1] if timeouts else problems[-1]


class _ConditionHolds(Exception):
    """Ends the other waits, since the condition holds for one chat."""


class _Ended(Exception):
    """The session ended before the condition was met."""


def _compile(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise UsageError(f"--text {text}: invalid regular expression ({error})") from error


def _names(infos: Sequence[SessionInfo]) -> str:
    """The chats' names; of many chats, the first ones and how many more there are."""
    shown = infos if len(infos) <= MAX_NAMED + 1 else infos[:MAX_NAMED]
    names = ", ".join(info.name for info in shown)
    return names if shown is infos else f"{names} and {len(infos) - MAX_NAMED} other chats"


def _condition_text(options: argparse.Namespace) -> str:
    if options.text is not None:
        return f"the text {options.text!r}"
    if options.quiet is not None:
        return f"{options.quiet:g} s without output"
    return "the end of the chat" if options.exited else f"the status {options.activity!r}"


def _check_ended(info: SessionInfo, options: argparse.Namespace, pattern: re.Pattern[str] | None) -> None:
    """Check an ended session: the end may meet the condition, or the last screen may contain the text."""
    if options.exited or options.quiet is not None:
        return
    ended = find(info.id)
    # Without a saved screen, the text cannot be found.
    with contextlib.suppress(SessionEnded):
        if pattern is not None:
            screen = read_screen(ended, scrollback=True)
            if _is_in(pattern, screen.lines, screen.size.columns):
                return
    how = end_of(ended.facts.outcome).predicate
    raise SessionEnded(f"{info.name} {how} while waiting for {_condition_text(options)}")


async def _wait(info: SessionInfo, options: argparse.Namespace, pattern: re.Pattern[str] | None) -> None:
    failures = 0
    async with asyncio.timeout(options.timeout):
        if pattern is not None and traits_of(info.facts).has_transcript and info.state in RUNNING_STATES:
            if await wait_for_text(info.id, pattern):
                return
            info = await asyncio.to_thread(find, info.id)
        while info.state in RUNNING_STATES or _sleeps_on(info, options):
            if info.facts.is_asleep:
                info = await _after_sleep(info)
                continue
            try:
                async with ControlConnection(info.id) as connection:
                    failures = 0
                    if pattern is not None:
                        await _wait_for_text(connection, pattern)
                        return
                    if options.activity is not None:
                        await _wait_for_activity(connection, info.facts.origin.agent, options.activity)
                        return
                    if options.quiet is not None:
                        await _wait_for_quiet(connection, options.quiet)
                        return
                    await _wait_for_end(connection)
            except HostUnavailable as error:
                # Either the session has just ended, which the store shows, or its host is slow.
                failures += 1
                if isinstance(error, ProtocolMismatch) or failures > TRIES:
                    raise
                await asyncio.sleep(CHECK_INTERVAL_S)
            info = await asyncio.to_thread(find, info.id)
    if (options.exited and info.state == State.LOST) or (info.facts.is_asleep and options.activity == Activity.IDLE):
        return
    from session_host.client.chats.removal import wait_until_exit_saved

    with contextlib.suppress(OutliveError):  # It has ended, even if that cannot be saved.
        await wait_until_exit_saved(info.id)  # Otherwise the next command might not see the end.
    raise _Ended


def _sleeps_on(info: SessionInfo, options: argparse.Namespace) -> bool:
    """Whether a chat is asleep, and the wait goes on: it is idle, and has not exited."""
    return info.facts.is_asleep and (options.exited or options.activity not in {None, Activity.IDLE})


async def _after_sleep(info: SessionInfo) -> SessionInfo:
    """Wait until a chat is not asleep any more: the chat that continues it, or it as an ended one."""
    position = await asyncio.to_thread(with_store, lambda store: store.ledger.position())
    while True:
        found = await asyncio.to_thread(find, info.id)
        if not found.facts.is_asleep:
            woken = found.facts.entry.continued_by
            return found if woken is None else await asyncio.to_thread(find, woken)
        position = (await later_changes(position)).position


async def _wait_for_text(connection: ControlConnection, pattern: re.Pattern[str]) -> None:
    """Wait for text; check the chat whenever it has written something.

    Raises:
        _Ended: the chat ended.
        HostUnavailable: the connection ended.
    """
    loop = asyncio.get_running_loop()
    connection.follow(output=True)
    connection.send_only(Peek(1, 0, True))
    lines: list[str] = []
    is_reading, has_more = True, False

    def read_screen_again() -> None:
        nonlocal is_reading, has_more
        is_reading, has_more = True, False
        lines.clear()
        connection.send_only(Peek(1, 0, True))

    async for message in _messages(connection):
        match message:
            case Output() | SnapshotPart() if is_reading:
                has_more = True
            case Output() | SnapshotPart():  # after a flood, the last output may come as a snapshot
                read_screen_again()
            case Screen():
                lines += message.lines
                if not message.last:
                    continue
                if _is_in(pattern, lines, message.size.columns):
                    return
                is_reading = False
                if has_more:
                    is_reading = True
                    loop.call_later(CHECK_INTERVAL_S, read_screen_again)
            case Failed(message=text):
                raise OutliveError(text)
            case _:
                pass


def _is_in(pattern: re.Pattern[str], lines: Sequence[str], columns: int) -> bool:
    """Whether the pattern is in a screen, also where an agent has wrapped a line by itself."""
    from session_host.storage.search.lines import texts_of  # Only waiting for a text needs it.

    return any(pattern.search(text) for text in texts_of(lines, columns))


async def _wait_for_activity(connection: ControlConnection, agent: str, expected: str) -> None:
    connection.follow(output=False)
    connection.send_only(Describe(1))
    activity: Activity | None = None
    foreground: Foreground | None = None
    async for message in _messages(connection):
        match message:
            case Description():
                activity, foreground = message.facts.status.activity, message.facts.foreground
            case ActivityEvent() if activity is not None:
                activity = message.status.activity
            case ForegroundEvent():
                foreground = message.foreground
            case _:
                continue
        if activity is not None and shown_activity(activity, agent, foreground) == expected:
            return


async def _wait_for_quiet(connection: ControlConnection, seconds: float) -> None:
    """Wait until the chat has written nothing for this time.

    Raises:
        _Ended: the chat ended.
        HostUnavailable: the connection ended.
    """
    loop = asyncio.get_running_loop()
    connection.follow(output=True)
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            async for message in _messages(connection):
                if isinstance(message, Output | SnapshotPart):
                    limit.reschedule(loop.time() + seconds)
    except TimeoutError:
        if not limit.expired():
            raise


async def _messages(connection: ControlConnection) -> AsyncIterator[object]:
    """Yield the host's messages while the chat runs.

    Raises:
        _Ended: the chat ended.
        HostUnavailable: the connection ended.
    """
    async for message in connection.messages():
        if isinstance(message, StateEvent) and message.outcome.state is State.EXITED:
            await _wait_until_closed(connection)
            raise _Ended
        yield message
    raise HostUnavailable("the connection to the chat was lost")


async def _wait_for_end(connection: ControlConnection) -> None:
    connection.follow(output=False)
    await _wait_until_closed(connection)


async def _wait_until_closed(connection: ControlConnection) -> None:
    """Wait until the host exits: it records the end first, so the next command sees the end."""
    async for _ in connection.messages():
        pass


async def wait_for_text(session_id: str, pattern: re.Pattern[str]) -> bool:
    """Wait until a pattern is in a running chat; False if the chat ended without it.

    Raises:
        NotAllowed: this process belongs to an agent that may not attach to the chat.
        HostUnavailable: the chat's host is gone.
    """
    return await watch_transcript(session_id, _Finder(pattern).is_in) is not None


class _Finder:
    """Searches a transcript for a pattern: first all items, then only the changed ones."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._known: Transcript | None = None

    def is_in(self, transcript: Transcript) -> bool:
        """Whether the pattern is in the transcript."""
        changed = transcript.take_changes().items
        if transcript is not self._known:
            self._known = transcript
            text = "\n".join(line.text for line in all_lines(transcript, folded=False))
            return self._pattern.search(text) is not None
        items = [item for item_id in changed if (item := transcript.get(item_id)) is not None]
        blocks = [item_lines(item, folded=False) for item in items] + [ending_lines(transcript)]
        return any(self._pattern.search("\n".join(line.text for line in block)) for block in blocks)
