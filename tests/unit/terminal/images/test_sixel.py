"""Sixel images: position, size and removal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, from_replay, restore
from session_host.terminal.base import Emulator
from session_host.terminal.ghostty import sequences
from session_host.terminal.ghostty.sequences import SIXEL
from session_host.terminal.images.sixel import Raster, raster_of
from session_host.terminal.images.values import PlacedImage
from session_host.terminal.text import logical_lines
from tests.support.images import sixel

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

SIZE, CELL = GridSize(40, 10), CellSize(8, 16)


@pytest.fixture
def terminal() -> Iterator[Emulator]:
    """A terminal of 40 × 10 cells of 8 × 16 pixels."""
    emulator = create("ghostty", SIZE, cell=CELL, scrollback_lines=100)
    yield emulator
    emulator.close()


def images(emulator: Emulator) -> list[PlacedImage]:
    emulator.damage_all()
    return list(emulator.frame().images)


def places(emulator: Emulator) -> list[tuple[float, ...]]:
    """Column, row, columns and rows of the shown images."""
    return [(one.column, one.row, one.columns, one.rows) for one in images(emulator)]


@pytest.mark.parametrize(("height", "cursor_row"), [(6, 2), (16, 2), (17, 3), (60, 5)])
def test_the_cursor_moves_to_the_last_row_of_the_image(terminal: Emulator, height: int, cursor_row: int):
    """As in xterm, so that an image fits at the bottom of the screen."""
    terminal.feed(b"\x1b[3;5H" + sixel(30, height))
    assert places(terminal) == [(4, 2, 3.75, height / 16)]
    assert terminal.cursor[:2] == (4, cursor_row)
    assert terminal.take_replies() == b""


def test_at_the_bottom_of_the_screen_the_text_scrolls(terminal: Emulator):
    terminal.feed(b"above\x1b[10;1H" + sixel(16, 48) + b"\r\nbelow")
    assert places(terminal) == [(0, 6, 2, 3)]
    assert [row.text() for row in terminal.history(0, 9)] == ["above", "", ""]
    terminal.resize(GridSize(20, 10), CELL)
    assert places(terminal) == [(0, 6, 2, 3)]


@pytest.mark.parametrize(
    ("data", "raster"),
    [
        (b'q"1;1;30;20#0~', Raster(30, 20, 20)),
        (b'0;1;0q"2;1;30;20#0~', Raster(30, 20, 40)),
        (b"q#0;2;0;0;0~~~$#1!5~-#1??", Raster(5, 12, 12)),
        (b"q#0!12~-", Raster(12, 6, 6)),
        (b'q"1;1;0;0#0~', None),
        (b"q#1;2;1;1;1$-$-", None),
    ],
)
def test_an_image_has_its_size_in_cells(data: bytes, raster: Raster | None):
    assert raster_of(data) == raster


def test_a_sequence_cut_anywhere_or_copied_in_the_middle_gives_the_same_image(terminal: Emulator):
    output = b"a" + sixel(16, 16, parameters=b"0;1;0") + b"\n" + sixel(8, 8, b"\x1b[31m") + b"\r\nc"
    for byte in output[:-20]:
        terminal.feed(bytes([byte]))
    copies = restore("ghostty", terminal.snapshot()), from_replay("ghostty", terminal.replay(), SIZE)
    for same in (terminal, *copies):
        for byte in output[-20:]:
            same.feed(bytes([byte]))
        assert places(same) == [(1, 0, 2, 1), (1, 1, 1, 0.5)]
        assert [row.text() for row in same.rows()[:3]] == ["a", "", "c"]
        assert same.is_ground()
    for copy in copies:
        copy.close()


def test_text_written_over_an_image_is_shown(terminal: Emulator):
    terminal.feed(b"old text\r" + sixel(48, 32) + b"\x1b[2;3Hab\x1b[1;5H ")
    (image,) = images(terminal)
    assert image.written == ((1, 2, 4),)
    assert terminal.rows()[0].text() == "      xt", "the image has replaced the text below it"


def test_on_the_alternate_screen_blanks_and_erased_cells_replace_it_too(terminal: Emulator):
    terminal.feed(b"\x1b[?1049h" + sixel(32, 48) + b"\x1b[1;2H  \x1b[2;3H\x1b[K\x1b[3;1H\x1b[X")
    assert logical_lines(terminal.rows())[:3] == ["", "", ""], "the marks are blanks"
    for same in (terminal, restore("ghostty", terminal.snapshot())):
        (image,) = images(same)
        assert image.written == ((0, 1, 3), (1, 2, 4), (2, 0, 1))
        same.feed(b"\x1b[1;1H\x1b[J")
        assert images(same) == []
        if same is not terminal:
            same.close()


TRANSPARENT = b"0;1;0"


@pytest.mark.parametrize("screen", [b"", b"\x1b[?1049h"])
def test_text_below_transparent_pixels_stays_and_text_written_later_replaces_the_image(
    terminal: Emulator, screen: bytes
):
    below = "\x1b[31mold e\u0301 \u6f22 text\x1b[0;44m\x1b[K\x1b[2;39H\x1b[32mend\x1b[35m\x1b[H".encode()
    terminal.feed(screen + below)
    terminal.damage_all()
    rows = [row.text().rstrip("\xa0") for row in terminal.rows()]
    runs = terminal.frame().rows[0].runs
    for _ in range(3):
        terminal.feed(b"\x1b[H" + sixel(320, 32, parameters=TRANSPARENT))
    assert [row.text().rstrip("\xa0") for row in terminal.rows()] == rows
    terminal.damage_all()
    shown = terminal.frame().rows[0].runs
    assert [(run.text.replace("\xa0", " "), run.style, run.cluster) for run in shown] == [run[2:] for run in runs]
    assert [image.written for image in images(terminal)] == [()]
    terminal.feed(b"\x1b[1;2HLD\x1b[1;7HXY\x1b[2;40HZ\x1b[1;10Ht")
    copies = restore("ghostty", terminal.snapshot()), from_replay("ghostty", terminal.replay(), SIZE)
    for same in (terminal, *copies):
        (image,) = images(same)
        assert image.written == ((0, 1, 3), (0, 6, 8), (0, 9, 10), (1, 39, 40))
        assert same.rows()[0].text().rstrip("\xa0").startswith("oLD e\u0301 XY text")
        same.select((0, 0), (5, 0), "cell")
        assert same.selected_text() == "oLD e\u0301"
        assert "\U000e01ef" not in "".join(row.text() for row in [*same.rows(), *same.history(0, 9)])
    for copy in copies:
        copy.close()


@pytest.mark.parametrize("clusters", [b"\x1b[?2027h", b"\x1b[?2027l"])
def test_an_image_over_text_that_was_shown_before_has_no_holes(terminal: Emulator, clusters: bytes):
    terminal.feed(clusters + b"\x1b[3;1Htext\x1b[3;2H")
    assert terminal.frame().images == ()
    terminal.feed(sixel(16, 16, parameters=TRANSPARENT))
    assert [image.written for image in terminal.frame().images] == [()]


def test_a_transparent_image_at_the_bottom_scrolls_and_keeps_the_text_below(terminal: Emulator):
    terminal.feed(b"\x1b[9;1Hnine\r\nten\x1b[9;1H" + sixel(40, 64, parameters=TRANSPARENT))
    assert [row.text() for row in terminal.rows()[6:8]] == ["nine", "ten"]
    assert places(terminal) == [(0, 6, 5, 4)]
    assert [image.written for image in images(terminal)] == [()]


def test_a_few_bytes_that_name_a_large_transparent_image_clear_the_text(terminal: Emulator):
    """To mark the text of a screen takes longer than to interpret the bytes."""
    terminal.feed(b'text\r\x1bP0;1q"1;1;4000;4000#1~\x1b\\')
    assert terminal.history(0, 1)[0].text() == ""


@pytest.mark.parametrize(
    ("output", "left"),
    [
        (b"\x1b[2J", []),
        (b"\x1b[3;1H\x1b[J", [0]),
        (b"\x1b[5;1H\x1b[1J", [4]),
        (b"\x1b[5;1H\x1b[J", [0]),
        (b"\x1bc", []),
    ],
)
def test_erasing_the_screen_or_a_part_removes_the_image(terminal: Emulator, output: bytes, left: list[int]):
    terminal.feed(sixel(16, 32) + b"\x1b[5;1H" + sixel(16, 32) + output)
    assert [row for _, row, *_ in places(terminal)] == left


def test_the_next_image_of_an_animation_replaces_the_last_one(terminal: Emulator):
    for _ in range(500):
        terminal.feed(b"\x1b[2;2H" + sixel(16, 32))
    assert places(terminal) == [(1, 1, 2, 2)]
    terminal.feed(b"\x1b[2;2H" + sixel(8, 8))
    assert len(places(terminal)) == 2, "a smaller one is over it"


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        ("\x1b[?1;1;0S", "\x1b[?1;0;256S"),
        ("\x1b[?2;1;0S", "\x1b[?2;0;320;160S"),
        ("\x1b[?2;4S", "\x1b[?2;0;10000;10000S"),
        ("\x1b[?1;3;16S", "\x1b[?1;3;0S"),
        ("\x1b[5n\x1b[?1;1;0S\x1b[6n", "\x1b[0n\x1b[?1;0;256S\x1b[1;1R"),
    ],
)
def test_a_program_asks_for_colours_and_size(terminal: Emulator, query: str, reply: str):
    terminal.feed(query.encode())
    assert terminal.take_replies() == reply.encode()
    for character in query.encode():
        terminal.feed(bytes([character]))
    assert terminal.take_replies() == reply.encode()


def test_a_line_says_why_an_image_is_not_shown(terminal: Emulator, monkeypatch: pytest.MonkeyPatch):
    terminal.feed(b'\x1bPq"1;1;20000;6#0~\x1b\\')
    assert terminal.rows()[0].text() == "[image not shown: an image of 20000x6 pi"
    monkeypatch.setitem(sequences._LIMITS, SIXEL, 100)
    terminal.feed(b"\x1bc" + sixel(30, 90) + b"\x1bPq#0garbage\x18\x1bP1$r\x1b\\")
    assert [row.text() for row in terminal.rows()[:2]] == ["[image not shown: the image is too large", "]"]
    assert places(terminal) == []
