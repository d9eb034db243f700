"""The painter's bytes make another terminal show what the replica shows."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.cli.attach.painter import Painter
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator
from session_host.terminal.rows import DEFAULT_COLOR, PLAIN, RGB, Attribute, Row, Style
from session_host.terminal.text import logical_ansi_lines

SIZE = GridSize(40, 10)


@pytest.fixture
def inner() -> Iterator[Emulator]:
    emulator = create(None, SIZE)
    yield emulator
    emulator.close()


class Outer:
    """An emulator that stands for the user's terminal."""

    def __init__(self, size: GridSize = SIZE) -> None:
        # Another engine than the replica's, so that a fault of one engine does not hide itself.
        self.emulator = create("pyte", size)
        self.painter = Painter(size, links=True)
        self.emulator.feed(self.painter.enter())

    def show(self, inner: Emulator) -> bytes:
        data = self.painter.paint(inner.frame(), inner.modes)
        self.emulator.feed(data)
        return data

    def resize(self, size: GridSize) -> None:
        self.emulator.resize(size, CellSize())
        self.emulator.feed(self.painter.resize(size))

    def notice(self, text: str) -> None:
        self.emulator.feed(self.painter.notice(text))

    def lines(self) -> list[str]:
        return [row.text() for row in self.emulator.rows()]


@pytest.fixture
def outer() -> Iterator[Outer]:
    terminal = Outer()
    yield terminal
    terminal.emulator.close()


def cells(row: Row, columns: int) -> list[tuple[str, Style]]:
    """The row's cells, without invisible styles of blanks."""
    result: list[tuple[str, Style]] = [(" ", PLAIN)] * columns
    for run in row.runs:
        if run.cluster:
            result[run.column] = (run.text, run.style)
            for column in range(run.column + 1, run.column + run.cells):
                result[column] = ("", run.style)
        else:
            for place, character in enumerate(run.text):
                result[run.column + place] = (character, run.style)
    return result


def same_picture(inner: Emulator, outer: Emulator) -> None:
    assert [cells(row, SIZE.columns) for row in outer.rows()] == [cells(row, SIZE.columns) for row in inner.rows()]
    assert outer.cursor.visible == inner.cursor.visible
    if inner.cursor.visible:
        assert (outer.cursor.column, outer.cursor.row) == (inner.cursor.column, inner.cursor.row)
        assert (outer.cursor.shape, outer.cursor.blinking) == (inner.cursor.shape, inner.cursor.blinking)


@pytest.mark.parametrize(
    "program",
    [
        b"plain\r\ntext",
        b"x" * 40 + b"y" * 40 + b"z",
        b"\x1b[1;3;4;7;9;53mall\x1b[0m \x1b[2;5;8mrest",
        b"\x1b[4:3mcurly\x1b[4:2mdouble\x1b[4:4mdotted\x1b[4:5mdashed\x1b[58:2::1:2:3mcoloured",
        b"\x1b[31;42mbasic \x1b[91;102mbright \x1b[38;5;200;48;5;20mindexed \x1b[38;2;1;2;3;48;2;4;5;6mrgb",
        b"\x1b[41m\x1b[2J\x1b[Hfilled",
        b"\x1b[5;20H\x1b[44m\x1b[Ktail",
        "wide 漢字 and e\u0301 and 🧠 and 👩\u200d💻|".encode(),
        ("漢" * 25).encode(),
        b"\x1b[10;40H*",
        b"\x1b[?25lhidden cursor",
        b"\x1b[3 qbar?\x1b[6 q",
        b"\x1b[?1049halternate\x1b[2;2Hscreen",
        b"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ plain",
        b"\x1b]8;;https://example.org\x1b\\" + b"link" * 10 + b"\x1b]8;;\x1b\\plain in the next row",
        b"\x1b[31m\x1b]8;;mailto:a@x\x1b\\" + b"a link of two rows " * 3 + b"\x1b]8;;\x1b\\ red",
        b"\r\n".join(b"line %d" % number for number in range(30)),
    ],
)
def test_shows_what_the_replica_shows(inner: Emulator, outer: Outer, program: bytes) -> None:
    inner.feed(program)

    outer.show(inner)

    same_picture(inner, outer.emulator)


