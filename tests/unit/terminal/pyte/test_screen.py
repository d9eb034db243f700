"""The pyte engine's screen after sequences of programs; stock pyte handles each of these cases wrongly."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import CursorShape
from session_host.terminal.clearing import reset_after_exit
from session_host.terminal.pyte.emulator import PyteEmulator
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Run, Style, Underline


def emulator(columns: int = 20, rows: int = 6) -> PyteEmulator:
    return PyteEmulator(GridSize(columns, rows), scrollback_lines=100)


def screen(data: str, columns: int = 20, rows: int = 6) -> list[str]:
    terminal = emulator(columns, rows)
    terminal.feed(data.encode())
    return [row.text() for row in terminal.rows()]


def after(data: str, columns: int = 20, rows: int = 6) -> PyteEmulator:
    terminal = emulator(columns, rows)
    terminal.feed(data.encode())
    return terminal


def style_at(terminal: PyteEmulator, column: int, row: int = 0) -> Style:
    for run in terminal.rows()[row].runs:
        if run.column <= column < run.column + run.cells:
            return run.style
    return Style()


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("⚠\ufe0f", 2),
        ("❤\ufe0f", 2),
        ("1\ufe0f\u20e3", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
        ("e\u0301", 1),
        ("世", 2),
    ],
)
def test_a_grapheme_takes_its_cells_and_the_text_after_it_is_kept(text: str, cells: int) -> None:
    terminal = after(f"{text} text")
    assert terminal.rows()[0].text() == f"{text} text"
    assert terminal.rows()[0].runs[0] == Run(0, cells, text, Style(), True)
    assert terminal.cursor.column == cells + 5


def test_an_emoji_that_grows_in_the_last_column_wraps() -> None:
    terminal = after("abc⚠\ufe0f", columns=4)
    assert [row.text() for row in terminal.rows()[:2]] == ["abc", "⚠\ufe0f"]
    assert terminal.rows()[0].wrapped


_SILENT = (
    "\x1b[<u", "\x1b[=1;1u", "\x1b[>5u", "\x1b[?6n", "\x1b[?996n", "\x1b[?4m", "\x1b[1\"q", "\x1b[!p", "\x1b[>c",
    "\x1b[=c", "\x1bP$qm\x1b\\", "\x1bP+q544e\x1b\\", "\x1b_Gi=31;AAAA\x1b\\", "\x1b^private\x1b\\",
    "\x1bXsos\x1b\\",
    "\x1bktitle\x1b\\", "\x1bPq#0;2;0~\x1b\\", "\x1b[4:3m", "\x1b[38:2::1:2:3m", "\x1b[1;2;3;4;5;6z", "\x1b[?1;2$p",
    "\x1b[1?h", "\x1b[>4;2m", "\x1b[2;3$r", "\x1b%G", "\x1b]1337;SetMark\x07", "\x7f", "\x1b]133;A\x07",
)  # fmt: skip


def test_nothing_of_a_sequence_is_printed() -> None:
    assert {sequence: screen(sequence + "|")[0] for sequence in _SILENT} == dict.fromkeys(_SILENT, "|")


def test_surplus_and_huge_parameters_raise_nothing() -> None:
    terminal = emulator()
    for final in range(0x40, 0x7F):
        for marker in ("", "?", ">", "=", "<"):
            for parameters in ("", "0", "1;2;3;4;5", "99999999999999999999", ":", ";;", "1:2:3"):
                terminal.feed(f"\x1b[{marker}{parameters}{chr(final)}".encode())
    assert len(terminal.rows()) == 6


def test_a_surplus_parameter_does_not_void_the_sequence() -> None:
    assert after("\x1b[2;3C").cursor.column == 2


def test_cursor_movement_takes_zero_as_one() -> None:
    assert after("\x1b[0C\x1b[0B").cursor[:2] == (1, 1)


def test_a_sequence_is_not_broken_by_control_characters_in_it() -> None:
    terminal = after("ab\x1b[\r2\x07C|")
    assert terminal.rows()[0].text() == "ab|"


def test_can_and_sub_end_a_sequence() -> None:
    assert screen("\x1b[3\x18Cx")[0] == "Cx"
    assert screen("\x1b]0;t\x1ax")[0] == "x"


def test_nel_goes_to_the_first_column() -> None:
    assert screen("abc\x1bEd")[:2] == ["abc", "d"]


def test_resetting_the_region_homes_the_cursor() -> None:
    assert after("\x1b[2;4r\x1b[3;3H\x1b[r").cursor[:2] == (0, 0)


def test_a_wide_character_in_the_last_column_wraps() -> None:
    assert screen("abc世", columns=4)[:2] == ["abc", "世"]


def test_half_overwritten_wide_characters_are_removed_completely() -> None:
    assert screen("世界\x1b[1;2Hx")[0] == " x界"
    assert screen("世界\x1b[1;3Hx")[0] == "世x"
    assert screen("世界\x1b[1;2H\x1b[P")[0] == " 界"


def test_erasing_keeps_only_the_background() -> None:
    terminal = after("\x1b[1;4;31;44mab\x1b[K")
    assert style_at(terminal, 5) == Style(background=4)


def test_styles() -> None:
    terminal = after("\x1b[2;8mx\x1b[0;4:3;58;2;1;2;3mx\x1b[0;21;53mx\x1b[0;38:2::4:5:6;48:5:77mx\x1b[0;95;105;9;5;7mx")
    assert [style_at(terminal, column) for column in range(5)] == [
        Style(attributes=Attribute.DIM | Attribute.HIDDEN),
        Style(underline=Underline.CURLY, underline_color=RGB | 0x010203),
        Style(underline=Underline.DOUBLE, attributes=Attribute.OVERLINE),
        Style(foreground=RGB | 0x040506, background=77),
        Style(foreground=13, background=13, attributes=Attribute.STRIKE | Attribute.BLINK | Attribute.INVERSE),
    ]


def test_bold_and_dim_end_together() -> None:
    assert style_at(after("\x1b[1;2;3m\x1b[22mx"), 0).attributes == Attribute.ITALIC


def test_hyperlinks_are_part_of_the_style() -> None:
    terminal = after("\x1b]8;id=1;https://example.org/a;b\x1b\\link\x1b]8;;\x1b\\ no")
    assert style_at(terminal, 0).link == "https://example.org/a;b"
    assert not style_at(terminal, 4).link


def test_lines_move_into_the_history_only_at_the_top_of_the_screen() -> None:
    lines = "\r\n".join("123456")
    assert [row.text() for row in after(f"{lines}\x1b[1;3r\x1b[3;1H\n\n").history(0, 9)] == ["1", "2"]
    assert after(f"{lines}\x1b[2;4r\x1b[4;1H\n\n").scrollback_rows == 0


def test_ed_3_clears_the_history_and_not_the_screen() -> None:
    terminal = after("\r\n".join("12345678") + "\x1b[3J")
    assert terminal.scrollback_rows == 0
    assert [row.text() for row in terminal.rows()] == list("345678")


def test_fewer_rows_move_lines_into_the_history_and_more_rows_restore_them() -> None:
    terminal = after("\r\n".join("123456"))
    terminal.resize(GridSize(20, 3), CellSize())
    assert [row.text() for row in terminal.history(0, 9)] == ["1", "2", "3"]
    assert terminal.cursor[:2] == (1, 2)
    terminal.resize(GridSize(20, 6), CellSize())
    assert [row.text() for row in terminal.rows()] == list("123456")
    assert terminal.cursor[:2] == (1, 5)


def test_blank_rows_below_the_cursor_are_removed_first() -> None:
    terminal = after("1\r\n2")
    terminal.resize(GridSize(20, 2), CellSize())
    assert [row.text() for row in terminal.rows()] == ["1", "2"]
    assert terminal.scrollback_rows == 0


def test_the_cursor_follows_its_text_when_the_width_changes() -> None:
    terminal = after("first\r\nabcdefghij\x1b[2;8H")
    terminal.resize(GridSize(5, 6), CellSize())
    assert [row.text() for row in terminal.rows()][:3] == ["first", "abcde", "fghij"]
    assert terminal.cursor[:2] == (2, 2)
    terminal.resize(GridSize(20, 6), CellSize())
    assert terminal.cursor[:2] == (7, 1)


def test_wide_characters_are_not_split_by_a_reflow() -> None:
    terminal = after("a世界b")
    terminal.resize(GridSize(4, 6), CellSize())
    assert [row.text() for row in terminal.rows()][:2] == ["a世", "界b"]
    terminal.resize(GridSize(20, 6), CellSize())
    assert terminal.rows()[0].text() == "a世界b"


@pytest.mark.parametrize("mode", [47, 1047, 1049])
def test_the_alternate_screen_leaves_the_primary_unchanged(mode: int) -> None:
    terminal = after(f"one\r\ntwo\x1b[?{mode}h\x1b[H\x1b[2Jalternate")
    assert terminal.modes.alternate_screen
    assert terminal.rows()[0].text() == "alternate"
    assert terminal.scrollback_rows == 0
    terminal.feed(f"\x1b[?{mode}l".encode())
    assert [row.text() for row in terminal.rows()][:2] == ["one", "two"]


def test_1049_saves_and_restores_the_cursor() -> None:
    assert after("one\r\ntwo\x1b[?1049h\x1b[H\x1b[?1049l").cursor[:2] == (3, 1)


def test_line_drawing_works_under_utf8() -> None:
    assert screen("\x1b(0lqk\x1b(B é \x1b)0\x0ex\x0fx")[0] == "┌─┐ é │x"


def test_further_sequences() -> None:
    assert screen("x\x1b[4b")[0] == "xxxxx"
    assert screen("1\r\n2\r\n3\x1b[S")[:2] == ["2", "3"]
    assert screen("1\r\n2\x1b[T")[:3] == ["", "1", "2"]
    assert after("\x1b[2I").cursor.column == 16
    assert after("\x1b[20G\x1b[Z").cursor.column == 16
    assert after("\x1b[5`\x1b[2a\x1b[2e").cursor[:2] == (6, 2)
    assert after("\x1b[3;9H\x1b7\x1b[H\x1b8").cursor[:2] == (8, 2)


def test_cursor_style_and_soft_reset() -> None:
    terminal = after("\x1b[6 q\x1b[?25l")
    assert (terminal.cursor.shape, terminal.cursor.blinking, terminal.cursor.visible) == (CursorShape.BAR, False, False)
    terminal.feed(b"\x1b[2;3r\x1b[4h\x1b[31m\x1b[!p")
    assert terminal.cursor.visible
    terminal.feed(b"\x1b[6;1Hx")
    assert style_at(terminal, 0, 5).foreground == DEFAULT_COLOR


def test_modes_are_known() -> None:
    modes = after(
        "\x1b[?1h\x1b=\x1b[?2004h\x1b[?1004h\x1b[?1002h\x1b[?1006h\x1b[?2026h\x1b[?5h\x1b[>5u\x1b[>4;2m"
    ).modes
    assert modes.application_cursor
    assert modes.application_keypad
    assert modes.bracketed_paste
    assert modes.focus_events
    assert modes.synchronized
    assert modes.reverse_screen
    assert (modes.mouse, modes.mouse_encoding) == ("button_motion", "sgr")
    assert (modes.kitty_keyboard, modes.modify_other_keys) == (5, 2)


def test_keyboard_flags_are_kept_for_each_screen() -> None:
    terminal = after("\x1b[>1u\x1b[>5u\x1b[=2;2u")
    assert terminal.modes.kitty_keyboard == 7
    terminal.feed(b"\x1b[?1049h")
    assert terminal.modes.kitty_keyboard == 0
    terminal.feed(b"\x1b[>3u\x1b[?1049l")
    assert terminal.modes.kitty_keyboard == 7
    terminal.feed(b"\x1b[<u")
    assert terminal.modes.kitty_keyboard == 1
    terminal.feed(b"\x1b[<99u")
    assert terminal.modes.kitty_keyboard == 0


def test_the_history_is_bounded() -> None:
    terminal = PyteEmulator(GridSize(20, 5), scrollback_lines=10)
    terminal.feed(b"".join(b"%d\r\n" % number for number in range(100)))
    assert terminal.scrollback_rows == 10
    assert terminal.history(0, 1)[0].text() == "86"
    none = PyteEmulator(GridSize(20, 5), scrollback_lines=0)
    none.feed(b"\n" * 50)
    assert none.scrollback_rows == 0


def test_an_endless_string_is_dropped_and_takes_no_memory() -> None:
    terminal = emulator()
    terminal.feed(b"\x1b]2;" + b"x" * (2 * 1024 * 1024))
    assert len(terminal.snapshot()) < 10_000
    copy = emulator()
    copy.feed(terminal.replay())
    for each in (terminal, copy):
        each.feed(b"more\x07shown")
        assert each.rows()[0].text() == "shown"
        assert not each.title


def test_a_killed_program_leaves_nothing_behind() -> None:
    terminal = after(
        "shell\r\n\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[>7u\x1b[?25l\x1b[2;3r\x1b[31m\x1b[?1h\x1b]2;half"
    )
    reset_after_exit(terminal)
    terminal.feed(b"\r\nnext")
    modes = terminal.modes
    assert [row.text() for row in terminal.rows()[:2]] == ["shell", "next"]
    assert style_at(terminal, 0, 1) == Style()
    assert terminal.cursor.visible
    assert (modes.mouse, modes.kitty_keyboard, modes.application_cursor) == ("none", 0, False)
    assert not modes.alternate_screen
    assert not modes.bracketed_paste
    assert not modes.focus_events
