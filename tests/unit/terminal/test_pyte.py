"""The pyte engine's screen after sequences of programs; stock pyte handles each of these cases wrongly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.pyte.emulator import PyteEmulator
from session_host.terminal.pyte.history import History


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


_SILENT = (
    "\x1b[<u",
    "\x1b[=1;1u",
    "\x1b[>5u",
    "\x1b[?6n",
    "\x1b[?996n",
    "\x1b[?4m",
    '\x1b[1"q',
    "\x1b[!p",
    "\x1b[>c",
    "\x1b[=c",
    "\x1bP$qm\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gi=31;AAAA\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bXsos\x1b\\",
    "\x1bktitle\x1b\\",
    "\x1bPq#0;2;0~\x1b\\",
    "\x1b[4:3m",
    "\x1b[38:2::1:2:3m",
    "\x1b[1;2;3;4;5;6z",
    "\x1b[?1;2$p",
    "\x1b[1?h",
    "\x1b[>4;2m",
    "\x1b[2;3$r",
    "\x1b%G",
    "\x1b]1337;SetMark\x07",
    "\x7f",
    "\x1b]133;A\x07",
)


def test_nothing_of_a_sequence_is_printed() -> None:
    assert {sequence: screen(sequence + "|")[0] for sequence in _SILENT} == dict.fromkeys(_SILENT, "|")


def test_what_the_engine_lacks_is_silent() -> None:
    """A program, a host and a window ask for it, as they do with the other engine."""
    terminal = emulator()
    terminal.commands.start_numbers(1)
    terminal.feed(b"\x1b]133;A\x07$ \x1b]133;B\x07x\r\n\x1b]133;C\x07\x1b[?1049h\x1b[>5u\x1b[>4;2m\x1b]133;D;1\x07")
    terminal.feed(b"\x1b]11;#102030\x07\x1b]4;1;#102030\x07\x1b[?u\x1b[?4m\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b[?1049l")
    terminal.mark_turn()
    assert (terminal.take_replies(), terminal.prompts(), terminal.commands.saved().commands) == (b"", [], [])
    assert (terminal.command_modes.are_left, terminal.command_modes.next_step(b"")) == (False, b"")
    assert (terminal.modes.kitty_keyboard, terminal.modes.modify_other_keys) == (0, 0)
    assert (terminal.frame().background, terminal.frame().palette) == (-1, {})
    assert [row.text() for row in terminal.rows()] == ["$ x", *[""] * 5]


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


def test_can_and_sub_end_a_sequence() -> None:
    assert screen("\x1b[3\x18Cx")[0] == "Cx"
    assert screen("\x1b]0;t\x1ax")[0] == "x"


def test_nel_goes_to_the_first_column() -> None:
    assert screen("abc\x1bEd")[:2] == ["abc", "d"]


def test_resetting_the_region_homes_the_cursor() -> None:
    assert after("\x1b[2;4r\x1b[3;3H\x1b[r").cursor[:2] == (0, 0)


def test_blank_rows_below_the_cursor_are_removed_first() -> None:
    terminal = after("1\r\n2")
    terminal.resize(GridSize(20, 2), CellSize())
    assert [row.text() for row in terminal.rows()] == ["1", "2"]
    assert terminal.scrollback_rows == 0


def test_further_sequences() -> None:
    assert screen("x\x1b[4b")[0] == "xxxxx"
    assert screen("1\r\n2\r\n3\x1b[S")[:2] == ["2", "3"]
    assert screen("1\r\n2\x1b[T")[:3] == ["", "1", "2"]
    assert after("\x1b[2I").cursor.column == 16
    assert after("\x1b[20G\x1b[Z").cursor.column == 16
    assert after("\x1b[5`\x1b[2a\x1b[2e").cursor[:2] == (6, 2)
    assert after("\x1b[3;9H\x1b7\x1b[H\x1b8").cursor[:2] == (8, 2)


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


def numbered(lines: int = 30, columns: int = 20, rows: int = 5) -> PyteEmulator:
    terminal = PyteEmulator(GridSize(columns, rows), scrollback_lines=100)
    terminal.feed(b"\r\n".join(b"line %d" % number for number in range(lines)))
    terminal.frame()
    return terminal


def with_text(text: str, columns: int = 40, rows: int = 5) -> PyteEmulator:
    terminal = PyteEmulator(GridSize(columns, rows), scrollback_lines=100)
    terminal.feed(text.encode())
    return terminal


def test_a_selection_ends_when_rows_below_it_or_in_it_move() -> None:
    for output in (b"\x1b[2;5r\x1b[5;1H\n", b"\x1b[1;3r\x1b[3;1H\n", b"\x1b[1;1H\x1bM"):
        terminal = numbered()
        terminal.select((0, 2), (6, 2), "cell")
        assert terminal.selected_text() == "line 27"
        terminal.feed(output)
        assert terminal.selected_text() == "", "it would be the text of another row"


def test_a_selection_on_the_alternate_screen_follows_and_is_removed_with_it() -> None:
    terminal = with_text("\x1b[?1049h\x1b[Hone\r\ntwo\r\nthree\r\nfour\r\nfive")
    terminal.select((0, 2), (9, 2), "cell")
    terminal.feed(b"\r\nsix")
    assert terminal.selected_text() == "three"
    terminal.feed(b"\x1b[?1049l")
    assert terminal.selected_text() == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("abc 世é", max_size=30), max_size=12), st.integers(3, 40))
def test_text_survives_any_width(lines: list[str], columns: int) -> None:
    lines = [line.rstrip() for line in lines]
    terminal = PyteEmulator(GridSize(20, 5), scrollback_lines=500)
    terminal.feed("\r\n".join(lines).encode())

    def logical() -> list[str]:
        found, parts = [], []
        for row in [*terminal.history(0, 1000), *terminal.rows()]:
            parts.append(row.text())
            if not row.wrapped:
                found.append("".join(parts).replace(" ", ""))
                parts.clear()
        while found and not found[-1]:
            found.pop()
        return found

    before = logical()
    terminal.resize(GridSize(columns, 5), CellSize())
    assert logical() == before
    terminal.resize(GridSize(20, 5), CellSize())
    assert logical() == before


def test_a_row_of_the_history_keeps_its_number_until_it_is_dropped() -> None:
    history = History(limit=3)
    for number in range(5):
        history.append(b"row %d" % number)
    assert (history.evicted, history.end, history.row(2), history.row(4)) == (2, 5, b"row 2", b"row 4")
    history.replace([b"row", b"2", b"row", b"3", b"row", b"4"], max_rows=4)
    assert (history.evicted, history.end, list(history.rows)) == (4, 8, [b"row", b"3", b"row", b"4"])
    assert (history.shown_rows, history.max_rows) == (3, 4), "its limit counts lines"
    history.clear()
    assert (history.evicted, history.end, history.shown_rows) == (8, 8, 0)