PIECES = st.one_of(
    st.text(alphabet="ab 漢🧠é\u0301", max_size=30).map(str.encode),
    st.sampled_from(
        [
            b"\r\n",
            b"\r",
            b"\b",
            b"\t",
            b"\x1b[H",
            b"\x1b[2J",
            b"\x1b[K",
            b"\x1b[1K",
            b"\x1b[0m",
            b"\x1b[7;31m",
            b"\x1b[48;5;99m",
            b"\x1b]8;;http://x\x1b\\",
            b"\x1b]8;;\x1b\\",
            b"\x1b[38;2;9;8;7m",
            b"\x1b[4:3m",
            b"\x1b[5;35H",
            b"\x1b[10;40H",
            b"\x1b[3L",
            b"\x1b[2M",
            b"\x1b[4P",
            b"\x1b[3@",
            b"\x1b[S",
            b"\x1b[T",
            b"\x1b[?25l",
            b"\x1b[?25h",
            b"\x1b[2 q",
            b"\x1b[2;8r",
            b"\x1b[r",
            b"\x1bM",
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\x1b#8",
            b"\x1b(0qqq\x1b(B",
            b"\x1bc",
            b"\x1b(0",
            b"\x1b[4h",
            b"\x1b[?7l",
        ]
    ),
)


@given(st.lists(st.lists(PIECES, max_size=6).map(b"".join), min_size=1, max_size=5))
def test_frame_after_frame_of_any_program(frames: list[bytes]) -> None:
    inner, outer = create(None, SIZE), Outer()
    try:
        for program in frames:
            inner.feed(program)
            outer.show(inner)
            same_picture(inner, outer.emulator)
    finally:
        inner.close()
        outer.emulator.close()


def test_only_changed_rows_are_written(inner: Emulator, outer: Outer) -> None:
    inner.feed(b"\r\n".join(b"row %d" % number for number in range(10)))
    outer.show(inner)

    inner.feed(b"\x1b[4;1Hchanged")
    data = outer.show(inner)

    assert b"changed" in data
    assert not re.search(rb"row \d", data)
    assert len(data) < 120


def test_a_frame_is_one_synchronized_update_and_asks_nothing(inner: Emulator, outer: Outer) -> None:
    inner.feed(b"\x1b[?1000;1006;2004;1004h\x1b[>1utext\x1b[6n\x1b[c\x1b]11;?\x1b\\\x1bP+q544e\x1b\\")

    data = outer.show(inner)

    assert data.startswith(b"\x1b[?2026h")
    assert data.endswith(b"\x1b[?2026l")
    outer.emulator.take_replies()
    outer.emulator.feed(data)
    assert outer.emulator.take_replies() == b""


def test_colours_that_the_program_redefined_are_shown_without_touching_the_terminals_own(
    inner: Emulator, outer: Outer
) -> None:
    inner.feed(b"\x1b]10;rgb:01/02/03\x1b\\\x1b]11;rgb:04/05/06\x1b\\\x1b]4;1;rgb:07/08/09\x1b\\a\x1b[31mb")

    data = outer.show(inner)

    assert b"\x1b]" not in data
    first = outer.emulator.rows()[0]
    assert cells(first, SIZE.columns)[0] == ("a", Style(RGB | 0x010203, RGB | 0x040506))
    assert cells(first, SIZE.columns)[1] == ("b", Style(RGB | 0x070809, RGB | 0x040506))
    assert cells(outer.emulator.rows()[9], SIZE.columns)[39][1].background == RGB | 0x040506

    inner.feed(b"\x1b]110\x1b\\\x1b]111\x1b\\\x1b]104\x1b\\")
    outer.show(inner)
    assert cells(outer.emulator.rows()[9], SIZE.columns)[39][1].background == DEFAULT_COLOR


