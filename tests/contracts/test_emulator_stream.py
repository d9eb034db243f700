"""Feeding output, which may be split anywhere, and the damage that it causes."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create, restore
from session_host.terminal.base import EngineName
from tests.support.emulators import history_texts, outputs, texts, visible_state
from tests.support.images import command

from .conftest import Maker

ENGINE_IS_NOT_CHANGED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_pending_wrap_leaves_the_cursor_in_the_last_column(make: Maker) -> None:
    emulator = make(20, 5, output="x" * 20)
    assert emulator.cursor[:2] == (19, 0)
    assert not emulator.rows()[0].wrapped
    emulator.feed(b"y")
    assert emulator.cursor[:2] == (1, 1)
    assert emulator.rows()[0].wrapped


@given(
    parts=st.lists(st.tuples(outputs(12), st.integers(1, 60), st.integers(1, 12)), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 9), max_size=80),
)
@ENGINE_IS_NOT_CHANGED
def test_how_output_is_cut_makes_no_difference_also_while_the_grid_changes(
    engine: EngineName, parts: list[tuple[bytes, int, int]], cuts: list[int]
) -> None:
    whole, cut = create(engine, GridSize(30, 8)), create(engine, GridSize(30, 8))
    lengths = iter(cuts)
    for number, (output, columns, rows) in enumerate(parts):
        if number:
            for emulator in (whole, cut):
                emulator.resize(GridSize(columns, rows), CellSize())
        whole.feed(output)
        start = 0
        while start < len(output):
            length = next(lengths, len(output))
            cut.feed(output[start : start + length])
            start += length
    assert visible_state(whole) == visible_state(cut)
    assert whole.take_replies() == cut.take_replies()
    assert whole.take_events() == cut.take_events()
    whole.close()
    cut.close()


def test_del_is_ignored_wherever_it_stands(make: Maker) -> None:
    emulator = make(output=b"a\x7fb\x1b[\x7f3\x7f1mred\x1b]2;ti\x7ftle\x07")
    assert texts(emulator)[0] == "abred"
    assert emulator.rows()[0].runs[-1].style.foreground == 1
    assert emulator.title == "title"


def test_a_program_cannot_change_the_width_of_the_grid(make: Maker) -> None:
    output = b"\x1b[?40h\x1b[?3h" + b"x" * 50
    for cut in range(1, 17):
        emulator = make(40, 5)
        emulator.feed(output[:cut])
        emulator.feed(output[cut:])
        assert emulator.size == GridSize(40, 5)
        assert [len(text) for text in texts(emulator)] == [40, 10, 0, 0, 0], cut


def test_the_first_frame_is_full_and_holds_every_row(make: Maker) -> None:
    frame = make(20, 5, output="one").frame()
    assert frame.full
    assert sorted(frame.rows) == [0, 1, 2, 3, 4]
    assert frame.rows[0].text() == "one"
    assert frame.size == GridSize(20, 5)
    assert (frame.cursor and frame.cursor[:3]) == (3, 0, True)


def test_a_frame_holds_only_the_rows_that_changed(make: Maker) -> None:
    emulator = make(20, 6, output="one\r\ntwo\r\nthree\r\nfour")
    emulator.frame()
    emulator.feed(b"\x1b[2;1HTWO\x1b[4;5H!")
    frame = emulator.frame()
    assert not frame.full
    assert {y: row.text() for y, row in frame.rows.items()} == {1: "TWO", 3: "four!"}


def test_after_nothing_there_is_nothing_to_paint(make: Maker) -> None:
    emulator = make(output="one")
    emulator.frame()
    assert emulator.frame().rows == {}
    emulator.rows()
    emulator.history(0, 10)
    assert emulator.cursor.column == 3
    frame = emulator.frame()
    assert not frame.full
    assert frame.rows == {}


def test_reading_rows_takes_no_damage(make: Maker) -> None:
    emulator = make(20, 4, output="one")
    emulator.frame()
    emulator.feed(b"\r\ntwo" + b"\r\nx" * 6)
    emulator.rows()
    emulator.history(0, 10)
    assert emulator.cursor.row == 3
    frame = emulator.frame()
    screen = emulator.rows()
    assert {y: row.text() for y, row in frame.rows.items() if y in (0, 1)} == {0: "x", 1: "x"}
    assert screen[3].text() == "x"


def test_damage_all_makes_the_next_frame_full(make: Maker) -> None:
    emulator = make(20, 4, output="one")
    emulator.frame()
    emulator.damage_all()
    frame = emulator.frame()
    assert frame.full
    assert len(frame.rows) == 4
    assert not emulator.frame().full


@given(outputs=st.lists(outputs(8), min_size=1, max_size=6))
@ENGINE_IS_NOT_CHANGED
def test_painting_frame_by_frame_gives_the_screen(engine: EngineName, outputs: list[bytes]) -> None:
    emulator = create(engine, GridSize(24, 6))
    painted: dict[int, str] = {}
    for output in outputs:
        emulator.feed(output)
        frame = emulator.frame()
        if frame.full:
            painted.clear()
        painted.update({y: row.text() for y, row in frame.rows.items()})
        assert [painted.get(y) for y in range(6)] == texts(emulator)
    emulator.close()


@pytest.mark.portable_lacks("colours that a program sets")
def test_colours_that_the_program_sets_are_in_the_frame(make: Maker) -> None:
    emulator = make(output="\x1b]10;#102030\x07\x1b]4;1;#ff0080\x07\x1b]12;#405060\x07")
    frame = emulator.frame()
    assert frame.foreground == 0x1102030
    assert frame.background == -1
    assert frame.palette == {1: 0x1FF0080}
    assert frame.cursor is not None
    assert frame.cursor.color == emulator.cursor.color == 0x1405060
    emulator.feed(b"\x1b]110\x07\x1b]104\x07\x1b]112\x07")
    frame = emulator.frame()
    assert frame.full
    assert (frame.foreground, frame.palette) == (-1, {})
    assert frame.cursor is not None
    assert frame.cursor.color == -1


def test_reverse_screen_paints_everything_anew(make: Maker) -> None:
    emulator = make(output="one")
    emulator.frame()
    emulator.feed(b"\x1b[?5h")
    assert emulator.modes.reverse_screen
    assert emulator.frame().full


def test_only_lines_that_leave_at_the_top_enter_the_history(make: Maker) -> None:
    emulator = make(20, 4, output="1\r\n2\r\n3\r\n4\r\n5\r\n6")
    assert history_texts(emulator) == ["1", "2"]
    emulator.feed(b"\x1b[2;3r\x1b[3;1H\n\n\n\x1b[r")
    assert history_texts(emulator) == ["1", "2"]
    assert texts(emulator) == ["3", "", "", "6"]


@pytest.mark.parametrize("before", [b"x", b"\x1b]8;;http://x\x07x", "👩‍👩‍👧".encode()])
@pytest.mark.parametrize("count", [b"99999999", b"9" * 5000])
def test_a_character_repeated_a_hundred_million_times_takes_less_than_100_ms(
    make: Maker, before: bytes, count: bytes
) -> None:
    """A hundred ``CSI 99999999 b`` took minutes, in which the chat could not be viewed."""
    emulator = make(80, 24, output=before)
    began_s = time.process_time()
    emulator.feed(b"\x1b[%sb" % count)
    assert time.process_time() - began_s < 0.1


@pytest.mark.parametrize(
    "repetition",
    [
        b"\x1b[65\x00535b",
        b"\x1b\x00[65535b",
        b"\x1b[65\x7f535b",
        b"\x1b[\n65535b",
        b"\x1b[6\t5535b",
        b"\x1b[655\r\n35b",
        b"\x1b[65535\x00b",
        b"\x1b[" + b"\x00" * 90 + b"65535b",
        b"\x1b[000065535b",
    ],
)
def test_no_control_character_in_a_repetition_makes_it_longer(make: Maker, repetition: bytes) -> None:
    data = b"\x1b[5;1Ha" + repetition
    emulator = make(10, 5, output=data)
    shown = "".join(history_texts(emulator) + texts(emulator))
    assert shown.count("a") in {1, 1 + 4 * 10}, "four rows; or none, where a control takes away what is repeated"
    for cut in range(6, len(data)):
        pieces = make(10, 5)
        pieces.feed(data[:cut])
        pieces.feed(data[cut:])
        assert visible_state(pieces) == visible_state(emulator), cut


def test_a_repetition_split_by_a_snapshot_is_bounded(make: Maker) -> None:
    copy = make.keep(restore(make.engine, make(10, 5, output=b"a\x1b[65").snapshot()))
    copy.feed(b"535b|")
    assert history_texts(copy) + texts(copy) == ["a" * 10] * 4 + ["a|"]


@pytest.mark.parametrize(
    ("columns", "data", "shown"),
    [(1, b"a\x1b[535b", ["a"] * 5), (10, b"a\x1b[99999b|", ["a" * 10] * 4 + ["a|"])],
    ids=["one column", "ten columns"],
)
def test_a_repetition_fills_four_rows_however_it_is_split(
    make: Maker, columns: int, data: bytes, shown: list[str]
) -> None:
    whole = make(columns, 3, output=data)
    assert history_texts(whole) + texts(whole) == shown, "four rows, and what was there"
    for cut in range(1, len(data)):
        pieces = make(columns, 3)
        for piece in (data[:cut], data[cut : cut + 1], data[cut + 1 :]):
            pieces.feed(piece)
        assert visible_state(pieces) == visible_state(whole), cut
    assert history_texts(make(1, 3, output=b"a\x1b[3b")) == ["a"], "one that is short enough stays"


def test_an_image_command_is_not_shown_as_text(make: Maker) -> None:
    """An engine without images ignores it; a waiting program gets the reply to its next query."""
    emulator = make(20, 5, output=b"a" + command("a=q,s=1,v=1,i=1", bytes(4)) + command("", bytes(9000)))
    emulator.feed(b"b" + b"\x1b_Ga=T,f=100;AAAA" + b"\x18" + b"c\x1b[c")
    assert texts(emulator)[0] == "abc"
    assert emulator.take_replies().endswith(b"22c")
