"""The heading over the first row that shows the command while the user is scrolled back in its output."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from gui.terminal.prompts.heading import CommandHeading, failed_color
from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.command_line import command_line
from tests.e2e.view.conftest import ShownView, colors_in, rgb
from tests.e2e.view.test_prompts import WAITING, command, top

LINES = "".join(f"line {number}\r\n" for number in range(30))
SESSION = command("true", "", 0) + command("make -j8 test", LINES, 3) + WAITING
FIRST_LINE = 2
"""The row of the first line of the long output: rows 0 and 1 have the prompts of both commands."""


def heading_of(terminal: ShownView) -> CommandHeading:
    found = terminal.view.findChild(CommandHeading)
    assert isinstance(found, CommandHeading)
    return found


def heading_text(terminal: ShownView) -> str:
    """The text of the heading; "" if it is not visible."""
    found = terminal.view.findChild(CommandHeading)
    return found.text() if isinstance(found, CommandHeading) and found.isVisible() else ""


def scroll_to(terminal: ShownView, row: int) -> None:
    """Scroll as the user does until ``row`` is the first visible row."""
    terminal.view.scroller.scroll_lines(row - top(terminal))
    terminal.settle()
    assert top(terminal) == row


def test_the_heading_shows_the_command_while_its_prompt_is_scrolled_out_of_view(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    assert heading_text(terminal) == "", "live output stays as it is"
    grid, cells = terminal.emulator.size, terminal.cell_image(0, 3, 60)
    scroll_to(terminal, FIRST_LINE)
    assert heading_text(terminal) == "$ make -j8 test"
    assert heading_of(terminal).accessibleName() == "Go to the command $ make -j8 test, exit code 3"
    assert heading_of(terminal).geometry().bottom() < terminal.point(0, 1).y(), "it covers the first row alone"
    terminal.view.sizing.zoom(6)
    assert terminal.point(0, 0).y() < heading_of(terminal).geometry().bottom() < terminal.point(0, 1).y()
    terminal.view.sizing.zoom(-6)
    terminal.settle()
    scroll_to(terminal, FIRST_LINE - 1)
    assert heading_text(terminal) == "", "the prompt is in view"
    scroll_to(terminal, FIRST_LINE + 10)
    assert heading_text(terminal) == "$ make -j8 test"
    terminal.view.scroller.scroll_to_end()
    terminal.settle()
    assert (heading_text(terminal), terminal.emulator.size, terminal.cell_image(0, 3, 60)) == ("", grid, cells)


def test_a_click_on_the_heading_goes_to_the_prompt(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    scroll_to(terminal, FIRST_LINE + 10)
    assert heading_of(terminal).focusPolicy() is Qt.FocusPolicy.NoFocus
    QTest.mouseClick(heading_of(terminal), Qt.MouseButton.LeftButton, pos=QPoint(30, 12))
    terminal.settle()
    assert (heading_text(terminal), top(terminal)) == ("", FIRST_LINE - 2)
    assert terminal.view.prompts.margin.current is not None, "it is the command that keys act on"
    terminal.view.prompts.copy_output()
    assert QGuiApplication.clipboard().text() == LINES.replace("\r", "").rstrip("\n")


def test_a_running_command_has_no_mark_until_it_ends(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed(command("true", "", 0) + f"{WAITING}make\r\n\x1b]133;C\x07{LINES}")
    scroll_to(terminal, FIRST_LINE + 3)
    line, theme = heading_of(terminal), terminal.view.display.surface.theme

    def has_mark() -> bool:
        picture = line.grab().toImage()
        failed = failed_color(theme, picture.pixelColor(line.width() // 2, 2))
        return rgb(failed) in colors_in(picture.copy(0, 0, 8, line.height()))

    assert (heading_text(terminal), line.accessibleName(), has_mark()) == ("$ make", "Go to the command $ make", False)
    terminal.feed(LINES)
    terminal.feed(f"\x1b]133;D;2\x07{WAITING}")
    terminal.until(lambda: line.accessibleName().endswith("exit code 2"), "the end")
    assert (heading_text(terminal), has_mark()) == ("$ make", True)


def test_the_heading_never_covers_the_rows_of_another_command(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed(command("one", LINES, 0) + command("two", LINES, 0) + WAITING)
    found = {}
    for row in (29, 30, 31, 32):
        scroll_to(terminal, row)
        found[row] = heading_text(terminal)
    assert found == {29: "$ one", 30: "", 31: "", 32: "$ two"}


def test_the_heading_is_hidden_by_find_selecting_its_setting_and_the_alternate_screen(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    scroll_to(terminal, FIRST_LINE + 5)
    finder, prompts = terminal.view.finder, terminal.view.prompts
    finder.set_covered_height(40)
    terminal.until(lambda: not heading_text(terminal), "the find bar to have the room")
    finder.set_covered_height(0)
    terminal.until(lambda: heading_text(terminal), "the line to be back")
    terminal.view.modes.select()
    assert heading_text(terminal) == ""
    terminal.view.modes.leave_in_place()
    terminal.until(lambda: heading_text(terminal), "the line to be back")
    prompts.set_heading(enabled=False)
    assert heading_text(terminal) == ""
    prompts.set_heading(enabled=True)
    assert heading_text(terminal) == "$ make -j8 test"
    terminal.feed("\x1b[?1049h")
    terminal.view.scroller.scroll_to_end()
    terminal.settle()
    assert heading_text(terminal) == ""


def test_an_echo_never_updates_the_heading(
    show_view: Callable[..., ShownView], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    scroll_to(terminal, FIRST_LINE)
    terminal.view.scroller.scroll_to_end()
    terminal.settle()
    monkeypatch.setattr(CommandHeading, "show_command_of", lambda *_: pytest.fail("for an echo"))
    for letter in "make":
        QTest.keyClicks(terminal.view, letter)
        terminal.feed(letter)
        terminal.until(lambda: not terminal.view.prompts._marks_timer.isActive(), "the marks")


TWO_LINES = "\x1b]133;A\x07\r\n~/src on main\r\n> \x1b]133;B\x07"
LOOP = "for x in a b; do\r\n> echo $x\r\n> done"


@pytest.mark.parametrize(
    ("prompt", "typed", "line"),
    [
        (WAITING, "ls", "$ ls"),
        (WAITING, LOOP, "$ for x in a b; do"),
        (WAITING, f"echo {'x' * 60}", f"$ echo {'x' * 60}"),
        (WAITING, "ls\x1b[30G12:00", "$ ls   12:00"),
        (TWO_LINES, "ls", "> ls"),
        (TWO_LINES, LOOP, "> for x in a b; do"),
        ("", "", ""),
    ],
)
def test_the_heading_shows_the_command_with_any_prompt(prompt: str, typed: str, line: str) -> None:
    emulator = create(None, GridSize(40, 12))
    for text in ("true", typed, "false"):
        emulator.feed(f"{prompt}{text}\r\n\x1b]133;C\x07output\r\n\x1b]133;D;0\x07".encode())
    assert command_line(emulator, emulator.prompts()[1]) == line
    emulator.close()
