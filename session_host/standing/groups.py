"""The group of a chat in lists, its mark, the order within a group, and the time since then."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from session_host.protocol.facts import ChatFacts, Outcome
from session_host.protocol.values import Activity
from session_host.standing.endings import has_failed
from session_host.standing.status import shown_activity, shown_status
from session_host.system.clock import parse_time


class Group(StrEnum):
    """The groups, from top to bottom. The values are their titles, and names in the window's saved layout."""

    NEEDS_YOU = "needs you"
    WORKING = "working"
    RUNNING = "running"
    IDLE = "idle"
    NO_SIGNAL = "no signal"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


OVER = frozenset({Group.INTERRUPTED, Group.ENDED})
"""The groups of chats that have ended; the latest end comes first."""


class Mark(StrEnum):
    """The marks; a value is the meaning, for screen readers."""

    NEEDS_YOU = "needs you"
    WORKING = "working"
    IDLE = "idle"
    ASLEEP = "asleep"
    TURN_FAILED = "stopped by an error"
    LIMIT = "stopped by a limit"
    RUNNING = "running"
    NO_SIGNAL = "no signal"
    STARTING = "starting"
    ENDED = "ended"
    FAILED = "ended with an error"
    INTERRUPTED = "interrupted"
    RECONNECTING = "reconnecting"
    UNRESPONSIVE = "does not answer"
    UNREACHABLE = "unreachable"


STARTING_S: Final = 60.0
"""How long an agent that has not reported anything counts as starting; then it has "no signal"."""


class Seen(NamedTuple):
    """What a viewer adds to the facts of a chat.

    Attributes:
        has_prompt: the chat was started with a first prompt.
        is_unreachable: its machine cannot be reached, so nothing is known about a chat that had not ended.
        is_unresponsive: its host does not answer.
        is_reconnecting: the connection to its host was lost a while ago.
        handed_to: the name of the chat that took over its task; "" if unknown.
    """

    has_prompt: bool = False
    is_unreachable: bool = False
    is_unresponsive: bool = False
    is_reconnecting: bool = False
    handed_to: str = ""


_BY_ACTIVITY: Final = {
    Activity.NEEDS_INPUT: Group.NEEDS_YOU,
    Activity.SUSPENDED: Group.NEEDS_YOU,
    Activity.WORKING: Group.WORKING,
    Activity.RUNNING: Group.RUNNING,
    Activity.IDLE: Group.IDLE,
    Activity.NO_SIGNAL: Group.NO_SIGNAL,
}
_MARKS: Final = {group: Mark[group.name] for group in Group}


def group_of(facts: ChatFacts, seen: Seen, now: datetime) -> Group:
    """The group of a chat: what starts works; of any other, it is a guess until the host has told its activity."""
    if facts.is_asleep:
        return Group.IDLE
    if facts.outcome.is_over:
        return group_of_ended(facts.outcome)
    if seen.is_unreachable:
        return Group.UNREACHABLE
    status = facts.status
    if is_unreported(facts, seen):
        if is_starting(facts, seen, now):
            return Group.WORKING
        if not status.since:
            return Group.WORKING if seen.has_prompt else Group.IDLE
    return _BY_ACTIVITY[shown_activity(status.activity, facts.origin.agent, facts.foreground)]


def group_of_ended(outcome: Outcome) -> Group:
    """The group of a chat that has ended so."""
    return Group.INTERRUPTED if outcome.reason == "interrupted" else Group.ENDED


def is_unreported(facts: ChatFacts, seen: Seen) -> bool:
    """Whether an agent runs and has not reported anything yet."""
    status = facts.status
    return (
        status.activity is Activity.NO_SIGNAL
        and not status.source
        and not facts.origin.is_shell_or_command
        and not facts.outcome.is_over
        and not seen.is_unresponsive
    )


def is_starting(facts: ChatFacts, seen: Seen, now: datetime) -> bool:
    """Whether an agent started a moment ago and has not reported anything yet.

    Lists for people say so. In JSON, and for ``outlive wait``, its activity is "no_signal": those have the values of
    ``Activity`` alone, and an agent may report nothing for ever.
    """
    created = parse_time(facts.origin.created_at) if is_unreported(facts, seen) else None
    # The clock may have been set back since.
    return created is not None and abs(now - created) < timedelta(seconds=STARTING_S)


def mark_of(facts: ChatFacts, seen: Seen, now: datetime) -> Mark:
    """The mark of a chat: its group's, unless it or its turn failed, it starts, does not answer or is reconnected."""
    group = group_of(facts, seen, now)
    if facts.is_asleep:
        return Mark.ASLEEP
    if group in OVER:
        return Mark.FAILED if has_failed(facts) else _MARKS[group]
    if group is Group.UNREACHABLE:
        return _MARKS[group]
    if seen.is_unresponsive:
        return Mark.UNRESPONSIVE
    if seen.is_reconnecting:
        return Mark.RECONNECTING
    if facts.status.failed:
        return Mark.LIMIT if facts.status.waits_for_limit else Mark.TURN_FAILED
    return Mark.STARTING if is_starting(facts, seen, now) else _MARKS[group]


def place_of(facts: ChatFacts) -> str:
    """Since when a chat has its place in lists: a resumed one has that of the chat before it."""
    return facts.entry.began_at or facts.origin.created_at


def order_key(group: Group, facts: ChatFacts) -> tuple[str, str]:
    """The sort key of a chat within its group; a row moves only when its state changes.

    Among chats that need the user, the longest wait comes first; other running chats have the order of
    their creation, below those whose turn failed. Ended chats are sorted by this key in reverse: the latest end first.
    """
    created_at = place_of(facts)
    if group is Group.NEEDS_YOU:
        return facts.status.since, created_at
    if group is Group.IDLE:
        return ("0" if facts.status.failed and not facts.status.waits_for_limit else "1"), created_at
    if group in OVER:
        return facts.outcome.ended_at or "", created_at
    return created_at, ""


def in_group_since(facts: ChatFacts, stale_after_s: float) -> datetime | None:
    """The time at which a chat entered its group; of the last report, if its agent has stopped reporting.

    None if that time is not valid.
    """
    if facts.outcome.is_over:
        return parse_time(facts.outcome.ended_at or facts.origin.created_at)
    status = shown_status(facts)
    since = parse_time(status.since or facts.origin.created_at)
    if since is not None and status.is_silent:
        # The report's time is when the host gave up waiting.
        return since - timedelta(seconds=stale_after_s)
    return since
