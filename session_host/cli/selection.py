"""The arguments that choose chats by date, agent and project, shared by `ls`, `search` and `rm`."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from session_host.client.sessions.selection import Selection
from session_host.errors import UsageError

if TYPE_CHECKING:
    from session_host.client.sessions.periods import Period


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
