"""Chooses chats by date, agent and project. Pure."""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from session_host.system.clock import parse_time

if TYPE_CHECKING:
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


def _local_date(moment: str | None) -> date | None:
    found = parse_time(moment)
    try:
        return found.astimezone().date() if found is not None else None
    except OverflowError:
        return None  # No calendar has it in this time zone.
