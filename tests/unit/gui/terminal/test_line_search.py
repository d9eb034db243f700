"""A line is found in the history and marked, whatever it contains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gui.terminal.finding.line_search import show_line
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.search import Query
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row


@pytest.fixture(params=available_engines())
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    emulator = create(request.param, GridSize(20, 6))
    yield emulator
    emulator.close()


def look(emulator: Emulator, text: str, typed: str) -> bool:
    return show_line(emulator, text, Query.of(typed).spans)


@pytest.mark.parametrize("above", [0, 3, 100, 2000])
@pytest.mark.parametrize(
    ("line", "typed", "marked"),
    [
        ("plain words", "words", "words"),
        ("日本語のテスト行", "テスト", "テスト"),
        ("cafe\u0301 and 🙂 there", "and 🙂", "and 🙂"),
        ("a line that is longer than the terminal is wide", "terminal", "terminal"),
        ("0123456789012345678日本語テスト", "日本語", "日本語"),
        ("   indented", "indented", "indented"),
    ],
)
def test_a_line_is_scrolled_to_and_marked(emulator: Emulator, above: int, line: str, typed: str, marked: str) -> None:
    emulator.feed(b"\r\n".join([b"other"] * above + [line.encode()] + [b"below"] * 50))
    assert look(emulator, line, typed)
    assert emulator.selected_text() == marked
    frame = emulator.frame()
    assert any(row.selection is not None for row in frame.rows.values())


def test_a_line_on_the_screen_needs_no_scrolling(emulator: Emulator) -> None:
    emulator.feed(b"one\r\n" * 30 + b"needle\r\n")
    assert look(emulator, "needle", "needle")
    assert emulator.frame().scroll_offset <= 3
    assert emulator.selected_text() == "needle"


def test_of_equal_lines_the_newest_is_found(emulator: Emulator) -> None:
    emulator.feed(b"needle\r\n" + b"other\r\n" * 30 + b"needle\r\n" + b"other\r\n" * 10)
    assert look(emulator, "needle", "needle")
    assert emulator.frame().scroll_offset < 15


def test_of_rows_that_a_program_wrapped_itself_the_first_is_shown(emulator: Emulator) -> None:
    emulator.resize(GridSize(40, 6), CellSize())
    emulator.feed(
        b"\r\n".join([b"other"] * 30 + [b"  a sentence of which an agent has", b"  wrapped the words", b"below"])
    )
    assert look(emulator, "a sentence of which an agent has wrapped the words", "agent wrapped")
    assert emulator.selected_text() == "agent"


def test_a_missing_line_is_not_found(emulator: Emulator) -> None:
    emulator.feed(b"other\r\n" * 30)
    assert not look(emulator, "needle", "needle")
    assert not look(emulator, "", "needle")
    assert emulator.frame().scroll_offset == 0


def count_rows_read(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many rows of the history each call reads."""
    read: list[int] = []
    history = emulator.history

    def counting(start: int, count: int) -> list[Row]:
        rows = history(start, count)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(emulator, "history", counting)
    return read


def test_a_word_far_above_or_in_a_very_long_line_is_found_without_reading_the_rows_below(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"日本語 {number} {'x' * (number % 50)}" for number in range(600)]
    long = " ".join(f"word{number:05}" for number in range(1500))
    emulator.feed("\r\n".join([*lines, long, *lines]).encode())
    read = count_rows_read(emulator, monkeypatch)
    for line, word in ((lines[-1], "599"), (long, "word00003"), (long, "word01490"), (lines[500], " 500 ")):
        assert look(emulator, line, word)
        assert emulator.selected_text() == word.strip()
    assert sum(read) < emulator.scrollback_rows


def test_characters_of_unexpected_width_do_not_hide_a_line(emulator: Emulator) -> None:
    emulator.feed("\r\n".join(["\u2764\ufe0f" * 11 + "#" * 5] * 300 + ["needle 日"] + ["below"] * 30).encode())
    assert look(emulator, "needle 日", "needle")
    assert emulator.selected_text() == "needle"
