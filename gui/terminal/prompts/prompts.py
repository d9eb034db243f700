"""Navigation to a terminal's prompts, copying one command's output, and the marks in the margin."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final, Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QMenu

from gui.input.shortcuts import KeyOf, show_key
from gui.terminal.display import TerminalDisplay
from gui.terminal.drawing.surface import Viewport
from gui.terminal.finding.line_search import RowNumbers
from gui.terminal.input import clipboard
from gui.terminal.scrolling import Scroller
from gui.timers import single_shot
from gui.wording import page_texts
from session_host.terminal.base import Emulator
from session_host.terminal.command_line import output_rows, output_text, rows_between
from session_host.terminal.prompts import Prompt, RowMark, TurnPosition
from session_host.terminal.rows import Row

from .clicking import move_cursor_to
from .commands import PositionLabel, TerminalCommands, described, facts_of
from .heading import CommandHeading, Extent, MarginMark, PromptMargin

MAX_ROWS: Final = 50_000
"""How many rows of a long history are read at first, the newest ones; 10,000 take 70 ms."""

_ROWS_AT_MARK: Final = (9, 2)
"""The rows in which the user's prompt begins: up to 9 above the mark of an agent's turn, and 2 from the mark on."""

_ROWS_OF_PROMPT: Final = (0, 4)
"""As above, if the prompt's row is known; four rows tell it from others, also in a narrow window."""


class PromptFinder:
    """Finds the prompts of one view's emulator.

    Attributes:
        pattern: returns the pattern (re.match) of the rows that begin a user's prompt to the agent; "" for none.
    """

    def __init__(self) -> None:
        self.pattern: Callable[[], str] = str
        self._history: _HistoryRows | None = None

    @property
    def by_text(self) -> bool:
        """Whether prompts are found by their text, so that each is at its exact row."""
        return bool(self.pattern())

    def prompts(self, emulator: Emulator) -> list[Prompt]:
        """All prompts of the main screen and its history, oldest first; one found by its text ends before the next."""
        pattern = self.pattern()
        if not pattern:
            return emulator.prompts()
        if emulator.modes.alternate_screen:
            return []
        history = self._history
        if history is None or not history.is_of(emulator, pattern) or not history.read_on():
            history = self._history = _HistoryRows(emulator, pattern)
        rows, end = _screen_rows(emulator, history.pattern)
        return [Prompt(row, None, next_row, turn=True) for row, next_row in pairwise([*history.rows(), *rows, end])]

    def turn_at(self, emulator: Emulator, row: int) -> TurnPosition | None:
        """The agent's turn that a row belongs to; None for none."""
        turns = [prompt.row for prompt in self.prompts(emulator) if prompt.turn]
        above = [turn for turn in turns if turn <= row]
        if not above:
            return None
        before, after = _ROWS_OF_PROMPT if self.by_text else _ROWS_AT_MARK
        rows = rows_between(emulator, max(above[-1] - before, 0), above[-1] + after)
        return TurnPosition(len(turns) - len(above), "\n".join(line.text() for line in rows))


class _HistoryRows:
    """The rows of one emulator's history that match a pattern; each row is read once, since it does not change."""

    def __init__(self, emulator: Emulator, pattern: str) -> None:
        self.pattern = re.compile(pattern)
        self._emulator = emulator
        self._numbers = RowNumbers(emulator)
        self._found: list[int] = []
        history = emulator.scrollback_rows
        self._end = max(history - MAX_ROWS, 0)
        self._read(history)

    def is_of(self, emulator: Emulator, pattern: str) -> bool:
        """Whether these are the rows of this emulator that match this pattern."""
        return self._emulator is emulator and self.pattern.pattern == pattern

    def read_on(self) -> bool:
        """Read the rows that came; False if the rows were renumbered, so that all must be read again."""
        dropped = self._numbers.dropped_now()
        if dropped is None:
            return False
        self._numbers.dropped = dropped
        self._found = [row for row in self._found if row >= dropped]
        self._end = max(self._end, dropped)
        self._read(dropped + self._emulator.scrollback_rows)
        return True

    def _read(self, end: int) -> None:
        dropped = self._numbers.dropped
        if end > self._end:
            first = max(self._end - 1, dropped)
            rows = self._emulator.history(first - dropped, end - first)
            self._found += [first + row for row in _matching(rows, self.pattern) if first + row >= self._end]
            self._end = end
        if end > dropped:
            self._numbers.mark(end - 1)

    def rows(self) -> list[int]:
        """The rows, counted from the oldest of the history."""
        return [row - self._numbers.dropped for row in self._found]