class TestSmaller:
    def test_clips_to_the_left_and_to_the_cursors_rows(self, inner: Emulator) -> None:
        outer = Outer(GridSize(20, 5))
        try:
            inner.feed(b"\r\n".join((b"%d" % number).ljust(30, b".") for number in range(10)))

            outer.show(inner)

            assert outer.lines() == [f"{number}{'.' * 19}" for number in range(5, 10)]
            assert outer.painter.top == 5
        finally:
            outer.emulator.close()

    def test_a_wide_character_at_the_edge_leaves_a_blank(self, inner: Emulator) -> None:
        outer = Outer(GridSize(21, 5))
        try:
            inner.feed(("漢" * 15).encode())

            outer.show(inner)

            assert outer.lines()[0] == "漢" * 10
        finally:
            outer.emulator.close()

    def test_follows_the_cursor(self, inner: Emulator) -> None:
        outer = Outer(GridSize(20, 5))
        try:
            inner.feed(b"\r\n".join(b"%d" % number for number in range(10)))
            outer.show(inner)
            inner.feed(b"\x1b[H")

            outer.show(inner)

            assert outer.lines() == ["0", "1", "2", "3", "4"]
        finally:
            outer.emulator.close()


def test_larger_leaves_the_rest_blank_and_a_resize_repaints(inner: Emulator, outer: Outer) -> None:
    inner.feed(b"\r\n".join(b"%d" % number for number in range(10)))
    outer.show(inner)

    outer.emulator.feed(b"\x1b[2J")
    outer.resize(GridSize(60, 14))

    assert outer.lines() == [*(str(number) for number in range(10)), "", "", "", ""]


class TestNotice:
    def test_covers_the_last_line_and_disappears_again(self, inner: Emulator, outer: Outer) -> None:
        inner.feed(b"\x1b[10;1Hlast line")
        outer.show(inner)

        outer.notice("input refused: full")
        assert outer.lines()[9] == " input refused: full"
        inner.feed(b"\x1b[10;1HLAST")
        outer.show(inner)
        assert outer.lines()[9] == " input refused: full"

        outer.notice("")
        assert outer.lines()[9] == "LAST line"
        same_picture(inner, outer.emulator)

    @pytest.mark.parametrize("text", ["x" * 100, "漢" * 100, "a\x1b[2Jb\nc"])
    def test_never_leaves_its_line(self, inner: Emulator, outer: Outer, text: str) -> None:
        outer.show(inner)

        outer.notice(text)

        assert outer.lines()[:9] == [""] * 9
        assert outer.lines()[9].strip()


class TestModes:
    def test_the_mouse_is_asked_for_when_the_program_asks(self, inner: Emulator, outer: Outer) -> None:
        outer.show(inner)
        assert outer.emulator.modes.mouse == "none"

        inner.feed(b"\x1b[?1002h")
        outer.show(inner)
        assert (outer.emulator.modes.mouse, outer.emulator.modes.mouse_encoding) == ("button_motion", "sgr")

        inner.feed(b"\x1b[?1002l")
        outer.show(inner)
        assert outer.emulator.modes.mouse == "none"

    def test_the_wheel_types_arrow_keys_only_on_the_programs_alternate_screen(
        self, inner: Emulator, outer: Outer
    ) -> None:
        for sequence, types_arrows in ((b"", False), (b"\x1b[?1049h", True), (b"\x1b[?1007l", False)):
            inner.feed(sequence)
            outer.show(inner)
            assert outer.emulator.modes.alternate_scroll == types_arrows

    @pytest.mark.parametrize("setting", [b"\x1b[?1007h", b"\x1b[?1007l"])
    def test_leaving_restores_what_the_wheel_does(self, inner: Emulator, outer: Outer, setting: bytes) -> None:
        outer.emulator.close()
        outer.emulator = create("ghostty", SIZE)  # pyte saves no modes.
        outer.emulator.feed(setting)
        before = outer.emulator.modes
        outer.emulator.feed(outer.painter.enter())
        outer.show(inner)

        outer.emulator.feed(outer.painter.leave())

        assert outer.emulator.modes == before

    def test_leaving_restores_all_modes(self, inner: Emulator, outer: Outer) -> None:
        outer.emulator.feed(outer.painter.leave())
        outer.emulator.feed(b"shell prompt")
        before = outer.emulator.modes
        outer.emulator.feed(outer.painter.enter())
        inner.feed(b"\x1b[?1003h\x1b[?1004h\x1b[?2004h\x1b[?5h\x1b[?25l\x1b[4 q\x1b[?1h\x1b[?1049h\x1b[>7u\x1b[31mtext")
        outer.show(inner)
        assert outer.emulator.modes.mouse == "any_motion"

        outer.emulator.feed(outer.painter.leave())

        assert outer.emulator.modes == before
        assert outer.emulator.cursor.visible
        assert outer.lines()[0] == "shell prompt"


