"""A viewer with a real connection: cases that the tests of its rules do not cover."""

from __future__ import annotations

import asyncio
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from session_host.client.viewer import delivery
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.host.driver.performer import _snapshot_of
from session_host.paths import runtime_dir
from session_host.protocol.messages import (
    Detach,
    InputAck,
    InputRefused,
    Message,
    NoticeEvent,
    Output,
    SnapshotPart,
    Typed,
)
from session_host.protocol.values import ErrorCode, GridSize, KeyAction, SnapshotKind
from session_host.session.paced import PART_BYTES
from session_host.structured.engine import TranscriptEngine
from session_host.structured.items import Item, Put
from session_host.terminal import create, default_engine
from tests.support.area import Area
from tests.support.hosts import Watcher, watching
from tests.support.other_machine import Alpha
from tests.support.waiting import eventually

from .conftest import FakeHost


async def test_a_viewer_fails_at_once_in_an_unsafe_runtime_directory(area: Area) -> None:
    moved = area.root / "moved"
    runtime_dir().rename(moved)
    runtime_dir().symlink_to(moved)
    async with watching(str(uuid.uuid4()), live=False) as (viewer, watcher):
        await watcher.until(lambda: viewer.line.shown is ViewerState.FAILED, "the failure")
        assert "symbolic link" in viewer.line.message


class Leaver(Watcher):
    """A delegate that closes its viewer when an input is refused."""

    viewer: Viewer

    def viewer_refused(self, refusal: InputRefused) -> None:
        super().viewer_refused(refusal)
        self.viewer.close()


async def test_a_viewer_closed_in_a_callback_makes_no_more_callbacks(host: FakeHost) -> None:
    leaver = Leaver()
    leaver.viewer = Viewer(host.id, leaver)
    leaver.viewer.follow(False)
    leaver.viewer.start()
    await leaver.until(lambda: leaver.viewer.line.shown is ViewerState.LIVE, "the viewer to be live")
    leaver.viewer.key("a", "a")
    host.attachment = "another"  # The host that had received the key is gone.
    host.drop()
    await leaver.until(lambda: bool(leaver.refusals), "the refusal")
    await leaver.viewer.delivery.wait()
    await eventually(lambda: Detach("another") in host.received, 20, "the host to see it go")
    assert leaver.states == [ViewerState.LIVE, ViewerState.RECONNECTING]


@asynccontextmanager
async def closing_viewer(host: FakeHost) -> AsyncIterator[Viewer]:
    """A viewer that is closed before its host has acknowledged a key."""
    watcher = Watcher()
    viewer = Viewer(host.id, watcher)
    viewer.follow(False)
    viewer.start()
    await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the viewer to be live")
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
    monkeypatch.setattr(delivery, "TIMEOUT_S", 60.0)
    monkeypatch.setattr(delivery, "REATTACH_AFTER_S", 60.0)
    async with closing_viewer(host) as viewer:
        typed = Typed(host.attachment, 1, "typed")
        for times in range(1, 4):
            await eventually(partial(is_received, host, typed, times), 20, "the input")
            assert not viewer.delivery.is_over
            host.drop()
        await eventually(partial(is_received, host, typed, 4), 20, "the input once more")
        host.say(InputAck(host.attachment, 1))
        assert await viewer.delivery.wait() == 0
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


async def test_a_closed_viewer_counts_input_that_the_host_refuses(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 60.0)
    monkeypatch.setattr(delivery, "REATTACH_AFTER_S", 60.0)
    async with closing_viewer(host) as viewer:
        await eventually(lambda: Typed(host.attachment, 1, "typed") in host.received, 20, "the input")
        host.say(InputRefused(host.attachment, 1, ErrorCode.INPUT_FULL, "the program is not reading its input"))
        assert await viewer.delivery.wait() == len("typed")
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


async def test_a_closed_viewer_leaves_a_host_that_does_not_acknowledge(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 0.05)
    async with closing_viewer(host) as viewer:
        assert await viewer.delivery.wait() == len("typed")
        await eventually(lambda: Detach(host.attachment) in host.received, 20, "the host to see it go")