def _screen_rows(emulator: Emulator, pattern: re.Pattern[str]) -> tuple[list[int], int]:
    """The prompts on the screen, and the row of the input line or the cursor, counted from the oldest row."""
    history = emulator.scrollback_rows
    before = emulator.history(history - 1, 1) if history else []
    rows = [*before, *emulator.rows()]
    first = history - len(before)
    typed = first + _input_row([row.text() for row in rows], len(before) + emulator.cursor.row, pattern)
    found = [first + row for row in _matching(rows, pattern) if row >= len(before) and first + row != typed]
    return found, max(typed, found[-1] + 1) if found else typed


def _matching(rows: list[Row], pattern: re.Pattern[str]) -> list[int]:
    """The rows that match and are not the continuation of the row before."""
    return [
        number
        for number, row in enumerate(rows)
        if pattern.match(row.text()) and not (number and rows[number - 1].wrapped)
    ]


def _input_row(texts: list[str], cursor: int, pattern: re.Pattern[str]) -> int:
    """The row of the agent's input line, which may look like a prompt: no blank row is between it and the cursor.

    If it does not look like one, the row of the cursor.
    """
    row = cursor
    while row >= 0 and texts[row].strip():
        if pattern.match(texts[row]):
            return row
        row -= 1
    return cursor


_MARKS_DELAY_MS: Final = 40
"""How long after a frame without scrolling the marks are updated, so that they do not delay a typed character."""

_BAR_DELAY_MS: Final = 500
"""How long after scrolling the ticks of commands are updated: reading 1,000 takes 12 ms."""

_CONTEXT_ROWS: Final = 1
"""The rows to show above a prompt that was out of view."""

_TURN_SHARE: Final = 3
"""The share of the view (a third) to show above the mark of an agent's turn, where the user's prompt begins."""


class AnswerSource(Protocol):
    """The source of answers of an agent that does not mark them in its terminal."""

    def has_answers(self) -> bool:
        """Whether the chat's agent keeps its answers."""

    def prompt_pattern(self) -> str:
        """See ``PromptFinder.pattern``."""

    def copy_answer(self, position: TurnPosition | None) -> bool:
        """Copy the answer at a position (None: the last answer), and show a notice; False if the chat has no agent."""


