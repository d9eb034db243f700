"""Whether a chat may be put to sleep: its program ends, its place stays, and a text wakes it. Pure."""

from __future__ import annotations

from session_host.protocol.facts import ChatFacts, Outcome
from session_host.protocol.values import Activity
from session_host.standing.status import shown_status

_MEGABYTE, _GIGABYTE = 1_000_000, 1_000_000_000


def memory_words(size_bytes: int) -> str:
    """Memory in words: "640 MB" or "1.2 GB"."""
    if size_bytes < _GIGABYTE:
        return f"{max(1, round(size_bytes / _MEGABYTE))} MB"
    return f"{size_bytes / _GIGABYTE:.1f} GB"


def gave_back(outcome: Outcome) -> str:
    """What a chat that was put to sleep gave back: "gave back 640 MB"; "" if that is not known."""
    return f"gave back {memory_words(outcome.freed_bytes)}" if outcome.freed_bytes else ""


def why_awake(facts: ChatFacts) -> str:
    """Why a chat is not put to sleep, after its name, as far as its facts say; "" if nothing hinders it.

    Its host knows more (``host.clients.sleeping``), and so does the disk (``client.chats.sleeping``).
    """
    return why_never(facts) or next(iter(reasons(facts)), "")


def why_never(facts: ChatFacts) -> str:
    """Why nothing could wake it, or why it cannot sleep now, whatever the user wants; "" if it can."""
    if facts.outcome.is_over:
        return "is asleep already" if facts.is_asleep else "has ended"
    if facts.origin.is_shell_or_command:
        return "has no agent, so nothing could wake it as it is"
    return "" if facts.program.conversation else "has no conversation yet that could be continued"


def reasons(facts: ChatFacts) -> list[str]:
    """What would end with its agent that the user may still want, clauses after its name."""
    status = shown_status(facts)
    found = []
    if status.activity is Activity.NEEDS_INPUT:
        found.append("asks something")
    elif status.activity is Activity.NO_SIGNAL:
        found.append("does not say what it does")
    elif status.activity is not Activity.IDLE:
        found.append(f"is {status.activity.words}")
    if status.last is not None and status.last.outcome == "limit":
        found.append("waits for a limit to be reset")
    if status.continues is not None and status.continues.waits:
        found.append("has a prompt that is to be sent later")
    return found
