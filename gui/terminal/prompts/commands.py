"""The commands of a terminal: listed, copied, and put at the prompt again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget

from gui.terminal.display import TerminalDisplay
from gui.terminal.drawing.canvas import least_covering
from gui.terminal.input import clipboard
from gui.theme import tokens
from gui.theme.painting import paint_frame
from gui.theme.tokens import blend
from gui.timers import single_shot
from gui.wording import page_texts
from session_host.protocol.untrusted_text import one_line
from session_host.terminal.base import Emulator
from session_host.terminal.command_line import command_line, command_text, output_text
from session_host.terminal.prompts import Prompt

_SHOWN_MS = 1600
_MARGIN_PX = 12
_INSIDE_PX = 10
_BACKGROUND_SHARE = 0.14


class PositionLabel(QWidget):
    """The label; it takes no mouse events and no keyboard focus."""

    def __init__(self, display: TerminalDisplay) -> None:
        """Create the hidden label."""
        super().__init__(display.widget)
        self._display = display
        self._text = ""
        self.setFont(tokens.font(tokens.SECONDARY_PX))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._hide_timer = single_shot(self, _SHOWN_MS)
        self._hide_timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The visible text; "" while the label is hidden."""
        return self._text if self.isVisible() else ""

    def show_text(self, text: str) -> None:
        """Show a text for a moment."""
        self._text = text
        self.setAccessibleName(text)
        size, room = self.sizeHint(), self._display.widget.size()
        left = room.width() - size.width() - 2 * _MARGIN_PX
        bottom, top = (QRect(QPoint(left, y), size) for y in (room.height() - size.height() - _MARGIN_PX, _MARGIN_PX))
        self.setGeometry(least_covering([bottom, top], self._display.typed_areas()))
        self.show()
        self.raise_()
        self.update()
        self._hide_timer.start()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2 * _INSIDE_PX, metrics.height() + _INSIDE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._display.surface.theme
        painter = QPainter(self)
        line, background = (blend(theme.foreground, theme.background, share * _BACKGROUND_SHARE) for share in (2, 1))
        paint_frame(painter, QRectF(self.rect()), line, background)
        painter.setPen(theme.foreground)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()


MAX_LISTED: Final = 500
"""The most commands in a list: the rows of each are read."""


class ListedCommand(NamedTuple):
    """A command in a list."""

    line: str
    facts: str
    """How it ended, how long it ran and when it began."""
    prompt: Prompt


class TerminalCommands:
    """The commands of one view."""

    def __init__(self, display: TerminalDisplay, label: PositionLabel, paste: Callable[[str], object]) -> None:
        """Set up; ``label`` shows the result, or the reason for none, to the user; ``paste`` pastes a text."""
        self._display = display
        self._label = label
        self._paste = paste

    def is_at_prompt(self) -> bool:
        """Whether the shell waits for a command, and the user may type."""
        emulator = self._display.emulator if self._display.sink is not None else None
        last = emulator.prompts(last_only=True) if emulator is not None else []
        return bool(last) and last[0].output is None and not last[0].turn

    def text(self, prompt: Prompt) -> str:
        """The command as the user typed it; if it is unknown, shows that and returns ""."""
        emulator = self._display.emulator
        text = command_text(emulator, prompt) if emulator is not None else ""
        if not text:
            self._label.show_text(page_texts.COMMAND_NOT_KNOWN())
        return text

    def copy(self, prompt: Prompt, *, with_output: bool = False) -> None:
        """Copy a command, alone or with its output below it."""
        emulator = self._display.emulator
        if emulator is None or not (text := self.text(prompt)):
            return
        if with_output and (output := output_text(emulator, prompt)):
            text = f"{text}\n{output}"
        clipboard.copy_text(text)
        copied = page_texts.COMMAND_AND_OUTPUT_COPIED if with_output else page_texts.COMMAND_COPIED
        self._label.show_text(copied())

    def edit_and_rerun(self, prompt: Prompt) -> None:
        """Paste a command at the shell's prompt; the user presses Enter."""
        if not self.is_at_prompt():
            self._label.show_text(page_texts.NOT_AT_PROMPT())
        elif text := self.text(prompt):
            self._paste(text)

    def extend_menu(self, menu: QMenu, prompt: Prompt) -> None:
        """Add the actions for a command."""
        emulator = self._display.emulator
        if emulator is None or not command_text(emulator, prompt):
            return
        menu.addAction(page_texts.COPY_COMMAND(), lambda: self.copy(prompt))
        menu.addAction(page_texts.COPY_COMMAND_AND_OUTPUT(), lambda: self.copy(prompt, with_output=True))
        if self.is_at_prompt():
            menu.addAction(page_texts.EDIT_AND_RERUN(), lambda: self.edit_and_rerun(prompt))

    def all(self) -> list[Prompt]:
        """The commands, oldest first."""
        emulator = self._display.emulator
        return [prompt for prompt in emulator.prompts() if prompt.output is not None] if emulator is not None else []

    def listed(self) -> list[ListedCommand]:
        """The newest commands, newest first; if there are none, a line says so."""
        emulator, prompts = self._display.emulator, self.all()
        if emulator is None or not prompts:
            full_screen = emulator is not None and emulator.modes.alternate_screen
            self._label.show_text(page_texts.NO_PROMPTS_IN_FULL_SCREEN() if full_screen else page_texts.NO_COMMAND())
            return []
        found = []
        for prompt in reversed(prompts[-MAX_LISTED:]):
            line = one_line(command_text(emulator, prompt)) or command_line(emulator, prompt)
            line = line or page_texts.ERASED_COMMAND()
            found.append(ListedCommand(line, facts_of(emulator, prompt, for_list=True), prompt))
        return found


def facts_of(emulator: Emulator, prompt: Prompt, *, for_list: bool = False) -> str:
    """How a command ended, how long it ran and when it began, as far as that is known; "" for none.

    In a list only failures have their exit code.
    """
    command = emulator.commands.of(prompt.number)
    code = None if for_list and not prompt.exit_code else prompt.exit_code
    if command is None:
        return page_texts.command_facts(code, None, None)
    return page_texts.command_facts(
        code, command.took_ms if command.took_ms >= 0 else None, command.began_ms or None, is_running=prompt.end is None
    )


def described(emulator: Emulator, prompt: Prompt) -> str:
    """A command's line and facts, for a tool tip."""
    line = one_line(command_text(emulator, prompt)) or command_line(emulator, prompt)
    return "\n".join(filter(None, (line, facts_of(emulator, prompt))))
