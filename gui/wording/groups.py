"""The sidebar group of a chat, its mark, and the order within a group."""

from __future__ import annotations

from enum import StrEnum

from gui.theme.icons import Mark
from gui.wording.text import Text
from session_host.protocol.values import Activity, State


class Group(StrEnum):
    """The sidebar's groups, from top to bottom. The values are names in the window's saved layout."""

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

_WORDS = {
    Group.NEEDS_YOU: Text("needs you"),
    Group.WORKING: Text("working"),
    Group.RUNNING: Text("running"),
    Group.IDLE: Text("idle"),
    Group.NO_SIGNAL: Text("no signal"),
    Group.UNREACHABLE: Text("unreachable"),
    Group.INTERRUPTED: Text("interrupted"),
    Group.ENDED: Text("ended"),
}

_BY_ACTIVITY: dict[str, Group] = {
    Activity.NEEDS_INPUT: Group.NEEDS_YOU,
    Activity.SUSPENDED: Group.NEEDS_YOU,
    Activity.WORKING: Group.WORKING,
    Activity.RUNNING: Group.RUNNING,
    Activity.IDLE: Group.IDLE,
    Activity.NO_SIGNAL: Group.NO_SIGNAL,
}

_MARK = {group: Mark[group.name] for group in Group}


def group_of(state: State, activity: str, *, interrupted: bool = False, unreachable: bool = False) -> Group:
    """The group of a chat in this state.

    Args:
        state: the state of its process.
        activity: its activity, as ``standing.shown_activity`` says it.
        interrupted: a restart of the computer ended it.
        unreachable: its machine cannot be reached, so nothing is known about a chat that had not ended.
    """
    if interrupted:
        return Group.INTERRUPTED
    if state in {State.EXITED, State.LOST}:
        return Group.ENDED
    if unreachable:
        return Group.UNREACHABLE
    return _BY_ACTIVITY[activity]


def group_words(group: Group) -> str:
    """The window's name for a group."""
    return _WORDS[group]()


def activity_words(activity: Activity, *, turn_failed: bool = False) -> str:
    """The window's term for an activity: that of its group, except for a suspended program and a failed turn."""
    if turn_failed:
        return Text("stopped by an error")()
    if activity is Activity.SUSPENDED:
        return Text("suspended")()
    return group_words(_BY_ACTIVITY[activity])


def mark_of(
    group: Group,
    *,
    failed: bool,
    reconnecting: bool,
    unresponsive: bool = False,
    starting: bool = False,
    turn_failed: bool = False,
) -> Mark:
    """The mark of a chat: its group's, unless it or its turn failed, it starts, does not answer or is reconnected."""
    if group in OVER:
        return Mark.FAILED if failed else _MARK[group]
    if group is Group.UNREACHABLE:
        return _MARK[group]
    if unresponsive:
        return Mark.UNRESPONSIVE
    if reconnecting:
        return Mark.RECONNECTING
    if turn_failed:
        return Mark.TURN_FAILED
    return Mark.STARTING if starting else _MARK[group]


def order_key(group: Group, created_at: str, since: str, ended_at: str) -> tuple[str, str]:
    """The sort key within a group; a row moves only when its state changes.

    Among chats that need the user, the longest wait comes first; other running chats have the order of
    their creation. Ended chats are sorted by this key in reverse: the latest end comes first.
    """
    if group is Group.NEEDS_YOU:
        return since, created_at
    if group in OVER:
        return ended_at, created_at
    return created_at, ""
