"""The status of a chat as users know it."""

from __future__ import annotations

from msgspec.structs import replace

from session_host.protocol.facts import AgentStatus, ChatFacts, Foreground
from session_host.protocol.values import FOREGROUND, WITHOUT_AGENT, Activity


def shown_activity(activity: Activity, agent: str, foreground: Foreground | None) -> Activity:
    """The activity as users know it.

    A shell or command reports an activity only if a program in it does. Without that it is idle at its prompt, and runs
    otherwise; a shell begins at its prompt.

    Args:
        activity: the last report.
        agent: the catalog name.
        foreground: None while unknown.
    """
    if agent not in WITHOUT_AGENT or activity is not Activity.NO_SIGNAL:
        return activity
    is_at_prompt = agent == "shell" if foreground is None else not foreground.program
    return Activity.IDLE if is_at_prompt else Activity.RUNNING


def shown_status(facts: ChatFacts) -> AgentStatus:
    """The status as users know it: that of a shell or command follows from its foreground, if nothing reports one."""
    status, foreground = facts.status, facts.foreground
    activity = shown_activity(status.activity, facts.origin.agent, foreground)
    if activity is status.activity:
        return status
    since = status.since
    if foreground is not None:
        since = ("" if foreground.program else foreground.last_ended) or foreground.since or since
    return replace(status, activity=activity, source=FOREGROUND, since=since)


def is_plain(facts: ChatFacts) -> bool:
    """Whether a chat is a running shell or command in which no program reports an activity."""
    return (
        facts.origin.is_shell_or_command and facts.status.activity is Activity.NO_SIGNAL and not facts.outcome.is_over
    )


def is_at_prompt(facts: ChatFacts) -> bool:
    """Whether a chat is a shell that is known to wait for a command."""
    return is_plain(facts) and facts.foreground is not None and not facts.foreground.program


def is_suspended(facts: ChatFacts) -> bool:
    """Whether the program of a chat is stopped, and the next key continues it."""
    return facts.status.activity is Activity.SUSPENDED and not facts.outcome.is_over
