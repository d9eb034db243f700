"""A machine on which chats run: this one, or another (``session_host.machines``).

A ``Machine`` has the same methods in both cases, so its callers do not ask which one it is.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import pwd
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from session_host.paths import home_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import MAX_SCROLLBACK_LINES
from session_host.protocol.messages import Role

from .connection import HostConnection

if TYPE_CHECKING:
    from session_host.storage.store import Changes
    from session_host.storage.store.ledger import Position

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_S = 5.0
"""The user waits no longer for what another machine does not answer."""


class Terms(NamedTuple):
    """How a machine's chats are followed.

    Attributes:
        own_form: whether engines' own form of a screen is taken: it can hold anything.
        max_lines: the most lines of a screen's history.
        is_far: whether the line is slow: what is typed is predicted, and output comes as fast as it is read.
        connect_interval_s: the least time between two connections to a host, in seconds.
        lists_all: whether any number of chats is listed.
    """

    own_form: bool
    max_lines: int
    is_far: bool
    connect_interval_s: float
    lists_all: bool


HERE = Terms(own_form=True, max_lines=MAX_SCROLLBACK_LINES, is_far=False, connect_interval_s=0.0, lists_all=True)


class Machine(Protocol):
    """A machine on which chats run.

    Attributes:
        name: the machine's name; "" for this one.
        destination: what ssh takes to reach it; "" for this one.
        terms: how its chats are followed.
        has_our_clock: whether its times can be compared with those here to the second.
        has_our_loopback: whether ``localhost`` is the same there.
        has_our_files: whether its paths are of the files here.
        clock_ahead: how far its clock is ahead of the one here; 0 while unknown, and for this one.
        prefix: what the ids of its chats begin with in lists of several machines: "" or ``NAME/``.
    """

    name: str
    destination: str
    terms: Terms
    has_our_clock: bool
    has_our_loopback: bool
    has_our_files: bool

    @property
    def prefix(self) -> str:
        """See the class."""

    @property
    def clock_ahead(self) -> timedelta:
        """See the class."""

    @property
    def is_reachable(self) -> bool:
        """Whether the connection is up, or was lost just now and is probably back soon."""

    @property
    def home(self) -> str:
        """The user's home directory there; "" while unknown."""

    @property
    def unreachable_since(self) -> datetime | None:
        """The time when the connection was lost, or first failed; None while ``is_reachable``, and before."""

    @property
    def why_unreachable(self) -> str:
        """Why the machine could not be reached last, one line without its name; "" while ``is_reachable``."""

    @property
    def next_try_s(self) -> float | None:
        """The time until the next attempt to reach it, in seconds; None while there is one, or none is due."""

    def try_now(self) -> None:
        """Try to reach it now, unless it can be reached or that is being tried."""

    async def connect(self, session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        """Connect to a session's host and greet it; see ``HostConnection.open``.

        Raises:
            Unreachable: the machine cannot be reached; ``wait_reachable`` says when it can.
            OutliveError: as ``HostConnection.open``.
        """

    @overload
    async def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a blocking or a coroutine function on the machine, one that ``machines.calls`` lists if it is another.

        Raises:
            Unreachable: the machine cannot be reached; the function may have been called.
            OutliveError: the function's.
        """

    def following(self) -> AbstractContextManager[Callable[[Position], Awaitable[Changes]]]:
        """Follow the changes of its chats' records: a context for a function, which waits for those after a place.

        The function raises:
            Unreachable: the machine cannot be reached.
            LedgerLost: read all again; another store has taken the place of the one before.
            OutliveError: its store cannot be read.
        """

    async def try_ask(self, ask: Callable[[], Awaitable[T]]) -> list[T]:
        """The answer to a question to the machine; [] if it is another one that does not answer.

        Raises:
            OutliveError: as ``ask``, about this machine.
        """

    def received(self, facts: ChatFacts) -> ChatFacts:
        """The facts of a chat that the machine sent, with the ids that lists of several machines use.

        Raises:
            ProtocolViolation: nothing can be made of it.
        """

    def account_in(self, title: str) -> str:
        """The user and the computer (``user@computer:``) with which a shell there begins its title; "" for none."""

    async def wait_reachable(self) -> None:
        """Wait until the machine can be reached."""

    def add_reader(self, on_silence: Callable[[bool], None]) -> None:
        """The user sees something of the machine: notice soon if it does not answer, also while nothing is typed.

        Args:
            on_silence: called with True when it does not answer, and with False when it does so after all.
        """

    def remove_reader(self, on_silence: Callable[[bool], None]) -> None:
        """The user does not see it any more."""


async def run_here(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a coroutine function, or a blocking one in a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


@cache
def _home(_variable: str) -> str:
    """The user's home directory, by the variable that names it."""
    return str(home_dir())


class ThisMachine:
    """The machine that this process runs on."""

    name = destination = ""
    terms = HERE
    has_our_clock = has_our_loopback = has_our_files = True
    is_reachable = True
    unreachable_since = None
    why_unreachable = ""
    next_try_s = None
    clock_ahead = timedelta()

    @property
    def prefix(self) -> str:
        """See ``Machine``."""
        return ""

    @property
    def home(self) -> str:
        """See ``Machine``; lists ask for each of their rows."""
        return _home(os.environ.get("HOME", ""))

    def try_now(self) -> None:
        """See ``Machine``."""

    async def connect(self, session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        """See ``Machine``."""
        return await HostConnection.open(session_id, role, engine_build)

    @overload
    async def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``Machine``; runs a blocking function in a thread."""
        return await run_here(function, *args, **kwargs)

    def following(self) -> AbstractContextManager[Callable[[Position], Awaitable[Changes]]]:
        """See ``Machine``."""
        from session_host.storage.store import Store  # viewers of one chat need no store

        from .sessions.following import FollowingThread

        return FollowingThread(Store.changes_since)

    async def try_ask(self, ask: Callable[[], Awaitable[T]]) -> list[T]:
        """See ``Machine``."""
        return [await ask()]

    def received(self, facts: ChatFacts) -> ChatFacts:
        """See ``Machine``."""
        return facts

    def account_in(self, title: str) -> str:
        """See ``Machine``; a title of another user or computer tells more."""
        account = _account()
        return account if title.startswith(account) else ""

    async def wait_reachable(self) -> None:
        """See ``Machine``."""

    def add_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""

    def remove_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""


@cache
def _account() -> str:
    """The user and the computer, as shells write them before the directory."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = os.environ.get("USER", "")
    return f"{user}@{socket.gethostname().partition('.')[0]}:"


THIS_MACHINE = ThisMachine()