def test_a_release_is_sent_only_to_a_program_that_asked_for_releases() -> None:
    viewer = Viewer(str(uuid.uuid4()), Watcher())
    emulator = create(None, GridSize(80, 24))
    viewer.replica.replace(emulator)
    viewer.key("a", "a")
    viewer.key("a", action=KeyAction.RELEASE)
    assert len(viewer.inputs) == 1
    emulator.feed(b"\x1b[>2u")
    viewer.key("a", action=KeyAction.RELEASE)
    assert len(viewer.inputs) == 2
    viewer.replica.free()
    viewer.key("a", action=KeyAction.RELEASE)
    assert len(viewer.inputs) == 3, "without a replica, the host decides"


async def test_a_user_who_reads_in_the_history_keeps_the_place_while_newest_screens_come_over_a_slow_line() -> None:
    program = create(None, GridSize(20, 5), scrollback_lines=1000)
    program.feed(b"\r\n".join(b"line %d" % number for number in range(60)))
    viewer = Viewer(str(uuid.uuid4()), Watcher(), engine=default_engine(), machine=Alpha())
    offset = 0

    def send(kind: SnapshotKind) -> None:
        nonlocal offset
        offset += 1000
        data = zlib.compress(program.replay(history=kind is not SnapshotKind.SCREEN))
        viewer._message(SnapshotPart(offset, 0, "vt", GridSize(20, 5), 1000, last=True, data=data, kind=kind))

    def seen() -> str:
        assert viewer.replica.emulator is not None
        viewer.replica.emulator.damage_all()
        return viewer.replica.frame().rows[0].text().rstrip()

    send(SnapshotKind.PACKED)
    assert viewer.replica.emulator is not None
    viewer.replica.emulator.scroll(-20)
    assert seen() == "line 35"
    for number in range(2000, 2040):
        program.feed(b"\r\nline %d" % number)
        send(SnapshotKind.SCREEN)
        viewer._message(Output(offset, b"\r\nmore"))
        offset += 6
    assert seen() == "line 35"
    viewer.replica.emulator.scroll(-10)
    assert seen() == "line 25", "the user reads on"
    send(SnapshotKind.PACKED)
    assert seen() == "line 25"
    send(SnapshotKind.SCREEN)
    viewer.replica.emulator.scroll_to_bottom()
    assert seen() == "line 2035", "the end of what was read"
    await asyncio.sleep(0)
    assert (viewer.replica.emulator.scrollback_rows, seen()) == (0, "line 2035"), "the newest screen"
    viewer.close()
    program.close()


def notice_texts(events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, NoticeEvent)]


async def test_a_notice_from_before_the_attachment_is_reported_once_across_reconnects(host: FakeHost) -> None:
    host.notice = "it is shown by another engine now"
    async with watching(host.id, output=False) as (viewer, watcher):
        await watcher.until(lambda: notice_texts(watcher.events) == [host.notice], "the notice")
        assert viewer.line.host_version == "0.0.7"
        for times in (2, 3):
            host.drop()
            await watcher.until(lambda: watcher.states.count(ViewerState.LIVE) == times, "another connection")  # noqa: B023
        assert notice_texts(watcher.events) == [host.notice]


async def test_after_a_notice_ends_the_previous_one_is_reported(host: FakeHost) -> None:
    async with watching(host.id, output=False) as (_, watcher):
        host.notice = "it is shown by another engine now"
        host.recording("the disk is full")
        await watcher.until(lambda: notice_texts(watcher.events) == ["the disk is full"], "the trouble")
        host.recording("")
        await watcher.until(lambda: notice_texts(watcher.events)[1:] == [host.notice], "the other one")
        host.notice = ""
        host.recording("")
        await watcher.until(lambda: notice_texts(watcher.events)[2:] == [""], "nothing to be wrong any more")


async def test_the_newest_part_of_a_transcript_over_a_slow_line_leaves_the_rest_as_it_was() -> None:
    host = TranscriptEngine()
    for number in range(1000):
        host.transcript.apply(Put(Item(f"i{number}", "agent", number, text="x" * 200)))
    viewer = Viewer(str(uuid.uuid4()), Watcher(), runtime="structured", machine=Alpha())

    def send(kind: SnapshotKind) -> int:
        made = _snapshot_of("", kind, host)
        for part in made.parts(PART_BYTES):
            viewer._message(part)
        assert viewer.replica.transcript is not None
        return len(viewer.replica.transcript)

    assert 100 < send(SnapshotKind.SCREEN) < 300, "some screens"
    assert send(SnapshotKind.PACKED) == 1000
    host.transcript.apply(Put(Item("new", "agent", 1001)))
    assert send(SnapshotKind.SCREEN) == 1001
    viewer.close()
