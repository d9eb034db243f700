"""The arguments that choose chats by date, agent and project, shared by `ls`, `search` and `rm`."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from session_host.errors import UsageError
from session_host.system.clock import parse_time

if TYPE_CHECKING:
    from session_host.client.sessions.periods import Period
    from session_host.storage.store import SessionRecord


class Selection(NamedTuple):
    """Chosen chats: those that ran in a time, of an agent, of a project.

    Attributes:
        since: the chat ran on this day or later.
        until: it was started before this day.
        ended_before: it ended before this day.
        agent: its agent's name, "" for any.
        project: the directory of its project, or the last part of it; "" for any.
    """

    since: date | None = None
    until: date | None = None
    ended_before: date | None = None
    agent: str = ""
    project: str = ""

    @property
    def has_dates(self) -> bool:
        """Whether it chooses by date, and so also among ended chats."""
        return any((self.since, self.until, self.ended_before))

    def has(self, record: SessionRecord) -> bool:
        """Whether a chat is chosen."""
        ended = _local_date(record.ended_at)
        return (
            (self.since is None or ended is None or ended >= self.since)
            and (self.until is None or (_local_date(record.created_at) or date.max) < self.until)
            and (self.ended_before is None or (ended is not None and ended < self.ended_before))
            and self.agent in {"", record.agent}
            and self.project in {"", record.project, PurePath(record.project).name}
        )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument("--since", metavar="DATE", help='that ran since then: march, 2026-03-14, "last week", 90d')
    parser.add_argument("--until", metavar="DATE", help="that were started by the end of then")
    parser.add_argument("--older-than", metavar="AGE", help="that ended longer ago: 90d, 2 weeks, march")
    parser.add_argument("--agent", metavar="NAME", default="", help="of this agent")
    parser.add_argument("--project", metavar="DIR", default="", help="of this project: its directory, or its last part")


def selection_of(options: argparse.Namespace) -> Selection:
    """The selection that the arguments describe.

    Raises:
        UsageError: a date cannot be read.
    """
    since, until = _period("--since", options.since), _period("--until", options.until)
    older = _period("--older-than", options.older_than)
    project = str(PurePath(options.project)) if options.project else ""
    return Selection(
        since and since.first, until and until.end, older and older.first, options.agent, project.removesuffix("/")
    )


def _period(argument: str, text: str | None) -> Period | None:
    if text is None:
        return None
    from session_host.client.sessions.periods import period  # `ls` is quick

    if (found := period(text, datetime.now().astimezone().date())) is None:
        raise UsageError(f'{argument}: {text!r} is no date; write march, 2026-03, 2026-03-14, "last week" or 90d')
    return found


def _local_date(moment: str | None) -> date | None:
    found = parse_time(moment)
    try:
        return found.astimezone().date() if found is not None else None
    except OverflowError:
        return None  # No calendar has it in this time zone.
