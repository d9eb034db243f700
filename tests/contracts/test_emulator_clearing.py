"""The sequences with which a host clears a terminal have the same effect in each engine."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.clearing import CANCEL, sequences
from tests.contracts.conftest import Maker

INPUT_MODES = "\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[>5u\x1b[?1h"
BINARY = "\x1b[31;1;4m\x1b[?5h\x1b(0\x0e\x1b[?6h\x1b[2;3r\x1b[4h\x1b[20h\x1b[?7l\x1b]11;#ff0000\x07\x1b]4;1;#00ff00\x07"
LINES = "".join(f"line {number}\r\n" for number in range(30))


@pytest.mark.parametrize(
    ("unfinished", "rest"),
    [
        (b"\xe6\xbc", b"\xa2"),
        (b"\x1b", b"[m"),
        (b"\x1b[3", b"1m"),
        (b"\x1b]133;", b"A\x07"),
        (b"\x1b]2;t", b"\x07"),
        (b"\x1b]99;i=1", b";x\x1b\\"),
        (b"\x1bP1$r", b"\x1b\\"),
        (b"\x1b_G", b"\x1b\\"),
    ],
)
def test_an_unfinished_sequence_is_known_and_can_be_cancelled(make: Maker, unfinished: bytes, rest: bytes) -> None:
    emulator = make(output=LINES + "abc")
    assert emulator.is_ground()
    emulator.feed(unfinished)
    assert not emulator.is_ground()
    copy = make(output=LINES + "abc")
    copy.feed(unfinished + rest)
    assert copy.is_ground()
    emulator.feed(CANCEL + sequences("scrollback", at_prompt=False) + b"\r\ndef")
    assert emulator.is_ground()
    assert emulator.scrollback_rows <= 1
    assert emulator.rows()[-1].text() == "def"


def test_clearing_the_scrollback_leaves_the_screen(make: Maker) -> None:
    emulator = make(40, 10, output=LINES + "$ typed")
    emulator.scroll(-5)
    before = [row.text() for row in emulator.rows()], emulator.cursor
    emulator.feed(sequences("scrollback", at_prompt=True))
    assert ([row.text() for row in emulator.rows()], emulator.cursor) == before
    assert (emulator.scrollback_rows, emulator.frame().scroll_offset) == (0, 0)


def test_the_scrollback_below_the_alternate_screen_stays(make: Maker) -> None:
    emulator = make(40, 10, output=LINES)
    rows = emulator.scrollback_rows
    emulator.feed(b"\x1b[?1049hfull screen" + sequences("scrollback", at_prompt=False))
    emulator.feed(b"\x1b[?1049l")
    assert emulator.scrollback_rows == rows


def test_a_reset_undoes_the_effects_of_binary_output_and_keeps_the_input_modes(make: Maker) -> None:
    emulator = make(20, 6, output=LINES + INPUT_MODES + "\x1b[?1049h" + INPUT_MODES + BINARY + "qqq\x1b[2 q")
    before = emulator.modes
    emulator.feed(sequences("reset", at_prompt=False))
    assert emulator.modes == before._replace(reverse_screen=False)
    assert (emulator.cursor.column, emulator.cursor.row) == (0, 0)
    assert not any(row.text().strip() for row in emulator.rows())
    emulator.feed(b"q" * 21 + b"\nX")
    assert [row.text().rstrip() for row in emulator.rows()[:3]] == ["q" * 20, "q", " X"]
    assert all(run.style.attributes == 0 and run.style.foreground == -1 for run in emulator.rows()[0].runs)
    frame = emulator.frame()
    assert (frame.background, frame.palette) == (-1, {})


def test_a_reset_at_a_shells_prompt_ends_the_modes_of_a_killed_program(make: Maker) -> None:
    emulator = make(20, 6, output=LINES + INPUT_MODES + "\x1b[?1049h\x1b[?25l\x1b[?1003h")
    rows = emulator.scrollback_rows
    emulator.feed(sequences("reset", at_prompt=True))
    modes = emulator.modes
    assert (modes.alternate_screen, modes.mouse, modes.mouse_encoding) == (False, "none", "default")
    assert (modes.kitty_keyboard, modes.focus_events) == (0, False)
    assert modes.bracketed_paste, "a shell sets it for each prompt; a paste at this one must not run lines"
    assert emulator.cursor.visible
    assert emulator.scrollback_rows >= 24, rows
    assert not any(row.text().strip() for row in emulator.rows())
    assert emulator.take_replies() == b""


def test_tab_stops_are_the_usual_ones_after_a_reset(make: Maker) -> None:
    emulator = make(30, 4, output="\x1b[3g\x1b[1;5H\x1bH" + "\x1b[1;1H")
    emulator.feed(sequences("reset", at_prompt=False) + b"\tx")
    assert emulator.rows()[0].text() == " " * 8 + "x"
    emulator.resize(GridSize(31, 4), CellSize())
    assert emulator.rows()[0].text() == " " * 8 + "x"
