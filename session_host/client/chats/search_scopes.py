"""The words of a search that name where or when: an agent, a project, a time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import PurePath

from session_host.client.sessions.selection import Period, period
from session_host.protocol.facts import ChatFacts
from session_host.storage.search import Scope
from session_host.system.clock import parse_time


def scopes(chats: Sequence[ChatFacts], today: date) -> Callable[[str], Scope | None]:
    """A function that returns the scope of words: the chats of an agent or project, or a time; None for other words."""
    named: dict[str, set[str]] = {}
    for chat in chats:
        for name in {chat.origin.agent, PurePath(chat.origin.project).name.casefold()}:
            named.setdefault(name, set()).add(chat.id)

    def scope_of(words: str) -> Scope | None:
        if words in named:
            return Scope(frozenset(named[words]))
        days = period(words, today)
        if days is None:
            return None
        ran = (chat.id for chat in chats if _may_have_run(chat, days))
        return Scope(frozenset(ran), _begin_ns(days.first), _begin_ns(days.end))

    return scope_of


def _may_have_run(chat: ChatFacts, days: Period) -> bool:
    """Whether a chat can have lines of these days; one that resumes another has the other's lines, too."""
    began, ended = parse_time(chat.origin.created_at), parse_time(chat.outcome.ended_at)
    has_begun = began is None or chat.origin.resumed_from is not None or _date(began) < days.end
    return has_begun and (ended is None or _date(ended) >= days.first)


def _date(moment: datetime) -> date:
    try:
        return moment.astimezone().date()
    except OverflowError:
        return moment.date()  # No calendar has it in this time zone.


def _begin_ns(day: date) -> int:
    """The beginning of a day here, in nanoseconds since 1970."""
    try:
        return round(datetime.combine(day, datetime.min.time()).timestamp()) * 1_000_000_000
    except (OverflowError, ValueError, OSError):
        return 0  # The clock cannot have shown it.
