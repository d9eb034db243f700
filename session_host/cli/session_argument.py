"""Resolves a command's session arguments."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from session_host.client.sessions.session_info import SessionInfo, find_session, list_sessions
from session_host.client.sessions.store_access import open_or_recover, recover
from session_host.errors import AmbiguousSession, NoSuchSession, SessionEnded, StoreCorrupt, StoreError, UsageError
from session_host.protocol.values import RUNNING_STATES
from session_host.standing.endings import how_ended
from session_host.storage.store import Store

from .arguments import DIGITS_TO_END
from .output import print_error

if TYPE_CHECKING:
    from session_host.client.sessions.selection import Period, Selection
    from session_host.machines.names import MachineEntry


T = TypeVar("T")


def with_store(use: Callable[[Store], T]) -> T:
    """Call ``use`` with the opened store; if that finds damage, again with a rebuilt one. Prints a warning then."""
    store, warning = open_or_recover()
    try:
        with store:
            if warning:
                print_error(warning)
            return use(store)
    except StoreCorrupt:
        store, warning = recover()
        with store:
            print_error(warning)
            return use(store)


def find(text: str, *, to_end: bool = False) -> SessionInfo:
    """Find the session that the user means; with ``to_end``, a short prefix of an id is not enough.

    Raises:
        NoSuchSession: no session has this name or id.
        AmbiguousSession: several sessions have it.
    """
    return with_store(lambda store: find_session(store, text, least_digits=DIGITS_TO_END if to_end else 1))


def machine_and_chat(text: str) -> tuple[MachineEntry | None, str]:
    """What ``MACHINE:CHAT`` names; None for a chat of this machine.

    Raises:
        AmbiguousSession: a chat of this machine has the whole as its name.
        NoSuchSession: neither a machine nor a chat has such a name.
    """
    if ":" not in text:
        return None, text
    from session_host.machines.names import split  # rarely needed

    entry, chat = split(text)
    if chat != text:
        with contextlib.suppress(NoSuchSession, StoreError):
            info = find(text)
            where = f"on {entry.name}" if entry is not None else f"called {chat}"
            raise AmbiguousSession(f"{text} is a chat here ({info.id[:8]}), and may be one {where}; use its id")
    elif (name := text.partition(":")[0]) and " " not in name:
        try:
            find(text)
        except NoSuchSession as error:
            missing = f"no chat matches {text!r}, and no machine is called {name!r}"
            raise NoSuchSession(f"{missing}; see `outlive ls --all` and `outlive machines`") from error
    return entry, chat


def name_and_id(info: SessionInfo) -> str:
    """A session's name and short id, for messages: ``vim (adae1e2d)``."""
    return f"{info.name} ({info.id[:8]})"


def all_sessions(*, ended: bool) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended``, all recorded sessions."""
    return with_store(lambda store: list_sessions(store, ended=ended))


def running_sessions(*, without: str = "") -> list[SessionInfo]:
    """All running sessions, oldest first, without the one of this id.

    Raises:
        NoSuchSession: there is none.
    """
    if infos := [info for info in all_sessions(ended=False) if info.id != without]:
        return infos
    raise NoSuchSession("no chat runs; `outlive new AGENT` starts one")


def require_running(info: SessionInfo) -> SessionInfo:
    """Return the session if it runs.

    Raises:
        SessionEnded: the session has ended, or was lost.
    """
    if info.state not in RUNNING_STATES:
        raise SessionEnded(f"{info.name} {how_ended(info.facts).predicate}")
    return info


def ask(session_id: str, message: Any) -> Any:
    """Send one request to a session's host, and return its reply; see ``client.control.request``."""
    from session_host.client.control import request
    from session_host.system import event_loop  # many commands do not need this

    return event_loop.run_command(request(session_id, message))


DATES: Final = 'yesterday, march, 2026-03, 2026-03-14, "last week" or 90d'
"""How a user may write days."""


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument("--since", metavar="DATE", help=f"that ran since then: {DATES}")
    parser.add_argument("--until", metavar="DATE", help="that were started by the end of then")
    parser.add_argument("--older-than", metavar="AGE", help="that ended longer ago: 90d, 2 weeks, march")
    parser.add_argument("--agent", metavar="NAME", default="", help="of this agent")
    parser.add_argument("--project", metavar="DIR", default="", help="of this project: its directory, or its last part")


def selection_of(options: argparse.Namespace) -> Selection:
    """The selection that the arguments describe.

    Raises:
        UsageError: a date cannot be read.
        NoSuchAgent: there is no such agent, and no chat of one.
    """
    from session_host.client.sessions.selection import Selection  # most commands do not need it

    since, until = period_of("--since", options.since), period_of("--until", options.until)
    older = period_of("--older-than", options.older_than)
    if options.agent and getattr(options, "on", "") != "all":
        _check_agent(options.agent)
    project = str(PurePath(options.project)) if options.project else ""
    return Selection(
        since and since.first, until and until.end, older and older.first, options.agent, project.removesuffix("/")
    )


def _check_agent(name: str) -> None:
    """Check that an agent has this name, or had it when it ran."""
    from session_host.agents.catalog import find_agent, load_catalog
    from session_host.paths import config_dir

    if find_agent(config_dir(), name) is None:
        with_chats = {each.facts.origin.agent for each in all_sessions(ended=True)}
        if name not in with_chats:
            load_catalog(config_dir()).find(name)


def period_of(argument: str, text: str | None) -> Period | None:
    """The days that an argument names; None without one.

    Raises:
        UsageError: it names none.
    """
    if text is None:
        return None
    from session_host.client.sessions.selection import period  # `ls` is quick

    if (found := period(text, datetime.now().astimezone().date())) is None:
        raise UsageError(f"{argument}: {text!r} is no date; write {DATES}")
    return found
