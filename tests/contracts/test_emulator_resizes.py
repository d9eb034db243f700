"""A resize loses no line, whatever the screen shows and wherever the cursor is."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import restore
from session_host.terminal.base import Emulator
from tests.support.emulators import history_texts, texts

from .conftest import Maker

CELL = CellSize()


def long_lines(count: int) -> str:
    return "".join(f"{number:05} {'x' * 70}\r\n" for number in range(count))


def painted(columns: int, rows: int) -> str:
    """Output of a program that addresses each row and fills it to the right edge, as mc and htop do."""
    return "".join(f"\x1b[{row + 1};1H{chr(ord('a') + row) * columns}" for row in range(rows))


def whole_text(emulator: Emulator) -> list[str]:
    """The non-blank lines of scrollback and screen, with soft wraps joined."""
    lines = [""]
    for row in [*emulator.history(0, emulator.scrollback_rows), *emulator.rows()]:
        lines[-1] += row.text()
        if not row.wrapped:
            lines.append("")
    return [line for line in lines if line]


@pytest.mark.parametrize("limit", [50, 2_000])
def test_attaching_a_narrow_viewer_loses_no_history(make: Maker, limit: int) -> None:
    emulator = make(80, 24, output=long_lines(limit + 100), scrollback_lines=limit)
    before = history_texts(emulator)
    assert len(before) == limit
    for columns in (30, 45, 20, 80):
        emulator.resize(GridSize(columns, 24), CELL)
        emulator.snapshot()  # as when a viewer attaches; then an engine may free the lines beyond the limit
    assert history_texts(emulator) == before


def test_a_terminal_that_is_restored_and_resized_again_and_again_keeps_its_lines(make: Maker) -> None:
    emulator = make(60, 40, output="".join(f"{number:05}\r\n" for number in range(800)), scrollback_lines=500)
    before = whole_text(emulator)[-500:]
    for columns, rows in ((10, 38), (106, 30), (120, 49), (133, 14), (60, 40)):
        emulator = make.keep(restore(make.engine, emulator.snapshot()))
        emulator.resize(GridSize(columns, rows), CELL)
    assert whole_text(emulator)[-500:] == before


def test_output_to_a_narrow_terminal_drops_only_the_oldest_lines(make: Maker) -> None:
    emulator = make(80, 24, output=long_lines(200), scrollback_lines=100)
    emulator.resize(GridSize(40, 24), CELL)
    emulator.feed(b"".join(b"new %d\r\n" % number for number in range(30)))
    emulator.resize(GridSize(80, 24), CELL)
    history = history_texts(emulator)
    assert len(history) == 100
    assert history[-1] == "new 6"
    assert history[-8].startswith("00199")


def test_a_replica_of_a_narrowed_terminal_widens_like_the_original(make: Maker) -> None:
    emulator = make(80, 24, output=long_lines(200), scrollback_lines=50)
    emulator.resize(GridSize(30, 24), CELL)
    replica = make.keep(restore(make.engine, emulator.snapshot()))
    for each in (emulator, replica):
        each.feed(b"more\r\n" * 20)
        each.resize(GridSize(80, 24), CELL)
    assert history_texts(replica) == history_texts(emulator)
    assert len(history_texts(replica)) == 50


def test_rows_painted_to_the_edge_come_back_completely(make: Maker) -> None:
    emulator = make(40, 6, output=painted(40, 6) + "\x1b[3;5H")
    before = whole_text(emulator)
    emulator.resize(GridSize(30, 6), CELL)
    assert whole_text(emulator) == before
    assert emulator.cursor[:2] == (4, 2)
    emulator.resize(GridSize(40, 6), CELL)
    assert whole_text(emulator) == before
    assert "c" * 40 in [*history_texts(emulator), *texts(emulator)]


def test_a_full_screen_programs_rows_are_cut_and_not_wrapped(make: Maker) -> None:
    emulator = make(40, 6, output="\x1b[?1049h" + painted(40, 6) + "\x1b[3;5H")
    emulator.resize(GridSize(30, 6), CELL)
    assert texts(emulator) == [letter * 30 for letter in "abcdef"]
    assert emulator.cursor[:2] == (4, 2)


@pytest.mark.parametrize("start", ["\x1b[?7l", "\x1b[?1049h"], ids=["no wrapping", "full screen"])
def test_a_wide_character_is_shown_completely_or_not_at_all(make: Maker, start: str) -> None:
    emulator = make(25, 3, output=f"{start}\x1b[44m" + "日" * 12)
    emulator.resize(GridSize(21, 3), CELL)
    assert texts(emulator)[0] == "日" * 10
    for row in [*emulator.rows(), *emulator.frame().rows.values()]:
        assert all(run.column + run.cells <= 21 for run in row.runs)


@pytest.mark.parametrize("row", [0, 3, 4, 7])
def test_lines_below_the_cursor_stay_when_the_grid_gets_shorter(make: Maker, row: int) -> None:
    emulator = make(40, 8, output="\r\n".join(f"row {n}" for n in range(12)) + f"\x1b[{row + 1};5H")
    here = texts(emulator)[row]
    emulator.resize(GridSize(40, 4), CELL)
    assert whole_text(emulator) == [f"row {n}" for n in range(12)]
    assert emulator.cursor.column == 4
    if row >= 4:
        assert texts(emulator)[emulator.cursor.row] == here
    else:
        assert emulator.cursor.row == row  # the cursor's row has left the screen, and its position on the screen stays
    emulator.resize(GridSize(40, 8), CELL)
    assert whole_text(emulator) == [f"row {n}" for n in range(12)]


def test_a_shell_behind_a_full_screen_program_loses_no_line(make: Maker) -> None:
    emulator = make(40, 8, output="\r\n".join(f"row {n}" for n in range(12)) + "\x1b[3;5H\x1b[?1049h" + painted(40, 8))
    for size in (GridSize(12, 4), GridSize(40, 8)):
        emulator.resize(size, CELL)
    emulator.feed(b"\x1b[?1049l")
    assert whole_text(emulator) == [f"row {n}" for n in range(12)]


@pytest.mark.parametrize("size", [GridSize(40, 4), GridSize(30, 4)], ids=["shorter", "shorter and narrower"])
def test_a_cleared_screen_stays_in_view_after_a_full_screen_program(make: Maker, size: GridSize) -> None:
    prompt = "\x1b]133;A;redraw=0\x07$ \x1b]133;B\x07"
    program = "less x\r\n\x1b]133;C\x07\x1b[?1049hpage\x1b[?1049l\x1b]133;D;0\x07"
    emulator = make(40, 8, output="\r\n" * 7 + prompt + program + prompt + "\x1b[H\x1b[2J" + prompt)
    emulator.feed(f"date\r\n\x1b]133;C\x07Monday\r\n\x1b]133;D;0\x07{prompt}".encode())
    replica = make.keep(restore(make.engine, emulator.snapshot()))
    for each in (emulator, replica):
        each.resize(size, CELL)
        assert texts(each) == ["$ date", "Monday", "$", ""]
        assert each.cursor[:2] == (2, 2)


@pytest.mark.portable_lacks("marks of commands")
@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ("redraws=all", []),
        ("special_key=1", []),
        ("click_events=1", []),
        ("redraws=last", ["top"]),
        ("redraw=0", ["top", f"$ {'x' * 36}"]),
        ("aid=1", ["top", f"$ {'x' * 36}"]),
        ("k=i;click_events=1", ["top", f"$ {'x' * 36}"]),
    ],
)
def test_a_prompt_that_its_shell_draws_again_is_erased_when_the_width_changes(
    make: Maker, option: str, kept: list[str]
) -> None:
    """Else its rows wrap, and the shell, which counts them as they were, leaves a part of them above the new ones."""
    prompt = f"\x1b]133;A;{option}\x07top\r\n$ \x1b]133;B\x07{'x' * 36}"
    emulator = make(40, 8, output=f"earlier\r\n{prompt}")
    for each in (*make.copies(emulator), emulator):
        each.resize(GridSize(40, 7), CELL)
        assert whole_text(each) == ["earlier", "top", f"$ {'x' * 36}"], "only another width wraps rows"
        for columns in (30, 12):
            each.resize(GridSize(columns, 7), CELL)
        assert whole_text(each) == ["earlier", *kept]
        if len(kept) < 2:
            assert each.cursor[:2] == (0, 2), "as many rows below the prompt's first one as before"
            each.feed(b"\r\x1b[J$ x\r\n\x1b]133;C\x07out\r\n\x1b]133;D;0\x07")
            assert [(prompt.output, prompt.exit_code) for prompt in each.prompts()] == [(3, 0)]


@pytest.mark.portable_lacks("marks of commands")
@pytest.mark.parametrize("above", ["", "top\r\n"])
def test_a_prompt_that_is_wider_than_the_grid_is_erased_with_all_of_its_rows(make: Maker, above: str) -> None:
    """Else the shell, which goes up to the prompt's first row, draws over the output above it in a wider grid."""
    prompt = f"\x1b]133;A;redraws=last\x07{above}{'p' * 70}$ \x1b]133;B\x07"
    emulator = make(30, 8, output=f"earlier\r\n{prompt}")
    row = emulator.cursor[1]
    for each in (*make.copies(emulator), emulator):
        each.resize(GridSize(45, 8), CELL)
        assert whole_text(each) == ["earlier", *above.split()]
        assert each.cursor[:2] == (0, row), "as many rows below the prompt's first one as before"


