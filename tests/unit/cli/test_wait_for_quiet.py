"""``outlive wait --quiet``: each output begins the time anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import pytest

from session_host.cli import wait
from session_host.protocol.messages import Output as HostOutput
from session_host.protocol.messages import OutputEvent


class Limit:
    """A time limit that passes when the messages are over."""

    def __init__(self) -> None:
        self.times_s: list[float] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        pass

    def reschedule(self, when_s: float) -> None:
        self.times_s.append(when_s)

    def expired(self) -> bool:
        return True


class Connection:
    """A connection with these messages, and then none for as long as anybody waits."""

    def __init__(self, *messages: object) -> None:
        self._messages = messages
        self.follows_output = False

    def follow(self, output: bool) -> None:
        self.follows_output = output

    async def messages(self) -> AsyncIterator[object]:
        for message in self._messages:
            yield message
        raise TimeoutError


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Limit:
    limit = Limit()
    monkeypatch.setattr(asyncio, "timeout", lambda _seconds: limit)
    return limit


async def test_each_output_begins_the_time_anew(limit: Limit) -> None:
    connection: Any = Connection(HostOutput(0, b"a"), OutputEvent(1), HostOutput(1, b"b"))
    await wait._wait_for_quiet(connection, 10.0)
    assert connection.follows_output
    assert len(limit.times_s) == 2
