"""Navigation to a terminal's prompts, copying one command's output, and the marks in the margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QTimer, SignalInstance
from PySide6.QtWidgets import QMenu

from gui.input.shortcuts import KeyOf, show_key
from gui.terminal.drawing.surface import Viewport
from gui.terminal.input import clipboard
from gui.terminal.screen import TerminalScreen
from gui.wording import page_texts
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt, RowMark, TurnPosition

from .command_line import output_rows, output_text
from .commands import PositionLabel, TerminalCommands, described, facts_of
from .heading import CommandHeading, Extent, MarginMark, PromptMargin
from .prompt_finder import PromptFinder

_MARKS_DELAY_MS: Final = 40
"""How long after a frame without scrolling the marks are updated, so that they do not delay a typed character."""

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
        commands: what the user does with one command.
        has_heading: whether the command of a long output is shown over the first row.
    """

    def __init__(
        self,
        screen: TerminalScreen,
        finder: PromptFinder,
        typed: SignalInstance,
        paste: Callable[[str], object],
        needs_first_row: Callable[[], bool],
    ) -> None:
        """Set up the prompts.

        Args:
            screen: the view.
            finder: finds its prompts.
            typed: emitted when the user typed.
            paste: pastes a text, or asks first.
            needs_first_row: whether nothing may cover the first row.
        """
        self._screen = screen
        self._finder = finder
        self._needs_first_row = needs_first_row
        self._current: tuple[Emulator, RowMark, RowMark | None] | None = None
        """The prompt that the user went to, until the user scrolls or types; the last row of an agent's turn."""
        self._shown: tuple[Emulator | None, Viewport] = (None, Viewport())
        self._answers: AnswerSource | None = None
        self.margin = PromptMargin(screen, self._described)
        self.label = PositionLabel(screen)
        self.commands = TerminalCommands(screen, self.label, paste)
        self._heading: CommandHeading | None = None
        self.has_heading = True
        self._marks_timer = QTimer(screen, singleShot=True, interval=_MARKS_DELAY_MS)
        self._marks_timer.timeout.connect(self.show_marks)
        for signal in (screen.scrolled, typed):
            signal.connect(self._on_moved)

    def set_answers(self, answers: AnswerSource) -> None:
        """Set the source of answers that are not marked in the terminal."""
        self._answers = answers
        self._finder.pattern = answers.prompt_pattern

    def set_heading(self, *, enabled: bool) -> None:
        """Set whether the command of a long output is shown over the first row."""
        self.has_heading = enabled
        self.show_marks()

    # -- navigation

    def go(self, by: int) -> None:
        """Go to the next prompt (1) or the one before (-1), from the current prompt or from the first row in view.

        After the last prompt, go to the end of the terminal.
        """
        emulator = self._screen.emulator
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
            self._screen.scroll_to_end()
            self.show_marks()
        else:
            self.label.show_text(page_texts.NO_EARLIER_PROMPT())

    def go_to(self, prompt: Prompt) -> None:
        """Go to a command."""
        if (emulator := self._screen.emulator) is not None:
            self._go_to(emulator, prompt)

    def has_listed(self) -> bool:
        """Whether there are commands for a list."""
        return bool(self.commands.all())

    def with_listed(self, prompt: Prompt, act: Callable[[Prompt], object]) -> None:
        """Act on a command of a list; output may have moved it since. If its row is gone, a line says so."""
        emulator = self._screen.emulator
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
        prompts = self._finder.prompts(emulator) if emulator is not None else []
        if emulator is not None and not prompts:
            full_screen = emulator.modes.alternate_screen
            self.label.show_text(page_texts.NO_PROMPTS_IN_FULL_SCREEN() if full_screen else page_texts.NO_PROMPTS())
        return prompts

    def _start_row(self) -> int:
        """The row from which ``go`` searches."""
        if (row := self._current_row()) is not None:
            return row
        viewport = self._screen.surface.viewport
        if not viewport.offset:
            return viewport.history_rows + self._screen.surface.size.rows
        return viewport.top

    def _current_row(self) -> int | None:
        """The row of the prompt that the user went to, in the displayed emulator."""
        if self._current is None or self._current[0] is not self._screen.emulator:
            return None
        return self._current[1].row_number()

    def _go_to(self, emulator: Emulator, prompt: Prompt) -> None:
        last = emulator.mark_row(prompt.end - 1) if prompt.turn and prompt.end is not None else None
        self._current = emulator, emulator.mark_row(prompt.row), last
        self._show(emulator, prompt)

    def _show(self, emulator: Emulator, prompt: Prompt) -> None:
        top, rows = self._screen.surface.viewport.top, emulator.size.rows
        end = prompt.end if prompt.end is not None else prompt.row + 1
        if prompt.turn and self._finder.by_text:
            self._screen.scroll_to_row(max(prompt.row - _CONTEXT_ROWS, 0))
        elif prompt.turn:
            self._screen.scroll_to_row(max(prompt.row - rows // _TURN_SHARE, 0))
        elif not top <= prompt.row < top + rows or end > top + rows:
            self._screen.scroll_to_row(max(prompt.row - _CONTEXT_ROWS, 0))
        self._screen.request_frame()
        self.show_marks()

    def _on_moved(self, *_: object) -> None:
        if self._current is not None:
            self._current = None
            self._marks_timer.start()

    # -- one command

    def at(self, row: int) -> Prompt | None:
        """The command at a row of the viewport, its output or its prompt; None if no command was run there."""
        emulator = self._screen.emulator
        if emulator is None:
            return None
        number = self._screen.surface.viewport.top + row
        found = emulator.prompts(0, number + 1, last_only=True)
        if not found or found[-1].output is None or (found[-1].end or number + 1) <= number:
            return None
        return found[-1]

    def chosen(self) -> Prompt | None:
        """The command that the user went to, or the newest one in view."""
        emulator = self._screen.emulator
        if emulator is None:
            return None
        row = self._current_row()
        last = row if row is not None else self._screen.surface.viewport.top + emulator.size.rows
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
        emulator = self._screen.emulator
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
        emulator, viewport, current = self._screen.emulator, self._screen.surface.viewport, self._current_row()
        if emulator is None or (row is None and current is None and not viewport.offset):
            return None
        top = viewport.top
        last = top + row if row is not None else current if current is not None else top + emulator.size.rows - 1
        return self._finder.turn_at(emulator, last)

    # -- marks

    def after_frame(self) -> None:
        """Update the marks in view: at once if the view scrolled, else soon."""
        if (self._screen.emulator, self._screen.surface.viewport) != self._shown:
            self.show_marks()
        elif not self._marks_timer.isActive():
            self._marks_timer.start()

    def show_marks(self) -> None:
        """Update the marks in view."""
        emulator, surface = self._screen.emulator, self._screen.surface
        self._shown = emulator, surface.viewport
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

    def _described(self, row: int) -> str:
        emulator = self._screen.emulator
        found = emulator.prompts(row, 1) if emulator is not None else []
        return described(emulator, found[0]) if emulator is not None and found else ""

    def _show_heading(self, emulator: Emulator | None) -> None:
        """Show the command of the output at the top while the view is scrolled back."""
        if (
            emulator is None
            or not self._screen.surface.viewport.offset
            or not self.has_heading
            or self._needs_first_row()
        ):
            if self._heading is not None:
                self._heading.forget()
            return
        if self._heading is None:
            self._heading = CommandHeading(self._screen, self.go_to)
        self._heading.show_command_of(emulator)

    def _end_of_current(self, emulator: Emulator, row: int) -> int | None:
        """The row after the command or turn that the user went to; None if it is not known."""
        if self._current is not None and self._current[2] is not None:
            last = self._current[2].row_number()
            return None if last is None else last + 1
        found = emulator.prompts(row, 1)
        return max(output_rows(emulator, found[0])[1], row + 1) if found and not found[0].turn else None

    def _extent(self, first: int, end: int) -> Extent | None:
        first, end = max(first, 0), min(end, self._screen.surface.size.rows)
        if first >= end:
            return None
        ratio = self._screen.surface.metrics.device_pixel_ratio
        box = self._screen.surface.row_rect(first).united(self._screen.surface.row_rect(end - 1))
        return Extent(box.top() / ratio, box.height() / ratio)
