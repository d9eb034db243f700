"""OSC 133: an engine reports how a shell's command ended, and does not show the marks."""

from __future__ import annotations

import pytest

from session_host.terminal import from_replay, restore
from session_host.terminal.events import Bell, CommandBegan, CommandEnded, TitleChanged
from tests.support.emulators import texts

from .conftest import Maker

BEGAN = CommandBegan()
ENDED = "\x1b]133;D;2\x07"


@pytest.mark.parametrize(
    ("mark", "events"),
    [
        ("A", []),
        ("A;redraw=0", []),
        ("B", []),
        ("P;k=i", []),
        ("C", [BEGAN]),
        ("C;cmdline_url=make%20-j8", [BEGAN]),
        ("D", [CommandEnded(None)]),
        ("D;0", [CommandEnded(0)]),
        ("D;2", [CommandEnded(2)]),
        ("D;130;aid=7", [CommandEnded(130)]),
        ("D;-1", [CommandEnded(-1)]),
        ("D;2147483647", [CommandEnded(2147483647)]),
        ("D;007", [CommandEnded(7)]),
        ("D;", [CommandEnded(None)]),
        ("D;aid=7", [CommandEnded(None)]),
        ("D;2147483648", [CommandEnded(None)]),
        ("D;99999999999999999999", [CommandEnded(None)]),
        ("D;1e3", [CommandEnded(None)]),
        ("D; 1", [CommandEnded(None)]),
        ("D;+1", [CommandEnded(None)]),
        ("D;²", [CommandEnded(None)]),
        ("D;1\x00\x05", [CommandEnded(1)]),
        ("", []),
        (";", []),
        ("c", []),
        ("CD;1", []),
        ("133;C", []),
    ],
)
def test_the_begin_and_the_end_of_a_command_are_reported(make: Maker, mark: str, events: list[object]) -> None:
    emulator = make(output=f"one\r\n\x1b]133;{mark}\x07two")
    assert emulator.take_events() == events
    assert texts(emulator)[:2] == ["one", "two"]


@pytest.mark.parametrize(
    "output", ["\x1b]133\x07", "\x1b]1330;D;1\x07", "\x1b]13;D;1\x07", "\x1b]133;D;1\x18|", "|133;D;1"]
)
def test_other_sequences_and_cancelled_marks_report_nothing(make: Maker, output: str) -> None:
    assert make(output=output).take_events() == []


def test_marks_keep_their_order_among_other_events(make: Maker) -> None:
    emulator = make(output=f"\x07\x1b]133;C\x1b\\\x1b]2;make\x07{ENDED}\x07\x1b]2;$\x07\x1b]133;D\x1b[m\x07")
    expected = [
        Bell(),
        BEGAN,
        TitleChanged("make"),
        CommandEnded(2),
        Bell(),
        TitleChanged("$"),
        CommandEnded(None),
        Bell(),
    ]
    assert emulator.take_events() == expected


def test_a_mark_is_recognised_however_it_is_split(make: Maker) -> None:
    data = b"a\x1b]133;C;cmdline_url=make\x07b\x1b]133;D;2;aid=1\x1b\\c\r\n\x1b]133;A\x1b\\$ "
    for first in range(1, len(data)):
        for second in range(first + 1, min(first + 9, len(data))):
            emulator = make(20, 3)
            for piece in (data[:first], data[first:second], data[second:]):
                emulator.feed(piece)
            assert emulator.take_events() == [BEGAN, CommandEnded(2)], (first, second)
            assert texts(emulator)[:2] == ["abc", "$"]
            make.close()
    emulator = make(20, 3)
    for byte in data:
        emulator.feed(bytes([byte]))
    assert (emulator.take_events(), texts(emulator)[:2]) == ([BEGAN, CommandEnded(2)], ["abc", "$"])


def test_a_mark_split_by_a_snapshot_is_recognised_by_the_copy(make: Maker) -> None:
    for cut in range(1, len(ENDED)):
        emulator = make(20, 3, output=ENDED[:cut])
        copy = make.keep(restore(make.engine, emulator.snapshot()))
        rebuilt = make.keep(from_replay(make.engine, emulator.replay(), emulator.size))
        for each in (copy, rebuilt):
            each.feed(ENDED[cut:].encode() + b"$")
            assert (each.take_events(), texts(each)[0]) == ([CommandEnded(2)], "$"), cut
        make.close()


@pytest.mark.parametrize("mark", ["A;redraw=0", "N", "L"])
@pytest.mark.parametrize(
    ("before", "rows"),
    [
        ("abc", ["abc", "$", ""]),
        ("abc\r\n", ["abc", "$", ""]),
        ("abc\r", ["$bc", "", ""]),
        ("\x1b[3;1Habc", ["", "abc", "$"]),
        ("x" * 20, ["x" * 20, "$", ""]),
    ],
)
def test_a_prompt_begins_on_a_line_of_its_own(make: Maker, before: str, rows: list[str], mark: str) -> None:
    emulator = make(20, 3, output=f"{before}\x1b]133;{mark}\x07$")
    assert texts(emulator) == rows
    assert emulator.take_events() == []


@pytest.mark.parametrize("mark", ["AB", "L;x", "I", "P", "B", "C", "D;0", "a"])
def test_no_other_mark_moves_the_cursor(make: Maker, mark: str) -> None:
    assert texts(make(20, 3, output=f"abc\x1b]133;{mark}\x07$")) == ["abc$", "", ""]


@pytest.mark.parametrize("content", ["D;" + "1" * 9_000, "D;2;" + "x" * 9_000, "A" + "\u00e9" * 9_000])
def test_a_mark_that_is_too_long_is_not_shown_on_the_screen(make: Maker, content: str) -> None:
    emulator = make(output=f"one\r\n\x1b]133;{content}")
    emulator.feed(b"\x07two")
    assert texts(emulator)[:2] == ["one", "two"]
    emulator.take_events()
    emulator.feed(ENDED.encode())
    assert emulator.take_events() == [CommandEnded(2)]
