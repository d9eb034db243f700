"""Resolves a command's session arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

from session_host.cli.output import print_error
from session_host.client.sessions.listing import DIGITS_TO_END, find_session, list_sessions
from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_access import open_or_recover, recover
from session_host.errors import NoSuchSession, SessionEnded, StoreCorrupt
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store

T = TypeVar("T")


def add_session_argument(parser: argparse.ArgumentParser, *, to_end: bool = False, optional: bool = False) -> None:
    """Add the positional argument that most subcommands have; ``to_end``: for those that end or remove a chat."""
    prefix = f"id prefix of {DIGITS_TO_END} or more digits" if to_end else "unique id prefix"
    parser.add_argument("session", metavar="CHAT", nargs="?" if optional else None, help=f"name, id or {prefix}")


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
    return with_store(lambda store: find_session(store, text, to_end=to_end))


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
        from session_host.cli.output import ending_text

        raise SessionEnded(f"{info.name} {ending_text(info)}")
    return info


def ask(session_id: str, message: Any) -> Any:
    """Send one request to a session's host, and return its reply; see ``client.control.request``."""
    from session_host.client.control import request
    from session_host.system import event_loop  # many commands do not need this

    return event_loop.run_command(request(session_id, message))


__all__ = [
    "SessionInfo",
    "add_session_argument",
    "all_sessions",
    "ask",
    "find",
    "name_and_id",
    "require_running",
    "with_store",
]
