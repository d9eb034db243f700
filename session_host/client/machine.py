"""A machine on which chats run: this one, or another (``session_host.machines``).

A ``Machine`` has the same methods in both cases, so its callers do not ask which one it is.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from session_host.paths import home_dir
from session_host.protocol.messages import Role

from .connection import HostConnection

P = ParamSpec("P")
T = TypeVar("T")


class Machine(Protocol):
    """A machine on which chats run.

    Attributes:
        name: the machine's name; "" for this one.
        destination: what ssh takes to reach it; "" for this one.
        clock_ahead: how far its clock is ahead of the one here; 0 while unknown, and for this one.
    """

    name: str
    destination: str

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


class ThisMachine:
    """The machine that this process runs on."""

    name = destination = ""
    is_reachable = True
    unreachable_since = None
    why_unreachable = ""
    next_try_s = None
    clock_ahead = timedelta()

    @property
    def home(self) -> str:
        """See ``Machine``."""
        return str(home_dir())

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

    async def wait_reachable(self) -> None:
        """See ``Machine``."""

    def add_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""

    def remove_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""


THIS_MACHINE = ThisMachine()
