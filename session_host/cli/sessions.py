"""The sessions that a command is about."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from session_host.cli.output import complain
from session_host.client.recovery import open_or_recover
from session_host.client.sessions import SessionInfo, find_session, list_sessions
from session_host.errors import HostUnavailable, SessionEnded
from session_host.protocol.values import State
from session_host.store import Store

T = TypeVar("T")

RUNNING = frozenset({State.STARTING, State.RUNNING})

REPLY_TIMEOUT_S = 10.0
ENDING_TIMEOUT_S = 60.0
"""A polite end takes as long as the agent's own patience and the host's steps after it."""


def add_session_argument(parser: argparse.ArgumentParser) -> None:
    """The positional argument that most verbs have."""
    parser.add_argument("session", metavar="SESSION", help="name, id, or unique beginning of the id")


def with_store(use: Callable[[Store], Awaitable[T]]) -> T:
    """Open the record, begin it anew if it is damaged (and say so), and use it in a loop of its own."""

    async def body() -> T:
        store, warning = await open_or_recover()
        with store:
            if warning:
                complain(warning)
            return await use(store)

    return asyncio.run(body())


def find(text: str) -> SessionInfo:
    """The session that the user means.

    Raises:
        NoSuchSession, AmbiguousSession: as their names say.
    """
    return with_store(lambda store: find_session(store, text))


def every_session(*, ended: bool) -> list[SessionInfo]:
    """All running sessions, oldest first; with ``ended`` all that are remembered."""
    return with_store(lambda store: list_sessions(store, ended=ended))


def require_running(info: SessionInfo) -> SessionInfo:
    """The session itself.

    Raises:
        SessionEnded: it has ended.
        HostUnavailable: it was lost.
    """
    if info.state == State.EXITED:
        from session_host.cli.output import how_it_ended

        raise SessionEnded(f"{info.name} has ended ({how_it_ended(info)})")
    if info.state == State.LOST:
        raise SessionEnded(f"{info.name} was cut off: its host is gone, and the agent with it")
    return info


def ask(session_id: str, message: Any, timeout_s: float = REPLY_TIMEOUT_S) -> Any:
    """One request to a session's host, and its reply.

    Raises:
        SessionEnded: it needs a running session.
        HostUnavailable: the host cannot be reached, or does not answer in time.
    """
    return asyncio.run(ask_in_time(session_id, message, timeout_s))


async def ask_in_time(session_id: str, message: Any, timeout_s: float = REPLY_TIMEOUT_S) -> Any:
    """As ``ask``, within a loop."""
    from session_host.client.control import request

    try:
        async with asyncio.timeout(timeout_s):
            return await request(session_id, message)
    except TimeoutError as error:
        raise HostUnavailable(f"the chat's host did not answer within {timeout_s:g} s; is it stopped?") from error


__all__ = [
    "ENDING_TIMEOUT_S",
    "RUNNING",
    "HostUnavailable",
    "SessionInfo",
    "add_session_argument",
    "ask",
    "ask_in_time",
    "every_session",
    "find",
    "require_running",
    "with_store",
]
