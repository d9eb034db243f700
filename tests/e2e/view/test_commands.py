"""A shell command in a terminal: its times, its text, and the actions on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from gui.terminal.prompts.heading import CommandHeading
from gui.wording import page_texts
from gui.wording.phrases import told_time
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import create
from session_host.terminal.command_line import command_text
from tests.e2e.view.conftest import ShownView
from tests.e2e.view.test_prompts import LONG, WAITING, clipboard, command, label_text
from tests.support.widgets import entries

BEGAN = datetime(2024, 5, 2, 12, 3, tzinfo=UTC)
BEGAN_MS = int(BEGAN.timestamp() * 1000)
AT = told_time(BEGAN, BEGAN + timedelta(days=1000))
"""The time with its date and year, which stays as it is; a time of today is another text after midnight."""


def start_clock(terminal: ShownView) -> list[int]:
    """Time the view's commands by a clock of the test; returns its reading in ms, in a list that the test changes."""
    reading = [5_000]
    terminal.emulator.commands.start_numbers(1)
    terminal.emulator.commands.clock = lambda: (BEGAN_MS, reading[0])
    return reading


def run(terminal: ShownView, reading: list[int], text: str, output: str, code: int, took_ms: int) -> None:
    """Feed the output of a command that runs for ``took_ms``."""
    begin, end = command(text, output, code).split("\x1b]133;D")
    terminal.feed(begin)
    reading[0] += took_ms
    terminal.feed("\x1b]133;D" + end)


