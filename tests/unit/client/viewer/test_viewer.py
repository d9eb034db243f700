"""A viewer with a real connection: cases that the tests of its rules do not cover."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from session_host.client.viewer import closing
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.paths import runtime_dir
from session_host.protocol.messages import (
    Attach,
    Detach,
    ErrorCode,
    Follow,
    InputAck,
    InputRefused,
    Message,
    Output,
    ShowEchoes,
    ShownOutput,
    SnapshotPart,
    StopEchoes,
    Text,
)
from session_host.protocol.values import GridSize, KeyAction, TerminalFile
from session_host.terminal import create
from tests.support.area import Area
from tests.support.hosts import Watcher, shown, watching
from tests.support.waiting import eventually
from tests.unit.client.viewer.conftest import SIZE, FakeHost

TERMINAL = TerminalFile("/dev/pts/1", 2, 3, 4)


async def test_a_viewer_fails_at_once_in_an_unsafe_runtime_directory(area: Area) -> None:
    moved = area.root / "moved"
    runtime_dir().rename(moved)
    runtime_dir().symlink_to(moved)
    async with watching(str(uuid.uuid4()), live=False) as (viewer, watcher):
        await watcher.until(lambda: viewer.state is ViewerState.FAILED, "the failure")
        assert "symbolic link" in viewer.message


class Leaver(Watcher):
    """A delegate that closes its viewer when an input is refused."""

    viewer: Viewer

    def viewer_refused(self, refusal: InputRefused) -> None:
        super().viewer_refused(refusal)
        self.viewer.close()


async def test_a_viewer_closed_in_a_callback_makes_no_more_callbacks(host: FakeHost) -> None:
    leaver = Leaver()
    leaver.viewer = Viewer(host.id, leaver, output=False)
    leaver.viewer.start()
    await leaver.until(lambda: leaver.viewer.state is ViewerState.LIVE, "the viewer to be live")
    leaver.viewer.key("a", "a")
    host.attachment = "another"  # The host that had received the key is gone.
    host.drop()
    await leaver.until(lambda: bool(leaver.refusals), "the refusal")
    await leaver.viewer.closed()
    await eventually(lambda: Detach("another") in host.received, 20, "the host to see it go")
    assert leaver.states == [ViewerState.LIVE, ViewerState.RECONNECTING]


@asynccontextmanager
async def closing_viewer(host: FakeHost) -> AsyncIterator[Viewer]:
    """A viewer that is closed before its host has acknowledged a key."""
    watcher = Watcher()
    viewer = Viewer(host.id, watcher, output=False)
    viewer.start()
    await watcher.until(lambda: viewer.state is ViewerState.LIVE, "the viewer to be live")
    viewer.text("typed")
    viewer.close()
    yield viewer
    assert Detach(host.attachment) in host.received, "it detached"
    assert watcher.states == [ViewerState.LIVE]
    assert watcher.refusals == []


def is_received(host: FakeHost, message: Message, times: int) -> bool:
    return host.received.count(message) == times


async def test_a_closed_viewer_sends_its_last_input_again_and_leaves_after_the_acknowledgement(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "DELIVERY_TIMEOUT_S", 60.0)
    monkeypatch.setattr(closing, "REATTACH_AFTER_S", 60.0)
    async with closing_viewer(host) as viewer:
        typed = Text(host.attachment, 1, "typed")
        for times in range(1, 4):
            await eventually(partial(is_received, host, typed, times), 20, "the input")
            assert not viewer.has_detached
            host.drop()
        await eventually(partial(is_received, host, typed, 4), 20, "the input once more")
        host.say(InputAck(host.attachment, 1))
        assert await viewer.closed() == 0
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


async def test_a_closed_viewer_counts_input_that_the_host_refuses(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "DELIVERY_TIMEOUT_S", 60.0)
    monkeypatch.setattr(closing, "REATTACH_AFTER_S", 60.0)
    async with closing_viewer(host) as viewer:
        await eventually(lambda: Text(host.attachment, 1, "typed") in host.received, 20, "the input")
        host.say(InputRefused(host.attachment, 1, ErrorCode.INPUT_FULL, "the program is not reading its input"))
        assert await viewer.closed() == len("typed")
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


async def test_a_closed_viewer_leaves_a_host_that_does_not_acknowledge(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "DELIVERY_TIMEOUT_S", 0.05)
    async with closing_viewer(host) as viewer:
        assert await viewer.closed() == len("typed")
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


class Shower(Watcher):
    """A delegate that notes what the host has shown; the replica gets that a moment later."""

    def __init__(self, host: FakeHost) -> None:
        super().__init__()
        self.fed: list[bytes] = []
        self.viewer = Viewer(host.id, self, size=SIZE)
        self.viewer.before_feeding = self.show

    def show(self, data: bytes, is_shown: bool) -> bool:
        """Note letters that the host has shown."""
        asyncio.get_running_loop().call_later(0.01, self.viewer.catch_up)
        return is_shown

    def viewer_damaged(self) -> None:
        self.fed.append(self.viewer.fed)
        super().viewer_damaged()

    async def follow(self, host: FakeHost) -> None:
        """Start with an empty screen."""
        self.viewer.start()
        # A snapshot before Attached would leave the viewer without its attachment.
        await eventually(lambda: any(type(each) is Attach for each in host.received), 20, "the attachment")
        host.say(SnapshotPart(0, 0, "vt", SIZE, 100, True, b""))
        await self.until(lambda: self.viewer.state is ViewerState.LIVE, "the viewer to be live")

    async def close(self) -> None:
        self.viewer.close()
        await self.viewer.closed()


async def test_output_that_the_host_has_shown_is_fed_to_the_replica_a_moment_later(host: FakeHost) -> None:
    shower = Shower(host)
    await shower.follow(host)
    host.say(ShownOutput(0, b"ab"))
    await shower.until(lambda: bool(shower.fed), "the replica to be fed")
    host.say(ShownOutput(2, b"c"))
    host.say(Output(3, b"\r\n"))
    host.say(Output(5, b"d"))
    await shower.until(lambda: b"".join(shower.fed) == b"abc\r\nd", "the rest, in order and once")
    assert shown(shower.viewer) == ["abc", "d"]
    await shower.close()


async def test_the_replica_catches_up_with_shown_output_on_request(host: FakeHost) -> None:
    shower = Shower(host)
    await shower.follow(host)
    seen: list[list[str]] = []

    def show(data: bytes, is_shown: bool) -> bool:
        shower.viewer.catch_up()
        seen.append(shown(shower.viewer))
        return shower.show(data, is_shown)

    shower.viewer.before_feeding = show
    host.say(ShownOutput(0, b"ab"))
    host.say(ShownOutput(2, b"c"))
    await shower.until(lambda: b"".join(shower.fed) == b"abc", "the replica to be fed")
    assert seen == [[], ["ab"]]
    await shower.close()


async def test_output_that_the_host_has_shown_is_not_fed_to_a_snapshot_that_contains_it(host: FakeHost) -> None:
    shower = Shower(host)
    await shower.follow(host)
    host.say(ShownOutput(0, b"ab"))
    host.say(Output(4, b"e"))  # After a gap the viewer asks for a snapshot.
    await eventually(lambda: Follow(host.attachment, True) in host.received, 20, "the request")
    host.say(Output(5, b"f"))
    host.say(SnapshotPart(6, 0, "vt", SIZE, 100, True, b"abcdef"))
    host.say(Output(6, b"g"))
    await shower.until(lambda: b"g" in b"".join(shower.fed), "the output behind the snapshot")
    assert shown(shower.viewer) == ["abcdefg"]
    await shower.close()


def test_a_release_is_sent_only_to_a_program_that_asked_for_releases() -> None:
    viewer = Viewer(str(uuid.uuid4()), Watcher())
    emulator = create(None, GridSize(80, 24))
    viewer._use_replica(emulator)
    viewer.key("a", "a")
    viewer.key("a", action=KeyAction.RELEASE)
    assert viewer.pending == 1
    emulator.feed(b"\x1b[>2u")
    viewer.key("a", action=KeyAction.RELEASE)
    assert viewer.pending == 2
    viewer._use_replica(None)
    viewer.key("a", action=KeyAction.RELEASE)
    assert viewer.pending == 3, "without a replica, the host decides"
    emulator.close()


async def test_echoes_are_asked_for_from_the_output_that_the_replica_has(host: FakeHost) -> None:
    shower = Shower(host)
    assert not shower.viewer.show_echoes(TERMINAL, 9)
    assert not shower.viewer.stop_echoes()
    await shower.follow(host)
    host.say(Output(0, b"ab"))
    await shower.until(lambda: bool(shower.fed), "the replica to be fed")
    assert shower.viewer.show_echoes(TERMINAL, 9)
    assert shower.viewer.stop_echoes()
    await eventually(lambda: StopEchoes() in host.received, 20, "the requests")
    assert ShowEchoes(host.attachment, TERMINAL, 9, 2, 0) in host.received
    await shower.close()
