"""Whether a chat may be put to sleep: its program ends, its place stays, and a text wakes it. Pure."""

from __future__ import annotations

from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Activity
from session_host.standing.status import shown_status


def why_awake(facts: ChatFacts) -> str:
    """Why a chat is not put to sleep, after its name, as far as its facts say; "" if nothing hinders it.

    Its host knows more: processes of its own, texts in its queue, chats that report back to it.
    """
    status = shown_status(facts)
    if facts.outcome.is_over:
        return "is asleep already" if facts.is_asleep else "has ended"
    if facts.origin.is_shell_or_command:
        return "has no agent, so nothing could wake it as it is"
    if not facts.program.conversation:
        return "has no conversation yet that could be continued"
    if status.activity is Activity.NEEDS_INPUT:
        return "asks something"
    if status.activity is Activity.NO_SIGNAL:
        return "does not say what it does"
    if status.activity is not Activity.IDLE:
        return f"is {status.activity.words}"
    if status.last is not None and status.last.outcome == "limit":
        return "waits for a limit to be reset"
    return "has a prompt that is to be sent later" if status.continues is not None else ""
