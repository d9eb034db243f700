"""Images at Unicode placeholders: the part of an image that each cell shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, from_replay, restore
from session_host.terminal.base import Emulator
from session_host.terminal.images.placeholders import MARKS, PLACEHOLDER
from tests.support.images import command, shown

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

SIZE, CELL = GridSize(40, 10), CellSize(8, 16)
Shown = tuple[tuple[float, ...], tuple[int, ...]]


@pytest.fixture
def terminal() -> Iterator[Emulator]:
    """A terminal of 40 × 10 cells of 8 × 16 pixels, with an image of 64 × 64 pixels on 4 × 2 cells."""
    emulator = create("ghostty", SIZE, cell=CELL, scrollback_lines=100)
    emulator.feed(shown("i=42,U=1,c=4,r=2,q=2"))
    yield emulator
    emulator.close()


def cells(*numbers: tuple[int, ...]) -> str:
    """Placeholders with their combining marks: row, column, highest byte of the id."""
    return "".join(PLACEHOLDER + "".join(MARKS[number] for number in marks) for marks in numbers)


def parts(emulator: Emulator) -> list[Shown]:
    """Column, row, columns and rows of the shown images, and the visible part of their pixels."""
    emulator.damage_all()
    images = emulator.frame().images
    return [((one.column, one.row, one.columns, one.rows), tuple(one.source)) for one in images]


def test_there_are_as_many_marks_as_in_the_protocol():
    assert len(MARKS) == 297
    assert (MARKS[0], MARKS[10], MARKS[-1]) == ("\u0305", "\u034b", "\U0001d244")


@pytest.mark.parametrize(
    "rows",
    [
        [((0, 0), (0, 1), (0, 2), (0, 3)), ((1, 0), (1, 1), (1, 2), (1, 3))],
        [((0,), (), (), ()), ((1,), (), (), ())],
        [((0, 0), (0,), (), (0, 3, 0)), ((1, 0, 0), (1, 1), (), (1,))],
    ],
)
def test_an_image_is_shown_in_one_piece_at_its_placeholders(terminal: Emulator, rows: list[tuple[tuple[int, ...]]]):
    assert parts(terminal) == [], "a virtual placement itself shows nothing"
    terminal.feed(("\x1b[38;5;42m" + "\r\n".join("ab" + cells(*row) + "c" for row in rows)).encode())
    assert parts(terminal) == [((2, 0, 4, 2), (0, 0, 64, 64))]


def test_each_cell_shows_its_own_part(terminal: Emulator):
    terminal.feed(f"\x1b[38;2;0;0;42m{cells((0, 1))} {cells((1, 3), (1, 0))}".encode())
    assert parts(terminal) == [
        ((0, 0, 1, 1), (16, 0, 16, 32)),
        ((2, 0, 1, 1), (48, 32, 16, 32)),
        ((3, 0, 1, 1), (0, 32, 16, 32)),
    ]


def test_an_image_is_centred_in_its_cells(terminal: Emulator):
    terminal.feed(command("a=p,i=42,p=7,U=1,c=8,r=2,q=2"))
    terminal.feed(f"\x1b[38;5;42;58:5:7m{cells((0,), *[()] * 7)}\r\n{cells((1,), *[()] * 7)}".encode())
    assert parts(terminal) == [((2, 0, 4, 2), (0, 0, 64, 64))]
    terminal.feed(f"\r\n\x1b[58:5:9m{cells((0,))}".encode())
    assert len(parts(terminal)) == 1, "there is no placement 9"


def test_the_third_mark_is_the_highest_byte_of_the_id(terminal: Emulator):
    number = 3 << 24 | 0x010203
    terminal.feed(shown(f"i={number},U=1,c=1,r=1,q=2") + f"\x1b[38;2;1;2;3m{cells((0, 0, 3))}{cells((0, 0))}".encode())
    assert parts(terminal) == [((0, 0.25, 1, 0.5), (0, 0, 64, 64))]


def test_an_image_moves_with_its_text_and_is_removed_with_it(terminal: Emulator):
    terminal.feed(f"\x1b[38;5;42m{cells((0,), (), (), ())}\r\n{cells((1,), (), (), ())}\x1b[m".encode() + b"\r\n" * 9)
    assert parts(terminal) == [((0, 0, 4, 1), (0, 32, 64, 32))]
    terminal.scroll(-1)
    assert parts(terminal) == [((0, 0, 4, 2), (0, 0, 64, 64))]
    terminal.feed(b"\x1b[2J\x1b[3J\x1b[H" + f"\x1b[38;5;42m{cells((1, 2))}".encode())
    assert parts(terminal) == [((0, 0, 1, 1), (32, 32, 16, 32))], "erasing the screen keeps the image"


@pytest.mark.parametrize(
    ("control", "is_kept"), [("d=a", True), ("d=z,z=0", True), ("d=i,i=42", False), ("d=R,x=1,y=99", False)]
)
def test_only_a_command_that_names_the_image_deletes_it(terminal: Emulator, control: str, is_kept: bool):
    terminal.feed(f"\x1b[38;5;42m{cells((0,))}".encode() + command(f"a=d,{control}"))
    assert bool(parts(terminal)) is is_kept


def test_a_snapshot_and_a_replay_keep_the_image(terminal: Emulator):
    terminal.feed(f"\x1b[38;5;42m{cells((0,), (), (), ())}".encode())
    before = parts(terminal)
    assert before == [((0, 0, 4, 1), (0, 0, 64, 32))]
    for other in (restore("ghostty", terminal.snapshot()), from_replay("ghostty", terminal.replay(), SIZE)):
        assert parts(other) == before
        other.close()


def test_selected_placeholders_are_blanks(terminal: Emulator):
    terminal.feed(f"one {cells((0,), (), ())} two {cells((0, 1))}\r\nthree".encode())
    terminal.select_all()
    assert terminal.selected_text() == "one     two\nthree"


def test_more_than_two_hundred_images_at_placeholders_are_shown(terminal: Emulator):
    terminal.feed(b"".join(command(f"a=p,i=42,p={number},U=1,c=4,r=2,q=2") for number in range(1, 302)))
    terminal.feed(f"\x1b[38;5;42;58:5:1m{cells((0, 0))}".encode())
    assert parts(terminal) == [((0, 0, 1, 1), (0, 0, 16, 32))]