def test_a_marks_tooltip_shows_command_exit_code_duration_and_time(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    reading = start_clock(terminal)
    run(terminal, reading, "make test", "failed\r\n", 2, 125_400)
    terminal.feed(WAITING)
    margin = terminal.view.prompts.margin
    terminal.until(lambda: margin.marks, "the mark")
    terminal.view.prompts.go(-1)
    assert label_text(terminal) == f"{page_texts.PROMPT_POSITION(number=1, count=1)} · 2 min 5 s · {AT}"
    place = QPoint(3, int(margin.marks[0].top + 4))
    QApplication.sendEvent(margin, QHelpEvent(QEvent.Type.ToolTip, place, margin.mapToGlobal(place)))
    assert f">make test\nExit code 2 · 2 min 5 s · {AT}<" in QToolTip.text()
    QToolTip.hideText()


def test_the_heading_shows_the_duration_of_a_command_once_it_is_known(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.emulator.commands.start_numbers(1)
    terminal.feed(command("long", LONG, 0) + WAITING)
    terminal.view.scroller.scroll_lines(-15)
    terminal.settle()
    heading = terminal.view.findChild(CommandHeading)
    assert isinstance(heading, CommandHeading)
    assert heading.accessibleName() == "Go to the command $ long, exit code 0"
    source = create(terminal.emulator.engine, GridSize(20, 5))
    source.commands.start_numbers(1)
    reading = [5_000]
    source.commands.clock = lambda: (BEGAN_MS, reading[0])
    source.feed(b"\x1b]133;C\x07")
    reading[0] += 12_000
    source.feed(b"\x1b]133;D;0\x07")
    terminal.emulator.commands.set_times(source.commands.take_changes())
    source.close()
    terminal.feed("more")
    terminal.until(lambda: "12 s" in heading.accessibleName(), "the time")
    assert heading.accessibleName() == f"Go to the command $ long, exit code 0 · 12 s · {AT}"


def test_a_command_is_copied_and_run_again_only_while_the_shell_waits(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    prompts, commands = terminal.view.prompts, terminal.view.prompts.commands
    terminal.emulator.commands.start_numbers(1)
    terminal.feed("\x1b[?2004h" + command("echo one", "one\r\n", 0) + WAITING)
    [one] = [listed.prompt for listed in commands.listed()]
    commands.copy(one)
    assert (clipboard(), label_text(terminal)) == ("echo one", page_texts.COMMAND_COPIED())
    commands.copy(one, with_output=True)
    assert clipboard() == "echo one\none"
    commands.edit_and_rerun(one)
    assert terminal.sink.of("paste") == [("echo one",)]
    terminal.feed("sleep 9\r\n\x1b]133;C\x07\x1b[H\x1b[2J")
    assert [listed.line for listed in commands.listed()] == [page_texts.ERASED_COMMAND()]
    commands.edit_and_rerun(one)
    assert label_text(terminal) == page_texts.NOT_AT_PROMPT()
    terminal.feed("\x1b[?1049h")
    prompts.with_listed(one, commands.copy)
    assert (label_text(terminal), terminal.sink.of("paste")) == (page_texts.NO_COMMAND(), [("echo one",)])
    assert (commands.listed(), label_text(terminal)) == ([], page_texts.NO_PROMPTS_IN_FULL_SCREEN())


@pytest.mark.parametrize("begins", ["", "\x1b]133;B\x07"])
def test_copy_command_copies_what_the_screen_shows_not_what_the_output_claims(
    show_view: Callable[..., ShownView], begins: str
) -> None:
    terminal = show_view()
    commands = terminal.view.prompts.commands
    terminal.emulator.commands.start_numbers(1)
    for shown, claimed in (("ls", "rm%20-rf%20~"), ("echo one        at 12:00", "echo%20one"), ("a rm", "rm%0Aa%20rm")):
        terminal.feed(f"\x1b]133;A\x07$ {begins}{shown}\r\n\x1b]133;C;cmdline_url={claimed}\x07out\r\n\x1b]133;D;0\x07")
    prompts = terminal.emulator.prompts()
    texts = [command_text(terminal.emulator, prompt) for prompt in prompts]
    assert texts == ["ls" if begins else "", "echo one", "a rm" if begins else ""]
    commands.copy(prompts[0])
    assert "rm" not in clipboard()


def test_the_menu_acts_on_the_command_under_the_pointer_and_puts_none_into_an_ended_chat(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.emulator.commands.start_numbers(1)
    terminal.feed(command("echo one", "one\r\n", 0) + command("echo two", "two\r\n", 0) + WAITING)

    def offered() -> list[str]:
        menu = terminal.view.context_menu.build(QPointF(terminal.point(1, 1)))
        texts = [page_texts.COPY_COMMAND(), page_texts.COPY_COMMAND_AND_OUTPUT(), page_texts.EDIT_AND_RERUN()]
        chosen = [action for text, action in entries(menu).items() if text in texts]
        for action in chosen:
            action.trigger()
        menu.close()
        return [action.text() for action in chosen]

    assert offered()[-1] == page_texts.EDIT_AND_RERUN()
    assert (clipboard(), terminal.sink.of("paste")) == ("echo one\none", [("echo one",)])
    terminal.view.display.show_emulator(terminal.emulator)
    assert offered()[-1] == page_texts.COPY_COMMAND_AND_OUTPUT(), "an ended chat takes no input"


def test_the_text_of_a_command_stays_as_typed_when_the_width_changes() -> None:
    emulator = create(None, GridSize(30, 8))
    emulator.commands.start_numbers(1)
    wide, loop = "echo " + "日本 x " * 12 + "end", "for x in a; do\r\n\x1b]133;P;k=s\x07> \x1b]133;B\x07ls; done"
    for text in (wide, loop, "x" * 20_000, "ls" + " " * 20 + "12:00"):
        emulator.feed(f"{WAITING}{text}\r\n\x1b]133;C\x07output\r\n\x1b]133;D;0\x07".encode())
    expected = [wide, "for x in a; do\nls; done", "", "ls"]
    assert [command_text(emulator, prompt) for prompt in emulator.prompts()] == expected
    for columns, first in ((21, ""), (90, wide)):
        emulator.resize(GridSize(columns, 8), CellSize())
        # An unknown command is better than a wrong one: the loop's further lines may have moved to other rows, and a
        # blank before a wide character may not have been typed.
        assert [command_text(emulator, prompt) for prompt in emulator.prompts()] == [first, "", "", "ls"], columns
    emulator.close()


def test_a_command_that_clears_the_screen_first_has_no_known_text() -> None:
    """The menu over its output and *Commands…* ask for the text."""
    emulator = create(None, GridSize(30, 8))
    emulator.commands.start_numbers(1)
    emulator.feed(f"{WAITING}true\r\n\x1b]133;C\x07\x1b]133;D;0\x07".encode())
    emulator.feed(f"{WAITING}clear; make\r\n\x1b]133;C\x07\x1b[H\x1b[2J\x1b[3Jworking\r\n".encode())
    assert [command_text(emulator, prompt) for prompt in emulator.prompts()][-1:] in ([""], [])
    emulator.feed(f"\x1b]133;D;0\x07{WAITING}".encode())
    assert not any(command_text(emulator, prompt) for prompt in emulator.prompts())
    emulator.close()
