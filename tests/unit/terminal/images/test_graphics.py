"""Images in a terminal (kitty graphics protocol): sending, position, size and removal."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, from_replay, restore
from session_host.terminal.base import Emulator
from session_host.terminal.images import transmission
from session_host.terminal.images.graphics import MAX_IMAGES, MAX_PLACEMENTS
from tests.programs.shown_image import png
from tests.support.images import GREEN, RED, command, shown

pytestmark = pytest.mark.skipif("ghostty" not in available_engines(), reason="only this engine has images")

SIZE, CELL = GridSize(40, 10), CellSize(8, 16)
Place = tuple[int, float, float, float, float]


@pytest.fixture
def emulators() -> Iterator[list[Emulator]]:
    """Emulators to close."""
    emulators: list[Emulator] = []
    yield emulators
    for emulator in emulators:
        emulator.close()


@pytest.fixture
def terminal(emulators: list[Emulator]) -> Emulator:
    """A terminal of 40 × 10 cells of 8 × 16 pixels, with 100 lines of history."""
    emulators.append(create("ghostty", SIZE, cell=CELL, scrollback_lines=100))
    return emulators[-1]


def places(emulator: Emulator) -> list[Place]:
    """Id, column, row, columns and rows of the images in the viewport."""
    images = emulator.frame().images
    return [(one.image.id, one.column, one.row, one.columns, one.rows) for one in images]


def test_an_image_is_shown_at_the_cursor_which_moves_to_the_end_of_its_last_row(terminal: Emulator):
    terminal.feed(b"above\r\n  " + shown("i=7") + b"|")
    assert terminal.take_replies() == b"\x1b_Gi=7;OK\x1b\\"
    assert places(terminal) == [(7, 2, 1, 8, 4)]
    assert (terminal.cursor.column, terminal.cursor.row) == (11, 4)
    assert [row.text() for row in terminal.rows()][:5] == ["above", "", "", "", "          |"]


@pytest.mark.parametrize(
    ("control", "place"),
    [
        ("c=10,r=2", (10, 2)),
        ("c=16", (16, 8)),
        ("r=2", (4, 2)),
        ("w=16,h=32", (2, 2)),
        ("x=48,y=48,w=99,h=99", (2, 1)),
        ("X=4,Y=8", (8, 4)),
        ("X=4,Y=8,c=4,r=2", (3.5, 1.5)),
    ],
)
def test_the_program_chooses_the_part_and_the_size(terminal: Emulator, control: str, place: tuple[float, float]):
    terminal.feed(shown(f"i=1,{control}"))
    [placed] = terminal.frame().images
    assert (placed.columns, placed.rows) == place
    assert placed.source.x + placed.source.width <= 64 >= placed.source.y + placed.source.height


@pytest.mark.parametrize(
    ("control", "data", "reply"),
    [
        ("a=q,s=1,v=1,f=24", b"abc", "OK"),
        ("a=q,s=1,v=1", b"abcd", "OK"),
        ("a=t,f=100", png(RED), "OK"),
        ("a=t,s=2,v=2,f=24,o=z", zlib.compress(bytes(12)), "OK"),
        ("a=t,f=100,o=z", zlib.compress(png(RED)), "OK"),
        ("a=q,s=1,v=1,f=24", b"ab", "ENODATA"),
        ("a=q,s=0,v=1", b"", "EINVAL"),
        ("a=q,s=1,v=1,f=99", b"", "EINVAL"),
        ("a=q,t=f,s=1,v=1", b"/etc/passwd", "EINVAL"),
        ("a=T,t=t,f=100", b"/tmp/tty-graphics-protocol", "EINVAL"),
        ("a=q,t=s,s=1,v=1", b"/name", "EINVAL"),
        ("a=T,f=100", b"GIF89a", "EBADPNG"),
        ("a=T,f=100", png(RED)[:-9], "EBADPNG"),
        ("a=T,f=100", png(RED).replace(b"\0\0\0\x40" * 2, b"\0\0\x75\x30" * 2), "EINVAL"),
        ("a=p", b"", "ENOENT"),
        ("a=T,f=100,x=64", png(RED), "EINVAL"),
        ("a=T,f=100,P=1", png(RED), "ENOPARENT"),
        ("a=f,s=1,v=1", b"abcd", "EINVAL"),
        ("a=t,f=100,o=z", b"not compressed", "EINVAL"),
    ],
)
def test_each_command_has_one_answer(terminal: Emulator, control: str, data: bytes, reply: str):
    terminal.feed(b"prompt" + command(f"{control},i=31", data))
    assert terminal.take_replies().decode().startswith(f"\x1b_Gi=31;{reply}")
    assert terminal.rows()[0].text() == "prompt"
    terminal.feed(command(f"{control},i=31,q=2", data) + command(control, data))
    assert terminal.take_replies() == b""


def test_a_program_that_died_in_the_middle_leaves_nothing_behind(terminal: Emulator):
    terminal.feed(command("a=T,f=100,i=1,m=1", png(RED)[:30]) + b"\r\n$ ls" + shown("i=2"))
    assert [place[0] for place in places(terminal)] == [2]
    terminal.feed(b"\x1b_Ga=T,f=100,i=3;AAAA" + b"\x18\r\n$ " + shown("i=4") + b"\x1b_Gnonsense\xff=;;\x1b\\" + b"end")
    assert [place[0] for place in places(terminal)] == [2, 4]
    assert terminal.is_ground()
    assert "end" in terminal.rows()[terminal.cursor.row].text()


def test_an_image_scrolls_with_the_text_and_is_removed_with_it(terminal: Emulator):
    terminal.feed(shown("i=1") + b"\r\n" * 8)
    assert [place[2] for place in places(terminal)] == [-2]
    terminal.feed(b"\r\n" * 10)
    assert places(terminal) == []
    terminal.scroll(-10)
    assert [place[2] for place in places(terminal)] == [-2]
    terminal.scroll_to_bottom()
    terminal.feed(b"\r\n" * 200)
    terminal.scroll(-200)
    assert places(terminal) == []


def test_a_resize_keeps_an_image_in_its_row(terminal: Emulator):
    terminal.feed(b"x" * 60 + b"\r\n" + shown("i=1"))
    terminal.resize(GridSize(20, 10), CELL)
    assert places(terminal) == [(1, 0, 3, 8, 4)]
    terminal.resize(GridSize(80, 12), CellSize(16, 32))
    assert places(terminal) == [(1, 0, 1, 8, 4)]


def test_clearing_the_screen_or_the_history_removes_images(terminal: Emulator):
    terminal.feed(shown("i=1") + b"\x1b[H\x1b[J")
    assert places(terminal) != []
    terminal.feed(b"\x1b[2J")
    assert places(terminal) == []
    terminal.feed(shown("i=2") + b"\r\n" * 20 + b"\x1b[3J")
    terminal.scroll(-20)
    assert places(terminal) == []
    terminal.feed(shown("i=3") + b"\x1bc")
    assert places(terminal) == []


def test_each_screen_has_images_of_its_own(terminal: Emulator):
    terminal.feed(shown("i=1") + b"\x1b[?1049h")
    assert places(terminal) == []
    terminal.feed(b"\x1b[H" + shown("i=2"))
    assert [place[0] for place in places(terminal)] == [2]
    terminal.feed(b"\x1b[?1049l")
    assert [place[0] for place in places(terminal)] == [1]
    terminal.feed(b"\x1b[?1049h")
    assert places(terminal) == []


@pytest.mark.parametrize(
    ("control", "left"),
    [
        ("a=d", []),
        ("a=d,d=A", []),
        ("a=d,d=i,i=1", [2, 3]),
        ("a=d,d=I,i=2,p=5", [1, 3]),
        ("a=d,d=i,i=2,p=6", [1, 2, 3]),
        ("a=d,d=z,z=7", [1, 2]),
        ("a=d,d=p,x=12,y=2", [1, 3]),
        ("a=d,d=x,x=1", [2, 3]),
        ("a=d,d=y,y=9", [1, 2]),
        ("a=d,d=r,x=2,y=3", [1]),
        ("a=d,d=n,I=4", [1, 2, 3]),
        ("a=d,d=c", [1, 2]),
        ("a=d,d=q,x=21,y=7,z=7", [1, 2]),
    ],
)
def test_a_program_deletes_the_images_that_it_names(terminal: Emulator, control: str, left: list[int]):
    terminal.feed(shown("i=1,C=1") + b"\x1b[1;11H" + shown("i=2,p=5") + b"\x1b[7;21H" + shown("i=3,z=7,C=1"))
    terminal.feed(command(control))
    assert [place[0] for place in places(terminal)] == left


def test_a_deleted_image_can_be_placed_again_unless_its_data_was_deleted_too(terminal: Emulator):
    terminal.feed(shown("i=1,q=1") + command("a=d,d=i,i=1") + command("a=p,i=1,q=1") + command("a=d,d=I,i=1"))
    assert terminal.take_replies() == b""
    terminal.feed(command("a=p,i=1"))
    assert terminal.take_replies().startswith(b"\x1b_Gi=1;ENOENT")


def test_a_sent_image_is_placed_several_times_and_moved_by_its_placements_id(terminal: Emulator):
    terminal.feed(command("a=t,f=100,I=9", png(RED)))
    reply = terminal.take_replies().decode()
    assert reply.endswith(",I=9;OK\x1b\\")
    terminal.feed(
        b"".join(command(f"a=p,I=9,p={number},C=1") for number in (1, 2)) + b"\x1b[3;5H" + command("a=p,I=9,p=2,C=1")
    )
    assert [place[1:3] for place in places(terminal)] == [(0, 0), (4, 2)]


def test_a_placement_relative_to_another_one_moves_and_goes_with_it(terminal: Emulator, emulators: list[Emulator]):
    terminal.feed(
        b"\x1b[3;5H" + shown("i=1,p=1,C=1") + shown("i=2,p=2,P=1,Q=1,H=3,V=-1") + shown("i=3,P=2,Q=2,V=2") + b"x"
    )
    expected = [(1, 4, 2), (2, 7, 1), (3, 7, 3)]
    assert [place[:3] for place in places(terminal)] == expected
    assert terminal.rows()[2].text() == "    x", "the cursor stays"
    terminal.feed(b"\x1b[2;2H\x1b_Ga=p,i=1,p=1,C=1,q=2\x1b\\")
    expected = [(1, 1, 1), (2, 4, 0), (3, 4, 2)]
    assert [place[:3] for place in places(terminal)] == expected
    for number, copy in enumerate(
        (restore("ghostty", terminal.snapshot()), from_replay("ghostty", terminal.replay(), SIZE, CELL))
    ):
        emulators.append(copy)
        assert [place[:3] for place in places(copy)] == expected, number
        copy.feed(b"\x1b_Ga=d,d=i,i=1\x1b\\")
        assert places(copy) == []
    terminal.take_replies()
    terminal.feed(b"\x1b_Ga=p,i=1,p=1,P=3,Q=0\x1b\\")
    assert b"ECYCLE" in terminal.take_replies()
    terminal.feed(b"\x1b_Ga=d,d=i,i=2,p=2\x1b\\")
    assert [place[0] for place in places(terminal)] == [1]


def test_images_below_others_are_listed_first(terminal: Emulator):
    terminal.feed(shown("i=1,z=2,C=1") + shown("i=2,z=-1,C=1") + shown("i=3,C=1"))
    assert [one.image.id for one in terminal.frame().images] == [2, 3, 1]


@pytest.mark.parametrize("alternate", [b"", b"\x1b[?1049h" + shown("i=9")])
@pytest.mark.parametrize("form", ["snapshot", "replay"])
def test_a_copy_of_the_terminal_has_the_same_images(
    terminal: Emulator, emulators: list[Emulator], form: str, alternate: bytes
):
    terminal.feed(b"".join(b"line %d\r\n" % number for number in range(30)))
    terminal.feed(shown("i=1,X=3,c=5,r=2") + b"\r\n" * 8 + shown() + b"\r\n  " + shown("i=2,z=-5", GREEN) + alternate)
    terminal.feed(command("a=T,f=100,i=5,m=1", png(RED)[:30]) + b"\x1b_Gm")
    if form == "snapshot":
        emulators.append(restore("ghostty", terminal.snapshot()))
    else:
        emulators.append(from_replay("ghostty", terminal.replay(), SIZE, CELL, 100))
    assert (emulators[1].take_replies(), emulators[1].take_events()) == (b"", [])
    for emulator in emulators:
        emulator.feed(command("=0", png(RED)[30:])[3:])
        assert emulator.take_replies().endswith(b"\x1b_Gi=5;OK\x1b\\")
    assert emulators[1].frame().images != ()
    for output in (b"", b"\x1b[?1049l", b"\r\n" * 3):
        for emulator in emulators:
            emulator.feed(output)
            emulator.scroll(-20)
        assert places(emulators[1]) == places(terminal)
        assert [one.image.data for one in emulators[1].frame().images] == [
            one.image.data for one in terminal.frame().images
        ]


def test_many_images_and_large_ones_push_out_the_oldest(terminal: Emulator):
    terminal.feed(b"".join(command(f"a=T,f=24,s=1,v=1,i={number},C=1", RED) for number in range(1, 2001)))
    kept = [one.image.id for one in terminal.frame().images]
    assert kept == list(range(2001 - len(kept), 2001))
    assert min(MAX_IMAGES, MAX_PLACEMENTS) // 2 < len(kept) <= min(MAX_IMAGES, MAX_PLACEMENTS)
    pixels = bytes(64 * 64 * 3)
    terminal.limit_images(len(pixels) * 5)
    for number in (1, 2, 3, 4, 5, 6):
        terminal.feed(command(f"a=t,f=24,s=64,v=64,i={number}", pixels))
    terminal.take_replies()
    terminal.feed(b"".join(command(f"a=p,i={number}") for number in (1, 2)))
    first, second, _ = terminal.take_replies().split(b"\x1b\\")
    assert (first[:11], second) == (b"\x1b_Gi=1;ENOE", b"\x1b_Gi=2;OK")


def test_a_sequence_or_an_image_that_is_too_large_is_dropped(terminal: Emulator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transmission, "MAX_IMAGE_BYTES", 100_000)
    terminal.feed(b"a" + command("a=T,f=24,s=1000,v=1000,i=1", bytes(3_000_000)) + b"b")
    terminal.feed(command("a=T,f=24,s=900,v=200,i=2,m=1") + command("m=1", bytes(30_000)) * 4 + command("m=0"))
    assert terminal.take_replies().startswith(b"\x1b_Gi=2;EFBIG")
    assert (terminal.rows()[0].text(), terminal.frame().images) == ("ab", ())


def test_a_limit_of_0_keeps_no_image_but_moves_the_cursor(terminal: Emulator):
    terminal.limit_images(0)
    terminal.feed(shown("i=1"))
    assert (terminal.cursor.column, terminal.cursor.row) == (8, 3)
    assert terminal.frame().images == ()
