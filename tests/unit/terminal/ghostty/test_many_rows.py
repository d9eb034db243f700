"""Rows of a frame that are read at once with numpy, compared with the same rows read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.values import GridSize
from session_host.terminal import create, use_numpy
from session_host.terminal.base import Emulator
from session_host.terminal.ghostty.cells import RowReader
from session_host.terminal.ghostty.many_rows import ManyRows
from session_host.terminal.rows import Row, StyledText

SIZE = GridSize(20, 8)
PIECES = st.one_of(
    st.text("ab #~ ", max_size=30),
    st.sampled_from(["é", "日本", "e\u0301", "│", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x0e`\x0f"]),
    st.sampled_from(["\x1b[0m", "\x1b[31m", "\x1b[1;44m", "\x1b[38;2;9;8;7m", "\x1b[4:3;7m"]),
    st.sampled_from(["\r\n", "\x1b[K", "\x1b[1K", "\x1b[2J", "\x1b[L", "\x1b[5X", "\x1b[3;6r", "\x1b[?1049h", "\n"]),
    st.builds("\x1b[{};{}H".format, st.integers(1, SIZE.rows), st.integers(1, SIZE.columns)),
)
FRAMES = st.lists(st.lists(PIECES, min_size=1, max_size=30), min_size=1, max_size=4)


@contextmanager
def emulators() -> Iterator[tuple[Emulator, Emulator]]:
    """Two emulators, for ``frames_of``."""
    pair = create("ghostty", SIZE), create("ghostty", SIZE)
    yield pair
    for emulator in pair:
        emulator.close()


def frames_of(pair: tuple[Emulator, Emulator]) -> tuple[dict[int, Row], dict[int, Row]]:
    """The changed rows: of the first emulator, read one by one; of the second, read at once."""
    with patch.object(RowReader, "many_rows", None):
        one_by_one = dict(pair[0].frame().rows)
    with patch.object(RowReader, "many_rows", ManyRows):
        return one_by_one, dict(pair[1].frame().rows)


def feed(pair: tuple[Emulator, Emulator], output: str) -> None:
    for emulator in pair:
        emulator.feed(output.encode())


@given(FRAMES)
def test_rows_are_the_same_whether_read_at_once_or_one_by_one(frames):
    with emulators() as pair:
        for pieces in frames:
            feed(pair, "".join(pieces))
            one_by_one, at_once = frames_of(pair)
            assert list(one_by_one.items()) == list(at_once.items())
            assert [tuple(row.runs) for row in one_by_one.values()] == [tuple(row.runs) for row in at_once.values()]


@pytest.fixture
def shown() -> Iterator[tuple[Emulator, Emulator]]:
    """Two emulators that have made their first, full frame; the next one has changed rows only."""
    with emulators() as pair:
        feed(pair, "before")
        frames_of(pair)
        yield pair


def test_rows_of_ascii_have_a_style_for_each_cell_and_others_have_runs(shown):
    feed(shown, "\x1b[H\x1b[31mred\x1b[0m plain\r\n日本\r\nlast\r\né")
    one_by_one, at_once = frames_of(shown)
    assert at_once == one_by_one
    assert {y for y, row in at_once.items() if isinstance(row.runs, StyledText)} == {0, 2}
    assert [row.text() for row in at_once.values()] == ["red plain", "日本", "last", "é"]


def test_a_selection_and_a_wrapped_line_are_read(shown):
    feed(shown, "\x1b[H" + "y" * 30 + "\r\nthird\r\nfourth\r\nfifth")
    for emulator in shown:
        emulator.select((3, 0), (4, 2), "cell")
    one_by_one, at_once = frames_of(shown)
    assert at_once == one_by_one
    assert at_once[0].wrapped
    assert [row.selection for row in at_once.values()] == [(3, 19), (0, 19), (0, 4), None, None]


def test_more_styles_than_a_table_holds_are_read_one_by_one(shown):
    with patch("session_host.terminal.rows._MAX_STYLES", 10):
        feed(shown, "\x1b[H" + "".join(f"\x1b[38;5;{number}m{number % 10}" for number in range(100)))
        one_by_one, at_once = frames_of(shown)
    assert at_once == one_by_one
    assert len(at_once) == 5


@pytest.mark.parametrize("first", [0, 1])
def test_styles_with_the_same_id_in_two_pages_are_told_apart(first):
    """With one of the first lines, the page that begins after some thousand lines gives the ids the other way round."""
    with emulators() as pair:
        for number in range(first, 3000):
            feed(pair, f"\x1b[3{number % 2 + 1}mline {number}\r\n")
            if number % 4 == 0:
                one_by_one, at_once = frames_of(pair)
                assert at_once == one_by_one


def test_a_process_reads_rows_at_once_when_it_is_asked_to(shown):
    with patch.object(RowReader, "many_rows", None):
        use_numpy()
        feed(shown, "\x1b[H" + "a\r\nb\r\nc\r\nd")
        assert all(isinstance(row.runs, StyledText) for row in shown[0].frame().rows.values())
