"""Rows as text: joined lines, colours as sequences, and harmless pastes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session_host.protocol.messages import Screen
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.base import Modes
from session_host.terminal.encode import encode_paste
from session_host.terminal.rows import PLAIN, RGB, Attribute, Row, Run, Style, Underline
from session_host.terminal.text import ansi_row, logical_ansi_lines, logical_lines, screen_hash, style_change

RED = Style(foreground=1)


def row(*runs: Run, wrapped: bool = False) -> Row:
    return Row(runs, wrapped)


def plain(text: str, column: int = 0) -> Run:
    return Run(column, len(text), text, PLAIN, False)


def test_soft_wraps_are_joined() -> None:
    rows = [row(plain("one lo"), wrapped=True), row(plain("ng line  ")), row(), row(plain("two"))]
    assert logical_lines(rows) == ["one long line", "", "two"]


def test_blanks_at_the_end_of_a_soft_wrapped_row_are_kept_before_the_next_word() -> None:
    rows = [row(plain("word"), wrapped=True), row(plain("next"))]
    assert logical_lines(rows, 6) == ["word  next"]
    assert logical_ansi_lines(rows, 6) == ["word  next"]
    wide = [row(plain("words"), wrapped=True), row(Run(0, 2, "漢", PLAIN, True))]
    assert logical_lines(wide, 6) == ["words漢"], "it did not fit into the last cell"


def test_a_line_that_wraps_below_the_last_row_is_still_a_line() -> None:
    assert logical_lines([row(plain("begun"), wrapped=True)]) == ["begun"]
    assert logical_lines([]) == []


def test_gaps_become_blanks() -> None:
    assert logical_lines([row(plain("a"), plain("b", 4))]) == ["a   b"]
    assert ansi_row(row(plain("a"), Run(4, 1, "b", RED, False))) == "a   \x1b[0;31mb\x1b[0m"


def test_a_wide_character_appears_once() -> None:
    assert ansi_row(row(Run(0, 2, "漢", PLAIN, True), plain("x", 2))) == "漢x"


@pytest.mark.parametrize(
    ("style", "sequence"),
    [
        (RED, "\x1b[0;31m"),
        (Style(foreground=9, background=12), "\x1b[0;91;104m"),
        (Style(foreground=200, background=RGB | 0x010203), "\x1b[0;38;5;200;48;2;1;2;3m"),
        (Style(attributes=Attribute.BOLD | Attribute.STRIKE), "\x1b[0;1;9m"),
        (Style(underline=Underline.CURLY, underline_color=RGB | 0x010203), "\x1b[0;4:3m\x1b[58:2::1:2:3m"),
        (Style(link="http://a.example/"), "\x1b]8;;http://a.example/\x1b\\"),
        (Style(link="http://a\x1b\\\x07b/"), "\x1b]8;;http://a\\b/\x1b\\"),
    ],
)
def test_styles_become_sequences(style: Style, sequence: str) -> None:
    assert style_change(PLAIN, style) == sequence
    assert style_change(style, style) == ""


def test_ansi_lines_begin_and_end_with_the_default_style() -> None:
    lines = logical_ansi_lines([row(Run(0, 2, "ab", RED, False), wrapped=True), row(Run(0, 1, "c", RED, False))])
    assert lines == ["\x1b[0;31mab\x1b[0m\x1b[0;31mc\x1b[0m"]


colors = st.one_of(st.just(-1), st.integers(0, 255), st.integers(RGB, RGB | 0xFFFFFF))
styles = st.builds(
    Style,
    colors,
    colors,
    st.integers(0, 255),
    st.sampled_from(Underline),
    colors,
    st.sampled_from(["", "http://a.example/"]),
)


EVERYTHING = Style(RGB, RGB, 0xFF, Underline.DOUBLE, RGB)


@given(first=styles, second=styles)
@example(first=PLAIN, second=EVERYTHING)
def test_a_terminal_reads_the_styles_that_were_written(first: Style, second: Style) -> None:
    written = row(Run(0, 2, "ab", first, False), Run(2, 2, "cd", second, False))
    emulator = create(None, GridSize(20, 3))
    emulator.feed(ansi_row(written).encode())
    runs = emulator.rows()[0].runs
    emulator.close()
    assert (runs[0].style, runs[-1].style) == (first, second)


def test_a_paste_has_cr_for_line_ends() -> None:
    assert encode_paste("one\ntwo\r\nthree\rfour\tfive", Modes()) == b"one\rtwo\rthree\rfour\tfive"


@given(st.text())
@example("a\x1b[201~rm -rf /\n")
@example("a\x9b201~b")
def test_a_paste_has_no_controls_but_tab_and_cr(text: str) -> None:
    data = encode_paste(text, Modes(bracketed_paste=True))
    assert data.startswith(b"\x1b[200~")
    assert data.endswith(b"\x1b[201~")
    inner = data[6:-6].decode()
    assert all(c >= " " and not "\x7f" <= c <= "\x9f" for c in inner if c not in "\t\r")
    assert encode_paste(text, Modes()) == data[6:-6]


def hashed(*lines: str) -> str:
    return screen_hash(Screen(1, list(lines), 0, len(lines) - 1, True, "", GridSize(80, 24), False, 0))


def test_a_sign_that_turns_beside_a_dialog_makes_no_other_screen_of_it():
    def asked(sign: str) -> str:
        return hashed(f"\x1b[35m{sign}\x1b[m waiting for you", "1. Yes")

    assert asked("\u2807") == asked("\u280f") != asked("*")


GREY = "\x1b[0;38;2;153;153;153m"
RULE = f"{GREY}{'─' * 80}\x1b[0m"
BOX = f"{GREY}╭{'─' * 78}╮\x1b[0m"
BAR = f"{GREY}┃\x1b[0m"


def above(*lines: str, edge: str = RULE, dialog: str = " Do you want to proceed?") -> str:
    """A screen with lines above a dialog."""
    return hashed("", *lines, edge, dialog, " ❯ 1. Yes", "   2. No")


def marked(mark: str, text: str = "Running make") -> str:
    return f"{GREY}{mark}\x1b[0m {text}"


def counted(time: str, text: str = "$ Shell", bar: str = BAR) -> str:
    return f" {text}{' ' * (70 - len(time))}{GREY}{time}\x1b[0m {bar}"


@pytest.mark.parametrize("edge", [RULE, BOX])
def test_a_mark_that_blinks_and_a_time_that_counts_above_a_dialog_make_no_other_screen_of_it(edge: str):
    places = ((), ("",), ("❯ make", ""))
    marks = {(place, hashed(*place, marked(mark), edge, "Allow?")) for place in places for mark in ("●", " ")}
    bare = f" $ Shell{' ' * 71}{BAR}"
    times = {above(counted(time), edge=edge) for time in ("5s", "9s", "10s", "1m 2s", "2h 1m 2s")}
    assert (len(marks), len(times), times) == (len(places), 1, {above(bare, edge=edge)})


def test_what_is_asked_and_what_is_chosen_make_another_screen():
    screens = [
        # Above an edge.
        above("", marked("●")),
        above("", marked("●", "Running make all")),
        above("", marked("○")),
        above("", marked(" ").replace("153;153;153", "215;255;215")),
        above("", f"● {'Running make'}"),
        above("", "  Running make"),
        above("", marked("●"), marked(" ", "No")),
        above("", marked(" "), marked("●", "No")),
        above(" $ sleep 5s"),
        above(" $ sleep 6s"),
        above(counted("5s", "$ rm 1")),
        above(counted("5s", "$ rm 2")),
        above(counted("5 files")),
        above(counted("6 files")),
        # Below it, behind a second one, or without one.
        above("", marked("●"), dialog="Delete all?"),
        hashed(RULE, "", marked("●")),
        hashed(RULE, "", marked(" ")),
        hashed(RULE, "", marked("●"), RULE, "Esc to cancel"),
        hashed(RULE, "", marked(" "), RULE, "Esc to cancel"),
        hashed(RULE, counted("5s"), RULE),
        hashed(RULE, counted("6s"), RULE),
        hashed("", marked("●"), "─" * 40, "Allow?"),
        hashed("", marked(" "), "─" * 40, "Allow?"),
        hashed("", counted("5s"), "Allow?"),
        hashed("", counted("6s"), "Allow?"),
    ]
    assert len(set(screens)) == len(screens)
