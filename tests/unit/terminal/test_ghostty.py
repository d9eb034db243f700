"""What only the ghostty engine has: limits of its history, rows as numbers, sequences that the other engine lacks."""

from __future__ import annotations

import struct
from itertools import count, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create, restore
from session_host.terminal.base import DefaultColors, Emulator
from session_host.terminal.clearing import reset_after_exit
from session_host.terminal.ghostty.cells import groups_of, row_text
from session_host.terminal.ghostty.emulator import GhosttyEmulator

TAG, CODEPOINT, STYLE, WIDE, LINK = 0b11, 0x1FFFFF << 2, 0xFFFF << 26, 0b11 << 42, 1 << 45
CELLS = st.builds(
    lambda tag, character, style, wide, more: tag | ord(character) << 2 | style << 26 | wide << 42 | more << 44,
    st.integers(0, 3),
    st.sampled_from("\0 aö\u0394日🙂"),
    st.sampled_from([0, 1, 2, 0xFFFF]),
    st.integers(0, 3),
    st.integers(0, 0xFFFFF),
)
ROWS = st.lists(st.tuples(CELLS, st.integers(1, 40)), min_size=1, max_size=40).map(
    lambda groups: [cell for cell, count in groups for _ in range(count)]
)


@given(ROWS)
def test_a_row_has_the_text_and_the_keys_of_its_cells(cells: list[int]) -> None:
    bits = int.from_bytes(struct.pack(f"<{len(cells)}Q", *cells), "little")
    text = "".join(chr((cell & CODEPOINT) >> 2) for cell in cells)
    assert row_text(bits, len(cells)) == text.replace("\0", " ")
    keys = [cell & (TAG | STYLE | WIDE | LINK) for cell in cells]
    assert groups_of(bits, len(cells)) == [(key, len(list(group))) for key, group in groupby(keys)]


LINES = 10_000
LINES_AT_ONCE = 100


def rows_in_memory(emulator: GhosttyEmulator) -> int:
    return emulator._reader.history_rows()


