"""The outer terminal is written by this process or by the host, never by both at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from session_host.cli.attach import shared_output
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.shared_output import SharedOutput, State
from session_host.protocol.values import TerminalFile
from tests.support.waiting import eventually, expect_bytes


class FakeHost:
    """Notes the requests of this process."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int] | str] = []
        self.is_connected = True

    def show_echoes(self, terminal: TerminalFile, room: int) -> bool:
        """Note the request."""
        if self.is_connected:
            self.requests.append((terminal.path, room))
        return self.is_connected

    def stop_echoes(self) -> bool:
        """Note the request."""
        if self.is_connected:
            self.requests.append("stop")
        return self.is_connected


class Rig(NamedTuple):
    """A shared output, with both ends of its PTY."""

    output: SharedOutput
    host: FakeHost
    drained: list[str]
    master: int
    path: str

    def shown(self) -> bytes:
        """Read the bytes that the terminal shows next; b"" if there are none now."""
        try:
            return os.read(self.master, 4096)
        except BlockingIOError:
            return b""

    def expect(self, shown: bytes) -> None:
        """Wait until the terminal shows these bytes next."""
        expect_bytes(self.master, shown)


@contextmanager
def rig() -> Iterator[Rig]:
    """A terminal that its process and a host may write to."""
    master, slave = os.openpty()
    os.set_blocking(master, False)
    path = os.ttyname(slave)
    drained: list[str] = []
    host = FakeHost()
    try:
        with OuterTerminal(slave, slave) as terminal:
            yield Rig(SharedOutput(terminal, host, lambda: drained.append("drained")), host, drained, master, path)
    finally:
        os.close(slave)
        os.close(master)


async def test_a_write_waits_until_the_host_has_stopped() -> None:
    with rig() as it:
        it.output.write(b"a")
        it.expect(b"a")
        it.output.share(9)
        it.output.share(8)
        assert it.host.requests == [(it.path, 9)]
        it.output.write(b"")
        assert it.output.state is State.SHARED
        it.output.write(b"b")
        it.output.write(b"c")
        assert it.host.requests[1:] == ["stop"]
        assert it.shown() == b""
        assert not it.output.is_drained
        it.output.host_stopped()
        it.expect(b"bc")
        assert it.drained == ["drained"]
        it.output.write(b"d")
        it.expect(b"d")


async def test_output_that_the_host_has_not_shown_ends_the_sharing() -> None:
    with rig() as it:
        it.output.share(9)
        it.output.output_not_shown()
        it.output.write(b"a")
        it.expect(b"a")
        it.output.share(5)
        assert it.host.requests == [(it.path, 9), (it.path, 5)]


async def test_such_output_does_not_replace_the_answer_to_a_request_to_stop() -> None:
    with rig() as it:
        it.output.share(9)
        it.output.write(b"a")
        it.output.output_not_shown()
        assert it.shown() == b""
        it.output.host_stopped()
        it.expect(b"a")


async def test_a_host_that_does_not_answer_delays_a_write_only_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_output, "STOP_TIMEOUT_S", 0.01)
    with rig() as it:
        it.output.share(9)
        it.output.write(b"a")
        await eventually(lambda: it.output.state is State.OVERDUE, 10, "the timeout")
        it.expect(b"a")
        it.output.share(9)
        assert it.host.requests == [(it.path, 9), "stop"]
        it.output.host_stopped()
        it.output.share(8)
        assert it.host.requests[2:] == [(it.path, 8)]


async def test_a_late_timer_does_not_end_a_later_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_output, "STOP_TIMEOUT_S", 0.01)
    with rig() as it:
        it.output.share(9)
        it.output.write(b"a")
        it.output.host_stopped()
        it.output.share(9)
        over = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.03, over.set_result, None)
        await over
        assert it.output.state is State.SHARED


async def test_a_host_that_cannot_open_the_terminal_is_not_asked_again() -> None:
    with rig() as it:
        it.output.share(9)
        it.output.host_stopped()
        it.output.write(b"a")
        it.expect(b"a")
        it.output.share(9)
        assert it.host.requests == [(it.path, 9)]
        it.output.connection_lost()
        it.output.share(7)
        assert it.host.requests[1:] == [(it.path, 7)]


async def test_without_a_connection_nobody_else_writes() -> None:
    with rig() as it:
        it.output.share(9)
        it.output.write(b"a")
        it.output.connection_lost()
        it.expect(b"a")
        it.host.is_connected = False
        it.output.share(9)
        assert it.output.state is State.OWN
        it.host.is_connected = True
        it.output.share(9)
        it.host.is_connected = False
        it.output.write(b"b")
        it.expect(b"b")


async def test_nothing_is_shared_without_room() -> None:
    with rig() as it:
        it.output.share(0)
        assert it.host.requests == []


async def test_calls_that_need_the_terminal_wait_for_the_host() -> None:
    with rig() as it:
        calls: list[str] = []
        it.output.when_own(lambda: calls.append("at once"))
        await it.output.until_own()

        def after_the_write() -> None:
            it.expect(b"a")
            calls.append("after the write")

        it.output.share(9)
        it.output.write(b"a")
        it.output.when_own(after_the_write)
        assert calls == ["at once"]
        it.output.host_stopped()
        assert calls == ["at once", "after the write"]
