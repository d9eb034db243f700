"""``outlive attach`` scrolled back with Ctrl+B PageUp, while the program writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from session_host.protocol.values import GridSize
from tests.programs import Gate, program
from tests.support.commands import OnTerminal, new, outlive

pytestmark = pytest.mark.usefixtures("sessions")

SCROLL = b"\x02\x1b[5~"
UP, DOWN, PAGE_UP, END = b"\x1b[A", b"\x1b[B", b"\x1b[5~", b"\x1b[F"


def first_line(terminal: OnTerminal) -> str:
    return terminal.text().split("\n")[0]


def wait_for_status(terminal: OnTerminal, text: str) -> str:
    """Wait until the last line shows a text; returns the screen."""
    return terminal.see(f" {text}")


def test_the_history_scrolls_during_output_and_each_exit_returns_to_the_screen(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        new("-n", "lines", "--", *program("numbered_lines", 120, "--gate", gate.path, "--before", 100, "--stay"))
        with OnTerminal("attach", "lines", size=GridSize(80, 24)) as terminal:
            terminal.see("line 000099")
            terminal.type(SCROLL)
            screen = wait_for_status(terminal, "22 of 76 rows back · PageUp PageDown · / find · q back")
            assert screen.split("\n")[0] == "line 000055"
            assert not terminal.screen.cursor.visible
            assert terminal.screen.modes.alternate_scroll, "the wheel scrolls here"
            terminal.type(UP + UP)
            wait_for_status(terminal, "24 of 76")
            assert first_line(terminal) == "line 000053"

            gate.release()
            # 22 more rows arrive; the scroll position stays.
            wait_for_status(terminal, "46 of 98")
            assert first_line(terminal) == "line 000053"
            terminal.resize(GridSize(80, 12))
            wait_for_status(terminal, "58 of 110")
            assert first_line(terminal) == "line 000053"
            terminal.type(PAGE_UP)
            wait_for_status(terminal, "68 of 110")
            assert first_line(terminal) == "line 000043"
            terminal.resize(GridSize(80, 24))
            wait_for_status(terminal, "56 of 98")
            terminal.type(b"x" + END)
            screen = terminal.see("end of lines")
            assert "rows back" not in screen
            terminal.type(SCROLL)
            terminal.see("22 of 98")
            terminal.type(DOWN * 22)
            terminal.see("end of lines")
            terminal.type(SCROLL + b"q")
            terminal.not_see("rows back")
            terminal.type(b"\x02[")
            terminal.see("0 of 98 rows back")
            terminal.type(b"\x02d")
            assert terminal.end() == 0
    assert "x" not in outlive("peek", "lines").output, "no key went to the program"


def test_a_text_is_found_upwards_and_downwards_and_highlighted() -> None:
    code = (
        "for number in range(300):\n"
        " print(f'row {number:03} ' + ('Needle' if number % 100 == 50 else 'hay') + ' 😀 end')\n"
        "print('x' * 70 + 'a needle that wraps'); input()"
    )
    new("-n", "hay", "--size", "80x24", "--", "python3", "-c", code)
    with OnTerminal("attach", "hay", size=GridSize(80, 24)) as terminal:
        terminal.see("hat wraps")
        terminal.type(b"\x02[/neeXX\x7f\x7fdle")
        terminal.see("Find: needle")
        terminal.type(b"\r")
        terminal.see("0 of 279 rows back")
        assert selected(terminal) == ["needle"]
        terminal.type(b"n")
        terminal.see("row 250 Needle")
        assert selected(terminal) == ["Needle"]
        terminal.type(b"nn")
        terminal.see("row 050 Needle")
        assert selected(terminal) == ["Needle"]
        terminal.type(b"n")
        terminal.see("No matches above")
        terminal.type(b"N")
        terminal.see("row 150 Needle")
        terminal.type(b"/Needle that\r")
        terminal.see("No matches above")
        terminal.type(b"\x1b")
        terminal.see("hat wraps")
        assert selected(terminal) == []
        terminal.type(b"\x02d")
        assert terminal.end() == 0


def selected(terminal: OnTerminal) -> list[str]:
    """The texts with inverse colours, except on the last line."""
    rows = terminal.screen.rows()[:-1]
    return [run.text for row in rows for run in row.runs if run.style.attributes & 16 and run.text.strip()]


def test_a_full_screen_program_has_no_history() -> None:
    new("-n", "full", "--", *program("raw_echo", "--show", "--enable", "1049"))
    with OnTerminal("attach", "full") as terminal:
        terminal.see("ready")
        terminal.type(SCROLL)
        terminal.see("A full-screen program has no history here; scroll with its own keys")
        terminal.type(b"y")
        terminal.see("<79>")
