"""``outlive wait``: each output begins the time of ``--quiet`` anew, and is searched for ``--text``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import pytest

from session_host.cli import wait
from session_host.protocol.messages import Output as HostOutput
from session_host.protocol.messages import OutputEvent, Peek, Screen, SnapshotPart
from session_host.protocol.values import GridSize


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
        self.sent: list[object] = []

    def follow(self, output: bool) -> None:
        self.follows_output = output

    def send_only(self, message: object) -> None:
        self.sent.append(message)

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


SIZE = GridSize(80, 24)


async def test_a_text_in_the_snapshot_that_replaces_missed_output_is_found() -> None:
    screens = [Screen(1, [text], 0, 0, True, "", SIZE, False, 0) for text in ("early", "late")]
    connection: Any = Connection(screens[0], SnapshotPart(9, 0, "vt", SIZE, 100, True, b""), screens[1])
    await wait._wait_for_text(connection, re.compile("late"))
    assert connection.sent == [Peek(1, 0, True)] * 2