def plain(lines: int) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(lines))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (400, 60)])
def test_a_full_history_has_little_more_than_its_lines_in_memory(columns: int, rows: int) -> None:
    emulator = GhosttyEmulator(GridSize(columns, rows))
    for _ in range(2 * LINES // LINES_AT_ONCE):
        emulator.feed(plain(LINES_AT_ONCE))
    held = []
    for _ in range(LINES // LINES_AT_ONCE):
        emulator.feed(plain(LINES_AT_ONCE))
        held.append(rows_in_memory(emulator))
    assert min(held) >= LINES
    assert max(held) < 1.2 * LINES
    emulator.close()


@pytest.mark.parametrize("colours", [1, 10])
def test_all_lines_are_kept_when_output_becomes_colourful(colours: int) -> None:
    emulator = GhosttyEmulator(GridSize(120, 40))
    emulator.feed(plain(LINES + 2000))
    assert emulator.scrollback_rows == LINES
    number = count()
    for _ in range(2 * LINES // LINES_AT_ONCE):
        for _ in range(LINES_AT_ONCE):
            new = [(each >> 8 & 255, each & 255) for each in (next(number) for _ in range(colours))]
            emulator.feed(b"".join(b"\x1b[38;2;7;%d;%dmx" % colour for colour in new) + b"\r\n")
        assert emulator.scrollback_rows == LINES
    emulator.close()


def test_many_snapshots_do_not_shorten_the_history() -> None:
    emulator = GhosttyEmulator(GridSize(120, 40))
    emulator.feed(plain(LINES + 2000))
    for _ in range(50):
        emulator.feed(plain(LINES_AT_ONCE))
        emulator.snapshot()
        assert LINES <= rows_in_memory(emulator) < 1.2 * LINES
    emulator.close()


def test_lines_of_a_narrowed_terminal_are_whole_when_it_is_wide_again() -> None:
    wide, narrow = GridSize(120, 40), GridSize(40, 40)
    emulator = GhosttyEmulator(wide)
    emulator.feed(b"".join(b"%0119d\r\n" % number for number in range(2 * LINES)))
    emulator.resize(narrow, CellSize())
    emulator.feed(plain(300))
    emulator.snapshot()
    emulator.feed(plain(300))
    emulator.resize(wide, CellSize())
    assert emulator.scrollback_rows == LINES
    first = 2 * LINES + 600 - LINES - (wide.rows - 1)
    assert [row.text() for row in emulator.history(0, 2)] == [f"{number:0119}" for number in (first, first + 1)]
    emulator.close()


COLORS = DefaultColors(0x112233, 0x445566, 0x778899)


def made(output: str) -> Emulator:
    emulator = create("ghostty", GridSize(40, 10), colors=COLORS)
    emulator.feed(output.encode())
    return emulator


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (
            "\x1b]21;foreground=?;background= ?;cursor=?\x07",
            "\x1b]21;foreground=rgb:11/22/33;background=rgb:44/55/66;cursor=rgb:77/88/99\x07",
        ),
        ("\x1b]21;1=#102030;1=?;no=?;256=?;selection_background=?\x1b\\", "\x1b]21;1=rgb:10/20/30\x1b\\"),
        (
            "\x1b]21;cursor=#102030\x1b\\\x1b]12;?\x07\x1b]21;cursor=;cursor=?\x07",
            "\x1b]12;rgb:1010/2020/3030\x07\x1b]21;cursor=rgb:77/88/99\x07",
        ),
        ("\x1b]21;no=?\x07", ""),
        ("\x1bZ", "\x1b[?62;4;22c"),
        ("\x1b[=c", "\x1bP!|00000000\x1b\\"),
        ("\x1b[4$p\x1b[4h\x1b[4$p\x1b[99$p", "\x1b[4;2$y\x1b[4;1$y\x1b[99;0$y"),
        ("\x1b[?998n\x1b[?2033h\x1b[?2033$p", "\x1b[?999;1n\x1b[?999;1n\x1b[?2033;1$y"),
        ("\x1b[2;7r\x1bP$qr\x1b\\", "\x1bP1$r2;7r\x1b\\"),
        ('\x1bP$q"p\x1b\\', '\x1bP1$r62;1"p\x1b\\'),
        ("\x1b[?69h\x1b[3;9s\x1bP$qs\x1b\\", "\x1bP1$r3;9s\x1b\\"),
        ('\x1bP$q"q\x1b\\\x1b[1"q\x1bP$q"q\x1b\\', '\x1bP1$r0"q\x1b\\\x1bP1$r1"q\x1b\\'),
    ],
)
def test_settings_are_reported(query: str, reply: str) -> None:
    emulator = made(query)
    assert emulator.take_replies() == reply.encode()
    emulator.close()


def test_a_program_sets_the_mouse_pointer_of_its_screen() -> None:
    emulator = made("\x1b]22;hand2\x07\x1b[?1049h")
    assert emulator.modes.pointer_shape == ""
    emulator.feed(b"\x1b]22;>wait,cross")
    emulator.feed(b"hair\x1b\\\x1b]22;?__current__,pointer,no-such,xterm,__grabbed__\x07")
    assert emulator.take_replies() == b"\x1b]22;crosshair,1,0,1,default\x1b\\"
    copies = [restore("ghostty", emulator.snapshot()), made(emulator.replay().decode())]
    for same in (emulator, *copies):
        assert same.modes.pointer_shape == "crosshair"
        same.feed(b"\x1b]22;<\x07")
        assert same.modes.pointer_shape == "wait"
        same.feed(b"\x1b[?1049l")
        assert same.modes.pointer_shape == "pointer"
    reset_after_exit(emulator)
    copies[0].feed(b"\x1bc")
    copies[1].feed(b"\x1b]22;no-such\x07")
    assert {same.modes.pointer_shape for same in (emulator, *copies)} == {""}
    for same in (emulator, *copies):
        same.close()


@pytest.mark.parametrize(
    ("output", "rows"),
    [
        ("\x1b[3;6r\x1b[?6h\x1b[2;4H\x1b7\x1b[?6l\x1b[H", ["", "", "", "   saved"]),
        ("\x1b[?69h\x1b[5;9s\x1b[1;5Habc\x1b]133;A\x07\x1b7", ["    abc", "    saved"]),
        ("\x1b[?1045h\x1b[1;3H\x1b[3D\x1b[40D\x1b7", [""] * 8 + [" " * 39 + "s", "aved"]),
    ],
)
def test_margins_and_wraps_backwards_survive_a_copy(output: str, rows: list[str]) -> None:
    emulator = made(output)
    for same in (emulator, restore("ghostty", emulator.snapshot()), made(emulator.replay().decode())):
        same.feed(b"\x1b8saved")
        assert [row.text() for row in same.rows()][: len(rows)] == rows
        same.close()
