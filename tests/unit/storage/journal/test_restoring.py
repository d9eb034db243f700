"""Restoring the terminal at a journal's end, from its last snapshot or from all its output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.protocol.values import GridSize
from session_host.storage.journal import Journal, Output, Snapshot, restore
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.text import logical_lines
from tests.support.journals import logs, output, resize, write_journal


@pytest.fixture(params=available_engines())
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name


def whole_text(emulator: Emulator) -> list[str]:
    return logical_lines(emulator.history(0, emulator.scrollback_rows) + emulator.rows())


def snapshot_of(emulator: Emulator, offset: int, resizes: int) -> Snapshot:
    return Snapshot(
        offset, resizes, emulator.build, emulator.size, emulator.scrollback_limit, emulator.title, emulator.snapshot()
    )


@pytest.fixture
def terminal(directory: Path, engine: EngineName) -> Iterator[Emulator]:
    """A terminal with 200 lines and two resizes, recorded in three segments; its last output ends within a sequence."""
    emulator = create(engine, GridSize(40, 10), scrollback_lines=500)
    with Journal.open(directory) as journal:
        journal.append([resize(0, 0, 40, 10)])
        number = 0
        for line in range(200):
            data = b"\x1b[3%dmline %d\x1b[0m\r\n" % (line % 8, line)
            emulator.feed(data)
            journal.append([output(journal.end, data)])
            if line in {50, 150}:
                number += 1
                changed = resize(journal.end, number, 40 + number * 5, 12)
                emulator.resize(changed.size, changed.cell)
                journal.append([changed])
            if line in {80, 160}:
                journal.begin_segment(snapshot_of(emulator, journal.end, number))
        for data in (b"\x1b]0;a ti", b"tle\x07 \xe4\xb8", b"\xad \x1b[1"):
            emulator.feed(data)
            journal.append([output(journal.end, data)])
    yield emulator
    emulator.close()


def check_alike(restored: Emulator | None, original: Emulator) -> None:
    assert restored is not None
    try:
        assert whole_text(restored) == whole_text(original)
        assert (restored.size, restored.cell) == (original.size, original.cell)
        assert restored.scrollback_limit == original.scrollback_limit
        assert (restored.title, restored.cursor) == (original.title, original.cursor)
        for emulator in (restored, original):
            emulator.feed(b";31mred")
        assert restored.rows() == original.rows(), "an unfinished sequence continues, too"
        assert restored.take_replies() == b""
    finally:
        restored.close()


def test_a_terminal_is_restored_from_the_last_snapshot(directory: Path, engine: EngineName, terminal: Emulator) -> None:
    for segment in logs(directory)[:2]:
        segment.unlink()  # so that only the last snapshot is left
    check_alike(restore(directory, engine), terminal)


def test_with_a_damaged_last_snapshot_the_previous_one_is_used(
    directory: Path, engine: EngineName, terminal: Emulator
) -> None:
    last = directory / "00000003.snapshot"
    last.write_bytes(last.read_bytes()[:-1])
    logs(directory)[0].unlink()
    check_alike(restore(directory, engine), terminal)


def test_with_snapshots_of_another_build_all_output_is_used(
    directory: Path, engine: EngineName, terminal: Emulator
) -> None:
    from session_host.storage.journal.segments import decode_snapshot, encode_snapshot

    for path in directory.glob("*.snapshot"):
        kept = decode_snapshot(path.read_bytes())
        assert kept is not None
        path.write_bytes(b"".join(encode_snapshot(kept._replace(build="another"))))
    check_alike(restore(directory, engine), terminal)


def test_each_engine_restores_the_recorded_text(directory: Path, terminal: Emulator) -> None:
    for other in available_engines():
        restored = restore(directory, other)
        assert restored is not None
        assert whole_text(restored)[-3:] == whole_text(terminal)[-3:]
        assert restored.engine == other
        restored.close()


def test_output_that_began_before_the_snapshot_is_shown_once(directory: Path, engine: EngineName) -> None:
    emulator = create(engine, GridSize(40, 10))
    emulator.feed(b"abc")
    with Journal.open(directory) as journal:
        journal.append([resize(0, 0, 40, 10), output(0, b"abcdef")])
        journal.begin_segment(snapshot_of(emulator, 3, 0))
        journal.append([output(6, b"ghi")])
    emulator.close()
    restored = restore(directory, engine)
    assert restored is not None
    assert whole_text(restored)[0] == "abcdefghi"
    restored.close()


def test_a_gap_ends_an_unfinished_sequence(directory: Path, engine: EngineName) -> None:
    write_journal(directory, [resize(0, 0), output(0, b"one\x1b]0;an endless ti"), output(500, b"two")])
    restored = restore(directory, engine)
    assert restored is not None
    assert whole_text(restored)[0] == "onetwo"
    restored.close()


def test_an_empty_journal_restores_nothing(directory: Path, engine: EngineName) -> None:
    assert restore(directory, engine) is None
    Journal.open(directory).close()
    assert restore(directory, engine) is None


def test_a_journal_without_a_size_has_the_default_size(directory: Path) -> None:
    write_journal(directory, [output(0, b"hello")])
    restored = restore(directory, None)
    assert restored is not None
    assert restored.size == GridSize(80, 24)
    restored.close()


@pytest.mark.portable_lacks("marks of commands")
def test_times_of_commands_are_those_of_the_recorded_output(directory: Path, engine: EngineName) -> None:
    """In a chat that a reboot interrupted; the wall clock may have been set back in the meantime."""
    began, ended = b"\x1b]133;A\x07$ x\r\n\x1b]133;C\x07out\r\n", b"\x1b]133;D;0\x07"
    emulator = create(engine, GridSize(40, 10))
    emulator.commands.start_numbers(1)
    emulator.commands.clock = lambda: (50_000, 9)
    with Journal.open(directory) as journal:
        journal.append([resize(0, 0, 40, 10)])
        emulator.feed(began)
        journal.append([output(0, began)])
        journal.begin_segment(snapshot_of(emulator, len(began), 0))
        for at_ms, data in ((57_000, ended + began), (57_001, b"more\r\n"), (58_500, ended + began), (9_000, ended)):
            journal.append([Output(at_ms * 1_000_000, journal.end, data)])
    emulator.close()
    restored = restore(directory, engine)
    assert restored is not None
    commands = restored.commands.saved().commands
    assert [(each.began_ms, each.took_ms) for each in commands] == [(50_000, 7_000), (57_000, 1_500), (58_500, -1)]
    restored.close()