@pytest.mark.portable_lacks("marks of commands")
def test_the_first_line_of_a_prompt_stays_through_many_widths(make: Maker) -> None:
    """The shell draws only the last line again, and the first one wraps into more rows and fewer."""
    first = "f" * 50
    emulator = make(60, 12, output=f"earlier\r\n\x1b]133;A;redraws=last\x07{first}\r\n$ \x1b]133;B\x07typed")
    for columns in (40, 20, 30, 15, 60, 25):
        emulator.resize(GridSize(columns, 12), CELL)
        assert whole_text(emulator) == ["earlier", first]
        emulator.feed(b"\r\x1b[J$ \x1b]133;B\x07typed")
        assert whole_text(emulator) == ["earlier", first, "$ typed"]
        assert whole_text(make.keep(restore(make.engine, emulator.snapshot()))) == ["earlier", first, "$ typed"]


@pytest.mark.parametrize(
    "after",
    ["\r\n\x1b]133;P;k=s\x07> \x1b]133;B\x07more", "\r\n\x1b]133;C\x07output", "\r\n\x1b]133;C\x07\x1b[?1049hscreen"],
    ids=["a further line of input", "a command's output", "a full-screen program"],
)
def test_what_no_shell_draws_again_stays_when_the_width_changes(make: Maker, after: str) -> None:
    emulator = make(40, 8, output=f"\x1b]133;A;redraws=all\x07$ \x1b]133;B\x07typed{after}")
    before = whole_text(emulator)
    emulator.resize(GridSize(30, 8), CELL)
    assert whole_text(emulator) == before


