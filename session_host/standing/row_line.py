"""The line below a chat's name in every list: what it asks, does, or said last; and its project's colour. Pure.

The first that is true: it has ended, and how; it cannot be reached; it asks; who took over its task; why it failed; a
limit stopped it; nothing came from it; it is asleep; what it does now; the program in front; what is to be sent to it
at a time; the first sentence of its last answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, NamedTuple

from session_host.protocol.facts import AgentStatus, ChatFacts, LaterPrompt
from session_host.protocol.untrusted_text import one_line, topic_of
from session_host.protocol.values import Activity
from session_host.standing.endings import how_ended
from session_host.standing.groups import Seen, in_group_since, is_starting
from session_host.standing.hand_over import handed_words, was_handed_over
from session_host.standing.later_prompt import is_too_late, later_words
from session_host.standing.sleep import gave_back
from session_host.standing.status import shown_status
from session_host.structured.markdown_line import plain_text
from session_host.system.clock import parse_time

Role = Literal["asks", "failed", "quiet"]

HUES: Final = 5
"""How many colours projects have."""
MAX_CHARACTERS: Final = 120
ASKS: Final = "Needs your answer"
SUSPENDED: Final = "Suspended: the next key continues it"
FAILED: Final = "Stopped by an error"
WORKING: Final = "Working"
STATES: Final = frozenset({"", ASKS, SUSPENDED, FAILED, WORKING})
"""Lines that say no more than the state does."""
_STALE_S: Final = 60.0


class RowLine(NamedTuple):
    """The line.

    Attributes:
        text: one line of at most ``MAX_CHARACTERS``; "" if there is nothing to say. It is the agent's or a program's
            own text, made harmless.
        role: whether it is a question, an error, or neither.
    """

    text: str
    role: Role = "quiet"


def row_line(
    facts: ChatFacts, seen: Seen, now: datetime, clock: Callable[[datetime], str], stale_s: float = _STALE_S
) -> RowLine:
    """The line of a chat.

    Args:
        facts: the chat's.
        seen: what the viewer adds.
        now: the current time.
        clock: writes a time for people, such as "15:00" or "Sat 15:00".
        stale_s: after so many seconds without a word its agent counts as silent.
    """
    line = _whole(facts, seen, now, clock, stale_s)
    text = one_line(line.text).strip()
    return line._replace(text=text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1].rstrip()}…")


def project_hue(project: str) -> int:
    """The colour of a project (``Origin.real_project``) in every list, 0 to ``HUES`` − 1: for ever the same."""
    return zlib.crc32(project.encode(errors="surrogateescape")) % HUES


def _whole(facts: ChatFacts, seen: Seen, now: datetime, clock: Callable[[datetime], str], stale_s: float) -> RowLine:
    status, activity = facts.status, shown_status(facts).activity
    if facts.outcome.is_over:
        back = gave_back(facts.outcome) if facts.is_asleep else ""
        said = how_ended(facts).phrase, back, _later_of_ended(facts, now, clock)
        return RowLine(" · ".join(filter(None, said)))
    if seen.is_unreachable:
        return RowLine("as it was then; it may still run")
    if activity is Activity.SUSPENDED:
        return RowLine(SUSPENDED, "asks")
    if activity is Activity.NEEDS_INPUT:
        return RowLine(status.detail or ASKS, "asks")
    if activity is Activity.IDLE and was_handed_over(facts):
        return RowLine(handed_words(seen.handed_to))
    if status.failed:
        return _failed(facts, clock)
    if status.is_silent and (since := in_group_since(facts, stale_s)) is not None:
        return RowLine(f"No word since {clock(since)} · was working")
    if is_starting(facts, seen, now):
        return RowLine("Starting…")
    if facts.origin.is_shell_or_command and facts.shell.program and activity is status.activity:
        return RowLine(" · ".join(filter(None, (facts.shell.program, status.detail))))
    if activity is Activity.WORKING:
        return RowLine(status.doing or status.detail or WORKING)
    if activity is Activity.RUNNING:
        program = facts.shell.program
        return RowLine(program if topic_of(program) != facts.entry.shown_name else "")
    if facts.origin.is_shell_or_command:
        return RowLine(status.detail or _last_command(facts.shell.last_exit_code))
    if status.continues is not None and _is_news(status.continues, status):
        return RowLine(later_words(status.continues, clock))
    return RowLine(plain_text(status.said) or status.detail)


def _is_news(prompt: LaterPrompt, status: AgentStatus) -> bool:
    """Whether a prompt waits, or was not sent and no turn began since its time."""
    began = status.last.began if status.last is not None else ""
    return prompt.waits or not began or began <= prompt.at


def _later_of_ended(facts: ChatFacts, now: datetime, clock: Callable[[datetime], str]) -> str:
    """What becomes of a prompt that an ended chat was to get at a time; "" if there is none, or another chat has it."""
    prompt = facts.later
    if prompt is None or facts.entry.continued_by is not None or (due := parse_time(prompt.at)) is None:
        return ""
    if prompt.waits and not is_too_late(prompt, now.timestamp()):
        return f"resume it for the prompt of {clock(due)}"
    return f"the prompt of {clock(due)} was not sent"


def _failed(facts: ChatFacts, clock: Callable[[datetime], str]) -> RowLine:
    """Why the last turn failed; of a limit until when that is."""
    last = facts.status.last
    resets_at = parse_time(last.resets_at) if last is not None and last.outcome == "limit" else None
    if resets_at is None:
        return RowLine(facts.status.detail or FAILED, "failed")
    later = facts.status.continues
    if later is not None and not _is_news(later, facts.status):
        later = None
    if later is not None and not later.waits:
        return RowLine(later_words(later, clock))
    continues = " · continues" if later is not None else ""
    return RowLine(f"Limit until {clock(resets_at)}{continues}")


def _last_command(exit_code: int | None) -> str:
    if exit_code is None:
        return ""
    return f"Exit code {exit_code}" if exit_code else "Succeeded"
