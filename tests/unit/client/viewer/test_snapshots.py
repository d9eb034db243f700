"""A snapshot of a host on another machine, which may lie about its length and size."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from session_host.client.viewer import viewer
from session_host.client.viewer.state import NO_DELEGATE
from session_host.client.viewer.viewer import Viewer, _SnapshotReceiver
from session_host.errors import OutliveError, StoreError
from session_host.protocol import packing
from session_host.protocol.messages import SnapshotPart
from session_host.protocol.values import MAX_COLUMNS, MAX_ROWS, CellSize, GridSize
from session_host.storage.store.saved_screen import SavedScreen
from session_host.structured.engine import TranscriptEngine
from session_host.terminal import create, default_engine, engine_build
from tests.support.other_machine import Alpha

BOMB = zlib.compress(bytes(1_000_000))
HUGE = GridSize(65535, 65535)


def test_a_last_screen_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_SNAPSHOT_BYTES", 999_999)
    for build, snapshot, replay in ((engine_build("pyte"), BOMB, b""), ("another", b"", BOMB)):
        saved = SavedScreen("pyte", build, GridSize(80, 24), 10, "", snapshot, replay, 0)
        with pytest.raises(StoreError, match="damaged"):
            saved.restore("pyte")


def test_a_snapshot_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "MAX_SNAPSHOT_BYTES", 2_500_000)
    receiver = _SnapshotReceiver("pyte", CellSize(8, 16))
    part = SnapshotPart(0, 0, "vt", HUGE, 10, last=False, data=bytes(1_000_000))
    receiver.add_part(part)
    receiver.add_part(part)
    with pytest.raises(OutliveError, match="too long"):
        receiver.add_part(part)


def test_a_screen_is_not_larger_than_a_terminal_can_be() -> None:
    receiver = _SnapshotReceiver("pyte", CellSize(8, 16))
    part = SnapshotPart(0, 0, "vt", HUGE, 10, last=True, data=b"hello")
    receiver.add_part(part)
    replica = receiver.build(part, "another")
    saved = SavedScreen("pyte", "another", HUGE, 10, "", b"", zlib.compress(b"hello"), 0).restore("pyte")
    for each in (replica, saved):
        assert each.size == GridSize(MAX_COLUMNS, MAX_ROWS)
        each.close()


def test_what_another_machine_sends_in_an_engines_own_form_is_not_read() -> None:
    """A made-up one crashes the engine's library, and with it the window."""
    engine = default_engine()
    emulator = create(engine, GridSize(20, 3))
    emulator.feed(b"shown")
    receiver = _SnapshotReceiver(engine, CellSize(8, 16))
    far = Viewer("x", NO_DELEGATE, engine=engine, machine=Alpha())
    assert far._rules.engine_build == ""
    for form in ("", emulator.build):
        part = SnapshotPart(0, 0, form, GridSize(20, 3), 10, last=True, data=b"\x1b[31mas text")
        receiver.add_part(part)
        replica = receiver.build(part, far._rules.engine_build)
        assert not isinstance(replica, TranscriptEngine)
        assert replica.rows()[0].text().rstrip() == "as text"
        replica.close()
    with pytest.raises(StoreError):
        SavedScreen.of(emulator, portable=False, offset=0).restore(engine, own_form=False)
    saved = SavedScreen.of(emulator, portable=True, offset=0)
    restored = msgspec.structs.replace(saved, snapshot=b"made up").restore(engine, own_form=False)
    assert restored.rows()[0].text().rstrip() == "shown"
    for each in (restored, emulator):
        each.close()
