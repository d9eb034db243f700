"""Prompts in a terminal: going to them, copying a command's output, and the marks in the margin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest

from gui.terminal.prompts.heading import failed_color
from gui.terminal.prompts.prompts import TerminalPrompts
from gui.wording import page_texts
from session_host.terminal.prompts import TurnPosition
from tests.e2e.view.conftest import ShownView, colors_in, rgb
from tests.support.chat_view_harness import ShowChat
from tests.support.scripted_chat import long_chat
from tests.support.themes import DARK_TERMINAL, LIGHT_TERMINAL
from tests.support.widgets import entries

WAITING = "\x1b]133;A\x07$ \x1b]133;B\x07"


def command(text: str, output: str, code: int) -> str:
    """The output of a shell with marks for one command."""
    return f"{WAITING}{text}\r\n\x1b]133;C\x07{output}\x1b]133;D;{code}\x07"


LONG = "".join(f"line {number} {'x' * 60}\r\n" for number in range(30))
SESSION = (
    command("true", "", 0) + command("long", LONG, 3) + command("printf end", "end\x1b[7m%\x1b[m\r\n", 0) + WAITING
)


def top(terminal: ShownView) -> int:
    place = terminal.view.display.surface.viewport
    return place.history_rows - place.offset


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def label_text(terminal: ShownView) -> str:
    return terminal.view.prompts.label.text


def test_keys_go_from_prompt_to_prompt_and_to_the_end(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    prompts = terminal.view.prompts
    for number, text in ((3, "$ printf end"), (2, "$ long"), (1, "$ true")):
        prompts.go(-1)
        terminal.settle()
        assert label_text(terminal) == page_texts.PROMPT_POSITION(number=number, count=3)
        rows = [row.text() if row is not None else "" for row in terminal.view.display.surface.rows]
        assert text in rows[:12]
        assert prompts.margin.current is not None
    prompts.go(-1)
    assert label_text(terminal) == page_texts.NO_EARLIER_PROMPT()
    prompts.go(1)
    terminal.feed("more output\r\n")
    assert (label_text(terminal), terminal.view.display.scrolled_back) == (
        page_texts.PROMPT_POSITION(number=2, count=3),
        True,
    )
    prompts.go(1)
    prompts.go(1)
    terminal.settle()
    assert not terminal.view.display.scrolled_back
    assert prompts.margin.current is None


def test_an_output_is_copied_completely_without_its_prompt(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    prompts = terminal.view.prompts
    prompts.copy_output()
    assert (clipboard(), label_text(terminal)) == ("end", page_texts.OUTPUT_COPIED())
    prompts.go(-1)
    prompts.go(-1)
    terminal.settle()
    prompts.copy_output()
    assert clipboard() == LONG.replace("\r", "").rstrip("\n")


def test_the_menu_acts_on_the_command_under_the_pointer_and_shows_the_keys_only_for_the_chosen_one(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.view.context_menu.key_of = lambda name: QKeySequence({"copy_output": "F5"}.get(name, ""))
    terminal.feed(command("a", "one\r\ntwo\r\n", 0) + command("b", "three\r\n", 1) + WAITING)
    menu = terminal.view.context_menu.build(QPointF(terminal.point(1, 4)))
    assert entries(menu)[page_texts.COPY_OUTPUT()].shortcut().toString() == "F5"
    menu.close()
    menu = terminal.view.context_menu.build(QPointF(terminal.point(1, 2)))
    found = entries(menu)
    assert found[page_texts.COPY_OUTPUT()].shortcut().isEmpty(), "the key copies the output of the other command"
    found[page_texts.COPY_OUTPUT()].trigger()
    assert clipboard() == "one\ntwo"
    menu.close()
    for row in (5, 8):
        menu = terminal.view.context_menu.build(QPointF(terminal.point(1, row)))
        assert page_texts.COPY_OUTPUT() not in entries(menu), row
        menu.close()


@pytest.mark.parametrize("theme", [DARK_TERMINAL, LIGHT_TERMINAL], ids=["dark", "light"])
def test_the_margin_shows_how_each_command_ended(show_view: Callable[..., ShownView], theme: object) -> None:
    terminal = show_view(theme=theme)
    terminal.feed(command("true", "", 0) + command("false", "", 1) + WAITING)
    margin = terminal.view.prompts.margin
    terminal.until(lambda: len(margin.marks) == 2, "the marks")
    terminal.settle()
    assert [mark.exit_code for mark in margin.marks] == [0, 1]
    height = terminal.cell.height_px
    image = terminal.image()
    shown = terminal.view.display.surface.theme
    failed = rgb(failed_color(shown, shown.background))
    assert failed in colors_in(image.copy(0, 8 + height, 8, height))
    assert failed not in colors_in(image.copy(0, 8, 8, height))
    assert len(colors_in(image.copy(0, 8, 8, height))) > 1, "a ring"
    assert colors_in(image.copy(0, 8 + 2 * height, 8, height)) == {rgb(terminal.view.display.surface.theme.background)}


def test_the_scroll_bar_shows_commands_and_those_that_failed_while_the_view_is_scrolled_back(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.feed(SESSION)
    bar = terminal.view.scroller.bar
    failed = rgb(DARK_TERMINAL.palette[1])
    assert failed not in colors_in(bar.grab().toImage())
    terminal.view.prompts.go(-1)
    terminal.view.prompts.go(-1)
    terminal.settle()
    terminal.until(lambda: failed in colors_in(bar.grab().toImage()), "the command that failed")
    terminal.view.scroller.scroll_to_end()
    terminal.settle()
    assert failed not in colors_in(bar.grab().toImage()), "at the end nothing is read"


def test_a_command_that_clears_the_screen_has_no_mark_and_its_output_is_copied(
    show_view: Callable[..., ShownView],
) -> None:
    terminal = show_view()
    terminal.feed(command("true", "", 0) + command("false", "", 1) + WAITING)
    margin = terminal.view.prompts.margin
    terminal.until(lambda: len(margin.marks) == 2, "the marks")
    terminal.feed("clear; make\r\n\x1b]133;C\x07\x1b[H\x1b[2J\x1b[3Jcc\r\nld\r\n\x1b]133;D;2\x07" + WAITING)
    terminal.until(lambda: not margin.marks, "no marks of what was erased")
    terminal.view.prompts.copy_output()
    assert (clipboard(), label_text(terminal)) == ("cc\nld", page_texts.OUTPUT_COPIED())
    terminal.feed("false\r\n\x1b]133;C\x07\x1b]133;D;1\x07" + WAITING)
    terminal.until(lambda: len(margin.marks) == 1, "the mark of the next command")


def test_a_terminal_without_prompts_shows_a_quiet_notice(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view()
    prompts: TerminalPrompts = terminal.view.prompts
    prompts.go(-1)
    assert label_text(terminal) == page_texts.NO_PROMPTS()
    terminal.feed(SESSION + "\x1b[?1049h")
    prompts.go(-1)
    assert label_text(terminal) == page_texts.NO_PROMPTS_IN_FULL_SCREEN()
    prompts.copy_output()
    assert label_text(terminal) == page_texts.NO_OUTPUT()
    terminal.until(lambda: not prompts.margin.marks, "no marks on the alternate screen")


def test_turns_of_an_agent_are_shown_in_the_upper_third(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view(60, 12)
    for number in range(3):
        terminal.feed(f"> question {number}\r\n\r\n")
        terminal.emulator.mark_turn()
        terminal.feed("answer\r\n" * 20)
    for number in (2, 1, 0):
        terminal.view.prompts.go(-1)
        terminal.settle()
        assert label_text(terminal) == page_texts.TURN_POSITION(number=number + 1, count=3)
        rows = [row.text() if row is not None else "" for row in terminal.view.display.surface.rows]
        assert f"> question {number}" in rows[:4]
    terminal.view.prompts.copy_output()
    assert label_text(terminal) == page_texts.NO_OUTPUT()


class PromptsByText:
    """Fake answers of an agent with prompts that are recognised by their text."""

    position: TurnPosition | None = None

    def has_answers(self) -> bool:
        return True

    def prompt_pattern(self) -> str:
        return r"› \S"

    def copy_answer(self, position: TurnPosition | None) -> bool:
        self.position = position
        return True


def test_prompts_of_an_agent_are_found_by_their_text(show_view: Callable[..., ShownView]) -> None:
    terminal = show_view(40, 12)
    answers = PromptsByText()
    terminal.view.prompts.set_answers(answers)
    terminal.feed("$ agent\r\n")
    for number in range(3):
        # The agent reports the turn at its input line, which it then erases and draws again below the answer.
        terminal.feed(f"\x1b[10;1H› question {number}\x1b[K")
        terminal.emulator.mark_turn()
        terminal.feed(f"\x1b[10;1H\x1b[J› question {number}\r\n\r\n" + "  › answer\r\n" * 20)
    terminal.feed(f"a row that is wrapped ends {'x' * 13}› here\r\n\r\n› typed, not sent\r\n  › its second row")
    prompts = terminal.view.prompts
    for number in (2, 1, 0):
        prompts.go(-1)
        terminal.settle()
        assert label_text(terminal) == page_texts.TURN_POSITION(number=number + 1, count=3)
        rows = [row.text() if row is not None else "" for row in terminal.view.display.surface.rows]
        assert rows.index(f"› question {number}") <= 1
        assert prompts.margin.current is not None
        prompts.copy_output()
        assert answers.position is not None
        assert answers.position.later == 2 - number
        assert answers.position.text.startswith(f"› question {number}\n")
    prompts.go(-1)
    assert label_text(terminal) == page_texts.NO_EARLIER_PROMPT()
    terminal.view.modes.select()
    QTest.keyClicks(terminal.view, "]")
    terminal.settle()
    assert terminal.emulator.history(terminal.view.modes.selecting.caret.row, 1)[0].text() == "› question 1"
    terminal.view.modes.select()
    terminal.feed("\x1b[?1049h› question")
    prompts.go(-1)
    assert label_text(terminal) == page_texts.NO_PROMPTS_IN_FULL_SCREEN()


def test_keys_in_a_chat_view_go_from_prompt_to_prompt_and_copy_an_answer(show_chat: ShowChat) -> None:
    shown = show_chat(long_chat(40))
    turns, page = shown.view.prompts, shown.view.page
    turns.copy_output()
    assert clipboard().startswith("Answer 39")
    for number in (35, 30, 25):
        turns.go(-1)
        assert f"Prompt {number}" in shown.shown()
    turns.copy_output()
    assert clipboard().startswith("Answer 29")
    for _ in range(3):
        turns.go(1)
    assert page.scroller.is_following_end