def test_keys_are_reported_with_their_modifiers_until_it_leaves(inner: Emulator) -> None:
    painter = Painter(SIZE, keyboard=True)
    inner.feed(b"\x1b[?1002h")
    with contextlib.closing(create(None, SIZE)) as outer:
        outer.feed(b"\x1b[>2u")
        before = outer.modes
        for again in (False, True, True):
            outer.feed(painter.enter(again=again))
            assert (outer.modes.kitty_keyboard, outer.modes.mouse) == (5, "none" if not again else "button_motion")
            outer.feed(painter.paint(inner.frame(), inner.modes))
            outer.feed(b"\x1b[?1000l\x1b[=0u")
        outer.feed(painter.leave())
        assert outer.modes == before
        assert outer.take_replies() == b""


def test_controls_in_a_cell_never_reach_the_terminal(inner: Emulator) -> None:
    inner.feed(b"x")
    frame = inner.frame()
    run = frame.rows[0].runs[0]
    evil = Row((run._replace(text="\x1b]2;title\x07\x9b31m", cells=14),), False)

    data = Painter(SIZE).paint(frame._replace(rows={0: evil}), inner.modes)

    assert b"\x1b]" not in data
    assert b"\x07" not in data
    assert b"\xc2\x9b" not in data


@pytest.mark.parametrize("uri", [b"file:///x", b"vscode://x", b"javascript:x", b"ssh://-x", b"HTTPX:x", b"x"])
def test_a_link_that_another_terminal_might_run_is_written_as_plain_text(inner: Emulator, uri: bytes) -> None:
    inner.feed(b"\x1b]8;;%s\x1b\\link\x1b]8;;\x1b\\" % uri)
    assert b"]8;" not in Painter(SIZE, links=True).paint(inner.frame(), inner.modes)
    assert logical_ansi_lines(inner.rows())[0].startswith("link")


def test_links_are_written_only_for_terminals_that_do_not_print_them(inner: Emulator) -> None:
    inner.feed(b"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ plain")
    painted = Painter(SIZE).paint(inner.frame(), inner.modes)
    assert b"\x1b]" not in painted
    assert b"link plain" in painted


def test_a_character_that_the_locale_lacks_is_replaced(inner: Emulator) -> None:
    inner.feed("漢|".encode())

    data = Painter(SIZE, "latin-1").paint(inner.frame(), inner.modes)

    assert b"?\x1b[3G" in data
    assert b"|" in data


def test_selected_cells_have_swapped_colours(inner: Emulator, outer: Outer) -> None:
    inner.feed("ab \x1b[1mcde\x1b[0m漢字".encode())
    inner.select((1, 0), (7, 0), "cell")
    outer.show(inner)
    inverse = "".join(
        run.text for run in outer.emulator.rows()[0].runs if run.style.attributes & int(Attribute.INVERSE)
    )
    assert (outer.lines()[0], inverse) == ("ab cde漢字", "b cde漢")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("e\u0301", 1),
        ("\u0915\u094d", 1),
        ("x\u0302\u0301", 1),
        ("\u0915\u093f", 2),
        ("⚠️", 2),
        ("👨‍👩‍👧", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
    ],
)
@pytest.mark.parametrize("blanks", [0, 1])
def test_a_cluster_at_the_right_edge_stays_whole(text: str, cells: int, blanks: int) -> None:
    """Without automatic wrap, tmux and Ghostty put marks and joined emoji into a column beside it."""
    inner, painter = create(None, SIZE), Painter(SIZE)
    inner.feed(b"z" * 40)
    shown = painter.enter() + painter.paint(inner.frame(), inner.modes)
    inner.feed(f"\r\x1b[K{'-' * (39 - cells - blanks)}y{text}\r\nnext".encode())
    shown += painter.paint(inner.frame(), inner.modes)
    for engine in available_engines():
        outer = create(engine, SIZE)
        outer.feed(shown)
        assert [row.text() for row in outer.rows()[:2]] == [row.text() for row in inner.rows()[:2]]
        outer.close()
    inner.close()