class TerminalPrompts:
    """The prompts of one view. Rows are counted from the oldest of the history.

    Attributes:
        finder: finds them.
        commands: what the user does with one command.
        has_heading: whether the command of a long output is shown over the first row.
    """

    def __init__(
        self,
        display: TerminalDisplay,
        scroller: Scroller,
        typed: SignalInstance,
        paste: Callable[[str], object],
        needs_first_row: Callable[[], bool],
    ) -> None:
        """Set up the prompts.

        Args:
            display: the view.
            scroller: scrolls it.
            typed: emitted when the user typed.
            paste: pastes a text, or asks first.
            needs_first_row: whether nothing may cover the first row.
        """
        self._display = display
        self._scroller = scroller
        self.finder = PromptFinder()
        self._needs_first_row = needs_first_row
        self._current: tuple[Emulator, RowMark, RowMark | None] | None = None
        """The prompt that the user went to, until the user scrolls or types; the last row of an agent's turn."""
        self._shown: tuple[Emulator | None, Viewport] = (None, Viewport())
        self._answers: AnswerSource | None = None
        self.margin = PromptMargin(display, self._described)
        self.label = PositionLabel(display)
        self.commands = TerminalCommands(display, self.label, paste)
        self._heading: CommandHeading | None = None
        self.has_heading = True
        self._marks_timer = single_shot(display, _MARKS_DELAY_MS)
        self._marks_timer.timeout.connect(self.show_marks)
        self._bar_timer = single_shot(display, _BAR_DELAY_MS)
        self._bar_timer.timeout.connect(self._show_in_bar)
        for signal in (scroller.scrolled, typed):
            signal.connect(self._on_moved)

    def set_answers(self, answers: AnswerSource) -> None:
        """Set the source of answers that are not marked in the terminal."""
        self._answers = answers
        self.finder.pattern = answers.prompt_pattern

    def set_heading(self, *, enabled: bool) -> None:
        """Set whether the command of a long output is shown over the first row."""
        self.has_heading = enabled
        self.show_marks()

    # -- navigation

    def go(self, by: int) -> None:
        """Go to the next prompt (1) or the one before (-1), from the current prompt or from the first row in view.

        After the last prompt, go to the end of the terminal.
        """
        emulator = self._display.emulator
        prompts = self._prompts(emulator)
        if emulator is None or not prompts:
            return
        if prompts[-1].output is None and not prompts[-1].turn:
            prompts.pop()  # The prompt that waits for a command is the end of the terminal.
        start = self._start_row()
        if by < 0:
            index = next((n for n in range(len(prompts) - 1, -1, -1) if prompts[n].row < start), -1)
        else:
            index = next((n for n, prompt in enumerate(prompts) if prompt.row > start), -1)
        if index >= 0:
            self._go_to(emulator, prompts[index])
            text = page_texts.TURN_POSITION if prompts[index].turn else page_texts.PROMPT_POSITION
            times = facts_of(emulator, prompts[index]._replace(exit_code=None))
            self.label.show_text(" · ".join(filter(None, (text(number=index + 1, count=len(prompts)), times))))
        elif by > 0:
            self._current = None
            self._scroller.scroll_to_end()
            self.show_marks()
        else:
            self.label.show_text(page_texts.NO_EARLIER_PROMPT())

    def go_to(self, prompt: Prompt) -> None:
        """Go to a command."""
        if (emulator := self._display.emulator) is not None:
            self._go_to(emulator, prompt)

    def has_listed(self) -> bool:
        """Whether there are commands for a list."""
        return bool(self.commands.all())

    def with_listed(self, prompt: Prompt, act: Callable[[Prompt], object]) -> None:
        """Act on a command of a list; output may have moved it since. If its row is gone, a line says so."""
        emulator = self._display.emulator
        if emulator is None:
            return
        candidates = emulator.prompts() if prompt.number else emulator.prompts(prompt.row, 1)
        found = next((each for each in candidates if each.number == prompt.number), None)
        if found is None:
            self.label.show_text(page_texts.NO_COMMAND())
        else:
            act(found)

    def _prompts(self, emulator: Emulator | None) -> list[Prompt]:
        """All prompts; if there are none, show the reason."""
        prompts = self.finder.prompts(emulator) if emulator is not None else []
        if emulator is not None and not prompts:
            full_screen = emulator.modes.alternate_screen
            self.label.show_text(page_texts.NO_PROMPTS_IN_FULL_SCREEN() if full_screen else page_texts.NO_PROMPTS())
        return prompts

    def _start_row(self) -> int:
        """The row from which ``go`` searches."""
        if (row := self._current_row()) is not None:
            return row
        viewport = self._display.surface.viewport
        if not viewport.offset:
            return viewport.history_rows + self._display.surface.size.rows
        return viewport.top

    def _current_row(self) -> int | None:
        """The row of the prompt that the user went to, in the displayed emulator."""
        if self._current is None or self._current[0] is not self._display.emulator:
            return None
        return self._current[1].row_number()

    def _go_to(self, emulator: Emulator, prompt: Prompt) -> None:
        last = emulator.mark_row(prompt.end - 1) if prompt.turn and prompt.end is not None else None
        self._current = emulator, emulator.mark_row(prompt.row), last
        self._show(emulator, prompt)

    def _show(self, emulator: Emulator, prompt: Prompt) -> None:
        top, rows = self._display.surface.viewport.top, emulator.size.rows
        end = prompt.end if prompt.end is not None else prompt.row + 1
        if prompt.turn and self.finder.by_text:
            self._scroller.scroll_to_row(max(prompt.row - _CONTEXT_ROWS, 0))
        elif prompt.turn:
            self._scroller.scroll_to_row(max(prompt.row - rows // _TURN_SHARE, 0))
        elif not top <= prompt.row < top + rows or end > top + rows:
            self._scroller.scroll_to_row(max(prompt.row - _CONTEXT_ROWS, 0))
        self._display.request_frame()
        self.show_marks()

    def _on_moved(self, *_: object) -> None:
        if self._current is not None:
            self._current = None
            self._marks_timer.start()

    def move_cursor_to(self, cell: tuple[int, int]) -> None:
        """Move the cursor of a shell's command line to a cell of the viewport, if that is in it."""
        display = self._display
        if display.emulator is not None and display.sink is not None and not display.scrolled_back:
            move_cursor_to(display.emulator, display.sink, *cell)

    # -- one command

    def at(self, row: int) -> Prompt | None:
        """The command at a row of the viewport, its output or its prompt; None if no command was run there."""
        emulator = self._display.emulator
        if emulator is None:
            return None
        number = self._display.surface.viewport.top + row
        found = emulator.prompts(0, number + 1, last_only=True)
        if not found or found[-1].output is None or (found[-1].end or number + 1) <= number:
            return None
        return found[-1]

    def chosen(self) -> Prompt | None:
        """The command that the user went to, or the newest one in view."""
        emulator = self._display.emulator
        if emulator is None:
            return None
        row = self._current_row()
        last = row if row is not None else self._display.surface.viewport.top + emulator.size.rows
        found = [prompt for prompt in emulator.prompts(0, last + 1) if prompt.output is not None]
        return found[-1] if found else None

    def output_of(self, prompt: Prompt) -> str:
        """The output of a command; "" for none, and then a line says so."""
        text = self._output_of(prompt)
        if not text:
            self.label.show_text(page_texts.NO_OUTPUT())
        return text

    def _output_of(self, prompt: Prompt | None) -> str:
        """The output of a command; "" for none."""
        emulator = self._display.emulator
        return output_text(emulator, prompt) if emulator is not None and prompt is not None else ""

    def copy_output(self, prompt: Prompt | None = None) -> None:
        """Copy the output of a command, or of the chosen one; copy the answer if the chat is an agent's."""
        if text := self._output_of(prompt or self.chosen()):
            clipboard.copy_text(text)
            self.label.show_text(page_texts.OUTPUT_COPIED())
        elif self._answers is None or not self._answers.copy_answer(self._turn_position()):
            self.label.show_text(page_texts.NO_OUTPUT())

    def extend_menu(self, menu: QMenu, row: int, key_of: KeyOf) -> None:
        """Add the actions for the command or the agent's turn at a row of the viewport.

        An action has its key only if that does the same: keys act on the chosen command or turn.
        """
        prompt, answers, chosen = self.at(row), self._answers, self.chosen()
        if prompt is not None:
            menu.addSeparator()
            command = menu.addMenu(page_texts.THIS_COMMAND())
            copy = command.addAction(page_texts.COPY_OUTPUT(), lambda: self.copy_output(prompt))
            self.commands.extend_menu(command, prompt)
            if prompt == chosen:
                show_key(copy, key_of("copy_output"))
        elif answers is not None and answers.has_answers():
            turn = self._turn_position(row)
            menu.addSeparator()
            title = page_texts.COPY_ANSWER() if turn is not None else page_texts.COPY_LAST_ANSWER()
            copy = menu.addAction(title, lambda: answers.copy_answer(turn))
            if chosen is None and turn == self._turn_position():
                show_key(copy, key_of("copy_output"))

    def _turn_position(self, row: int | None = None) -> TurnPosition | None:
        """The position of a row of the viewport among an agent's turns, or of the turn that the user went to.

        None if nothing there belongs to a known turn, and at the end of the terminal without such a row.
        """
        emulator, viewport, current = self._display.emulator, self._display.surface.viewport, self._current_row()
        if emulator is None or (row is None and current is None and not viewport.offset):
            return None
        top = viewport.top
        last = top + row if row is not None else current if current is not None else top + emulator.size.rows - 1
        return self.finder.turn_at(emulator, last)

    # -- marks

    def after_frame(self) -> None:
        """Update the marks in view: at once if the view scrolled, else soon."""
        if (self._display.emulator, self._display.surface.viewport) != self._shown:
            self.show_marks()
        elif not self._marks_timer.isActive():
            self._marks_timer.start()

    def show_marks(self) -> None:
        """Update the marks in view."""
        emulator, surface = self._display.emulator, self._display.surface
        self._shown = emulator, surface.viewport
        if surface.viewport.offset:
            self._bar_timer.start()
        else:
            self._bar_timer.stop()
            self._scroller.bar.set_commands([], 1)
        self._show_heading(emulator)
        if emulator is None:
            self.margin.show_marks([], None)
            return
        top = surface.viewport.top
        marks, extent = [], None
        for prompt in emulator.prompts(top, emulator.size.rows):
            box = surface.row_rect(prompt.row - top)
            has_row = prompt.row != prompt.output
            if prompt.exit_code is not None and has_row and not box.isEmpty():
                ratio = surface.metrics.device_pixel_ratio
                marks.append(MarginMark(box.top() / ratio, box.height() / ratio, prompt.exit_code, prompt.row))
        row = self._current_row()
        if row is not None and (end := self._end_of_current(emulator, row)) is not None:
            extent = self._extent(row - top, end - top)
        self.margin.show_marks(marks, extent)

    def _show_in_bar(self) -> None:
        """Show all marked commands and prompts in the scroll bar, while the view is scrolled back."""
        emulator, viewport = self._display.emulator, self._display.surface.viewport
        if emulator is not None and viewport.offset:
            commands = [(prompt.row, bool(prompt.exit_code)) for prompt in emulator.prompts()]
            self._scroller.bar.set_commands(commands, viewport.history_rows + emulator.size.rows)

    def _described(self, row: int) -> str:
        emulator = self._display.emulator
        found = emulator.prompts(row, 1) if emulator is not None else []
        return described(emulator, found[0]) if emulator is not None and found else ""

    def _show_heading(self, emulator: Emulator | None) -> None:
        """Show the command of the output at the top while the view is scrolled back."""
        if (
            emulator is None
            or not self._display.surface.viewport.offset
            or not self.has_heading
            or self._needs_first_row()
        ):
            if self._heading is not None:
                self._heading.forget()
            return
        if self._heading is None:
            self._heading = CommandHeading(self._display, self.go_to)
        self._heading.show_command_of(emulator)

    def _end_of_current(self, emulator: Emulator, row: int) -> int | None:
        """The row after the command or turn that the user went to; None if it is not known."""
        if self._current is not None and self._current[2] is not None:
            last = self._current[2].row_number()
            return None if last is None else last + 1
        found = emulator.prompts(row, 1)
        return max(output_rows(emulator, found[0])[1], row + 1) if found and not found[0].turn else None

    def _extent(self, first: int, end: int) -> Extent | None:
        first, end = max(first, 0), min(end, self._display.surface.size.rows)
        if first >= end:
            return None
        ratio = self._display.surface.metrics.device_pixel_ratio
        box = self._display.surface.row_rect(first).united(self._display.surface.row_rect(end - 1))
        return Extent(box.top() / ratio, box.height() / ratio)
