"""Another machine as a ``Machine``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar, overload

from session_host.client.connection import HostConnection, HostNotResponding
from session_host.protocol.greeting import ClientGreeting
from session_host.protocol.messages import Role

from .another import AnotherMachine
from .calls import decode_result, encode_arguments
from .link import Link
from .ssh import forget_configuration

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE_BYTES = 256 * 1024
"""Longer answers are read in a thread: the longest take seconds."""


class RemoteMachine(AnotherMachine):
    """A machine that is reached over a ``Link``."""

    def __init__(self, link: Link) -> None:
        self.name = link.entry.name
        self.destination = link.entry.destination
        self.link = link

    @property
    def is_reachable(self) -> bool:
        """See ``Machine``."""
        return self.link.is_reachable

    @property
    def home(self) -> str:
        """See ``Machine``."""
        return self.link.home

    @property
    def unreachable_since(self) -> datetime | None:
        """See ``Machine``."""
        return None if self.link.is_reachable else self.link.lost_at

    @property
    def why_unreachable(self) -> str:
        """See ``Machine``."""
        error = None if self.link.is_reachable else self.link.error
        return str(error or "").removeprefix(f"{self.name}: ")

    @property
    def clock_ahead(self) -> timedelta:
        """See ``Machine``."""
        return self.link.clock_ahead

    async def connect(self, session_id: str, role: Role, engine_build: str = "") -> HostConnection:
        """See ``Machine``."""
        await self.link.ready()
        greeting = ClientGreeting(session_id, role, engine_build)
        try:
            return await HostConnection.open_over(partial(self.link.open_session, session_id), greeting)
        except TimeoutError as error:
            raise HostNotResponding(f"the chat on {self.name} does not respond") from error

    @overload
    async def call(self, function: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """See ``Machine``."""
        arguments = encode_arguments(function, args, kwargs)
        result = await self.link.call(function.__name__, arguments)
        if len(result) > AT_ONCE_BYTES:
            return await asyncio.to_thread(decode_result, function, result)
        return decode_result(function, result)

    @property
    def next_try_s(self) -> float | None:
        """See ``Machine``."""
        return self.link.next_try_s

    def try_now(self) -> None:
        """See ``Machine``; the user may have changed the configuration of ssh."""
        forget_configuration()
        self.link.try_now()

    async def wait_reachable(self) -> None:
        """See ``Machine``."""
        await self.link.wait_up()

    def add_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""
        self.link.add_reader(on_silence)

    def remove_reader(self, on_silence: Callable[[bool], None]) -> None:
        """See ``Machine``."""
        self.link.readers.discard(on_silence)