@pytest.mark.parametrize("narrow", [8, 13])
@pytest.mark.parametrize("text", ["/init\x1b[8Cto do", "\x1b[12C漢漢x"])
def test_cells_that_were_never_written_keep_their_width_when_a_line_is_wrapped_there(
    make: Maker, text: str, narrow: int
) -> None:
    emulator = make(40, 6, output=f"{text}\r\n")
    shown = emulator.rows()[0].text()
    emulator.resize(GridSize(narrow, 6), CellSize())
    emulator.feed(b"\r\n" * 20)  # The wrapped line goes into the history.
    emulator.resize(GridSize(40, 6), CellSize())
    assert emulator.history(0, 1)[0].text() == shown


@pytest.mark.parametrize("rows", [0, 20])
def test_a_blank_at_the_edge_stays_between_two_words_when_a_line_is_wrapped_anew(make: Maker, rows: int) -> None:
    """It was half of a wide character; the cell before a wide character that did not fit is none."""
    emulator = make(10, 6, output="xxxxxxxx漢yz\x1b[1;9Ho\x1b[3;1H" + "x" * 9 + "漢" + "\r\n" * rows)
    emulator.resize(GridSize(20, 6), CELL)
    assert whole_text(emulator)[:2] == ["xxxxxxxxo yz", "xxxxxxxxx漢"]


def test_a_restored_terminal_with_little_scrollback_keeps_it_at_another_width(make: Maker) -> None:
    lines = [f"line {number}" for number in range(200)]
    emulator = make(40, 10, output="\r\n".join(lines[:51]), scrollback_lines=500)
    emulator.resize(GridSize(45, 12), CELL)
    emulator.feed("".join(f"\r\n{line}" for line in lines[51:81]).encode())
    copy = make.keep(restore(make.engine, emulator.snapshot()))
    copy.feed("".join(f"\r\n{line}" for line in lines[81:151]).encode())
    copy.resize(GridSize(50, 12), CELL)
    copy.feed("".join(f"\r\n{line}" for line in lines[151:]).encode())
    assert history_texts(copy) + [row.text() for row in copy.rows()] == lines
