"""The beginning of a snapshot shows the screen before the history has arrived."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from session_host.errors import OutliveError
from session_host.protocol.values import GridSize
from session_host.terminal import create, restore_beginning

pytestmark = pytest.mark.skipif(find_spec("pyghostty") is None, reason="needs pyghostty")


def test_the_beginning_of_a_snapshot_has_the_whole_screen() -> None:
    emulator = create("ghostty", GridSize(120, 40))
    for number in range(1, 10_101):
        emulator.feed(f"\x1b[3{number % 8}mline {number:06d}{'.' * 80}\x1b[0m\r\n".encode())
    emulator.feed(b"\x1b[10;20H\x1b]2;a title\x07")
    snapshot = emulator.snapshot()
    beginning = restore_beginning("ghostty", snapshot[: len(snapshot) // 5])
    assert beginning is not None
    assert beginning.rows() == emulator.rows()
    assert (beginning.cursor, beginning.title, beginning.size) == (emulator.cursor, "a title", emulator.size)
    assert 0 < beginning.scrollback_rows < emulator.scrollback_rows
    assert beginning.frame().full


def test_too_little_of_a_snapshot_shows_nothing() -> None:
    emulator = create("ghostty", GridSize(80, 24))
    emulator.feed(b"hello")
    assert restore_beginning("ghostty", emulator.snapshot()[:300]) is None


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x05xyz", b"\xff" * 40])
def test_other_data_than_a_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(OutliveError, match="not a snapshot"):
        restore_beginning("ghostty", data)


def test_an_engine_without_partial_snapshots_needs_the_whole_snapshot() -> None:
    emulator = create("pyte", GridSize(80, 24))
    assert restore_beginning("pyte", emulator.snapshot()) is None
