"""What follows from the facts of a chat, for commands and the window. Pure."""

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
