"""With random output, sizes and calls, an engine never fails, and its grid and its memory stay valid."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from session_host.errors import OutliveError
from session_host.protocol import messages as m
from session_host.protocol.values import NAMED_KEYS, CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.terminal import create, from_replay, restore
from session_host.terminal.base import DefaultColors, Emulator, EngineName
from session_host.terminal.clearing import reset_after_exit
from session_host.terminal.encode import encode_focus, encode_key, encode_mouse, encode_paste
from session_host.terminal.text import logical_ansi_lines, logical_lines
from tests.support.emulators import visible_state
from tests.support.fuzzing import chance, some, some_number, some_text, times

PIECES = [
    b"\x1b[",
    b"\x1b]",
    b"\x1bP",
    b"\x1b_",
    b"\x1b^",
    b"\x1bX",
    b"\x1b\\",
    b"\x07",
    b"\x18",
    b"\x1a",
    b"\x1b",
    b";",
    b":",
    b"?",
    b">",
    b"=",
    b"!",
    b'"',
    b" ",
    b"$",
    b"#",
    b"'",
    b"m",
    b"H",
    b"r",
    b"h",
    b"l",
    b"J",
    b"K",
    b"X",
    b"P",
    b"@",
    b"S",
    b"T",
    b"q",
    b"u",
    b"n",
    b"c",
    b"t",
    b"p",
    b"s",
    b"x",
    b"y",
    b"z",
    b"{",
    b"|",
    b"}",
    b"~",
    b"b",
    b"L",
    b"M",
    b"A",
    b"d",
    b"G",
    b"I",
    b"Z",
    b"0",
    b"1",
    b"2",
    b"3",
    b"4",
    b"7",
    b"8",
    b"38",
    b"48",
    b"58",
    b"1049",
    b"2004",
    b"2026",
    b"2027",
    b"1006",
    b"69",
    b"65535",
    b"99999999999999999999",
    b"\r",
    b"\n",
    b"\t",
    b"\b",
    b"\x0e",
    b"\x0f",
    b"7",
    b"8",
    b"D",
    b"E",
    b"M",
    b"(0",
    b"(B",
    b"#8",
    b"0;title",
    b"8;;http://x/",
    b"8;;",
    b"52;c;",
    b"4;1;?",
    b"10;?",
    b"9;4;1;50",
    b"99;i=1:d=0;",
    b"7501;",
    b"133;A",
    b"1337;File=",
    b"Gi=1,a=T,f=100;AAAA",
    b"$q",
    b"+q544e",
    b"=1s",
    b"\xc2\x9b",
    b"\x9b",
    b"\xff",
    b"\xf0\x9f",
    b"\xe2\x80\x8d",
    b"\xef\xb8\x8f",
    "漢字".encode(),
    "漢字".encode() * 25,
    "e\u0301".encode(),
    "👩\u200d👧".encode(),
    "\u202e".encode(),
    b"\xed\xa0\x80",
    b"text ",
    b"x" * 90,
]


def some_output(choose: random.Random) -> bytes:
    return b"".join(some(choose, PIECES) for _ in range(choose.randrange(60))) + choose.randbytes(choose.randrange(20))


def call_something(choose: random.Random, emulator: Emulator) -> None:
    """Call a method of the emulator as a host or a view does, chosen at random."""
    match choose.randrange(10):
        case 0 | 1:
            size = GridSize(
                some(choose, [1, 2, 20, 80, choose.randrange(1, 200)]),
                some(choose, [1, 2, 5, 24, choose.randrange(1, 80)]),
            )
            emulator.resize(size, CellSize(choose.randrange(0, 100), choose.randrange(0, 100)))
        case 2:
            key = m.Key(
                "",
                0,
                some(choose, [*sorted(NAMED_KEYS), some_text(choose)]),
                some_text(choose),
                some_number(choose) & 0xFFFF,
            )
            encode_key(msgspec.structs.replace(key, action=some(choose, list(KeyAction))), emulator.modes)
        case 3:
            action, button = some(choose, list(MouseAction)), some(choose, list(MouseButton))
            encode_mouse(
                m.Mouse("", 0, action, button, some_number(choose), some_number(choose), some_number(choose)),
                emulator.modes,
                emulator.size,
                emulator.cell,
            )
        case 4:
            encode_paste(some_text(choose), emulator.modes)
            encode_focus(choose.random() < 0.5, emulator.modes)
        case 5:
            place = (choose.randrange(-5, 300), choose.randrange(-5, 100))
            emulator.select(
                place, (choose.randrange(-5, 300), choose.randrange(-5, 100)), some(choose, ["cell", "word", "line"])
            )
            emulator.selected_text()
        case 6:
            emulator.scroll(choose.randrange(-200, 200))
            emulator.frame()
        case 7:
            emulator.set_default_colors(
                DefaultColors(choose.randrange(2**24), choose.randrange(2**24), 0xFF, choose.random() < 0.5)
            )
        case 8:
            emulator.select_all()
            emulator.clear_selection()
        case _:
            reset_after_exit(emulator) if choose.random() < 0.1 else emulator.damage_all()


def assert_valid(emulator: Emulator) -> None:
    size, cursor = emulator.size, emulator.cursor
    rows = emulator.rows()
    assert len(rows) == size.rows
    assert all(run.column + run.cells <= size.columns for row in rows for run in row.runs)
    assert 0 <= cursor.column < size.columns
    assert 0 <= cursor.row < size.rows
    assert emulator.title.isprintable() or not any(ord(character) < 0x20 for character in emulator.title)
    assert len(emulator.take_replies()) <= 1024 * 1024
    assert len(emulator.take_events()) <= 1000
    lines = logical_lines(emulator.history(0, emulator.scrollback_rows) + rows)
    assert not [line for line in lines if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in line)]
    logical_ansi_lines(rows)


def test_no_output_and_no_call_makes_an_engine_fail(engine: EngineName) -> None:
    with chance() as choose:
        for _ in range(times(30)):
            emulator = create(engine, GridSize(choose.randrange(1, 100), choose.randrange(1, 30)), scrollback_lines=100)
            steps: list[Any] = []
            try:
                for _ in range(choose.randrange(1, 25)):
                    steps.append(some_output(choose))
                    emulator.feed(steps[-1])
                    if choose.random() < 0.5:
                        call_something(choose, emulator)
                    assert_valid(emulator)
                copy = restore(engine, emulator.snapshot())
                assert visible_state(copy) == visible_state(emulator)
                copy.close()
                rebuilt = from_replay(engine, emulator.replay(), emulator.size, scrollback_lines=100)
                assert_valid(rebuilt)
                rebuilt.close()
            except BaseException as error:
                error.add_note(f"after {steps!r}")
                raise
            emulator.close()


def test_a_damaged_snapshot_is_refused_or_restored(engine: EngineName) -> None:
    with chance() as choose:
        emulator = create(engine, GridSize(40, 10), scrollback_lines=100)
        emulator.feed(b"\x1b[31mtext\x1b]2;title\x07" * 50)
        whole = emulator.snapshot()
        emulator.close()
        for _ in range(times(60)):
            data = bytearray(whole)
            match choose.randrange(3):
                case 0:
                    del data[choose.randrange(len(data)) :]
                case 1:
                    data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
                case _:
                    data[: choose.randrange(40)] = choose.randbytes(choose.randrange(40))
            try:
                restored = restore(engine, bytes(data))
            except OutliveError:
                continue
            restored.feed(b"and more")
            assert len(restored.rows()) == restored.size.rows
            restored.close()
