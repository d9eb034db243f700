"""A line over the first row of a terminal: the command of the output that the user reads, once its prompt is above."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui.terminal.display import TerminalDisplay
from gui.terminal.scrolling import HistoryBar
from gui.theme.contrast import MARK_RATIO, TEXT_RATIO, readable
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import TERMINAL_PADDING_PX, blend
from gui.theme.tooltips import show_tooltip
from gui.wording import page_texts
from session_host.terminal.base import Emulator
from session_host.terminal.command_line import command_line
from session_host.terminal.prompts import Prompt

from .commands import facts_of

_RED, _BLUE = 1, 4
_FAILED_PX = 3.0
_RING_PX = 4.0
_MARK_SHARE = 0.5
_CURRENT_PX = 2.0
MIN_PX = 6
"""The narrowest padding that has room for marks."""
_LEFT_PX = 2.0
"""The left edge of marks: the line between two panes may cover the first pixel."""


class MarginMark(NamedTuple):
    """The end of one command, beside its prompt; in the widget's pixels."""

    top: float
    height: float
    exit_code: int
    row: int = -1
    """The prompt's row, counted from the oldest of the history; -1 for none."""


class Extent(NamedTuple):
    """The rows of one command, from its prompt to the end of its output."""

    top: float
    height: float


class PromptMargin(QWidget):
    """A widget over the terminal's left padding, beside the text.

    A failed command has a filled bar, other commands have a ring.

    Attributes:
        marks: the marks in view, from the top.
        current: the command that the user went to; None for none in view.
    """

    def __init__(self, display: TerminalDisplay, describe: Callable[[int], str]) -> None:
        """Create the hidden margin; ``describe`` tells the command at a mark's row, for the mark's tool tip."""
        super().__init__(display.widget)
        self._describe = describe
        self._display = display
        self.marks: list[MarginMark] = []
        self.current: Extent | None = None
        self._padding_px = 0.0
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def show_marks(self, marks: list[MarginMark], current: Extent | None) -> None:
        """Show other marks, unless the padding is too narrow for them."""
        padding_px = self._display.surface.layout.padding / self._display.surface.metrics.device_pixel_ratio
        if (marks, current, padding_px) != (self.marks, self.current, self._padding_px):
            self.marks, self.current, self._padding_px = marks, current, padding_px
            width = min(int(padding_px), TERMINAL_PADDING_PX)
            self.setGeometry(int(padding_px) - width, 0, width, self._display.widget.height())
            self.setVisible((bool(marks) or current is not None) and width >= MIN_PX)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._display.surface.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark in self.marks:
            paint_mark(painter, theme, theme.background, mark)
        if self.current is not None:
            color = readable(theme.palette[_BLUE], theme.background, MARK_RATIO)
            left = self.width() - _CURRENT_PX
            painter.fillRect(QRectF(left, self.current.top, _CURRENT_PX, self.current.height), color)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            y = event.pos().y()
            found = next((mark for mark in self.marks if mark.top <= y < mark.top + mark.height), None)
            show_tooltip(event, self._describe(found.row) if found is not None else "", self)
            return True
        return bool(super().event(event))


def failed_color(theme: TerminalTheme, background: QColor) -> QColor:
    """The colour of a failed command's bar on this background."""
    return readable(theme.palette[_RED], background, MARK_RATIO)


def paint_mark(painter: QPainter, theme: TerminalTheme, background: QColor, mark: MarginMark) -> None:
    """Paint the mark of a command's end at the left edge: a filled bar if it failed, else a ring."""
    if mark.exit_code:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(failed_color(theme, background))
        bar = QRectF(_LEFT_PX, mark.top + 1.5, _FAILED_PX, mark.height - 3)
        painter.drawRoundedRect(bar, _FAILED_PX / 2, _FAILED_PX / 2)
    else:
        painter.setPen(QPen(readable(blend(theme.foreground, background, _MARK_SHARE), background, MARK_RATIO), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        center = QPointF(_LEFT_PX + _FAILED_PX / 2, mark.top + mark.height / 2)
        painter.drawEllipse(center, _RING_PX / 2, _RING_PX / 2)


_MIN_ROWS: Final = 6
"""A terminal with fewer rows has no heading."""

_BACKGROUND_SHARE: Final = 0.1
_LINE_SHARE: Final = 0.28
_QUIET_SHARE: Final = 0.7
_GAP_CELLS: Final = 3
_MIN_CELLS: Final = 40
"""A narrower line has no room for how the command ended."""


class CommandHeading(QAbstractButton):
    """The line over the first row; a click goes to the prompt.

    It covers the text: the grid stays as it is. It is shown only while the view is scrolled back, so it never delays
        an echo or live output.
    """

    def __init__(self, display: TerminalDisplay, go: Callable[[Prompt], object]) -> None:
        """Create the hidden line; ``go`` goes to a prompt."""
        super().__init__(display.widget)
        self._display = display
        self._prompt: Prompt | None = None
        self._read: tuple[Emulator, int, int, int] | None = None
        """The emulator, its columns, history and prompt's row for which the text was read."""
        self._facts = self._short_facts = ""
        """How the command ended, how long it ran and when it began; at the line's end without the code of a success."""
        self._bottom = 0
        """The end of the first row, in device pixels."""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._go = go
        self.clicked.connect(lambda _checked: self._on_clicked())
        if (bar := display.widget.findChild(HistoryBar)) is not None:
            self.stackUnder(bar)
        self.hide()

    def show_command_of(self, emulator: Emulator) -> None:
        """Show the command with the output at the top of the view; hide the line if there is none."""
        surface = self._display.surface
        rows = range(surface.size.rows)
        first = next((row for row in rows if not surface.row_rect(row).isEmpty()), 0)
        top = surface.viewport.top + first
        found = emulator.prompts(0, top, last_only=True) if surface.size.rows >= _MIN_ROWS else []
        prompt = found[0] if found and _fills(found[0], top) else None
        if prompt is not None:
            self._show(emulator, prompt)
            self._bottom = surface.row_rect(first).bottom() + 1
            height = math.ceil(self._bottom / surface.metrics.device_pixel_ratio)
            self.setGeometry(0, 0, self._display.widget.width(), height)
        self.setVisible(prompt is not None and bool(self.text()))

    def _show(self, emulator: Emulator, prompt: Prompt) -> None:
        read = (emulator, emulator.size.columns, emulator.scrollback_rows, prompt.row)
        if read != self._read:
            self._read = read
            self.setText(command_line(emulator, prompt))
        elif prompt == self._prompt and facts_of(emulator, prompt) == self._facts:
            return
        self._prompt = prompt
        self._facts, self._short_facts = facts_of(emulator, prompt), facts_of(emulator, prompt, for_list=True)
        self.setAccessibleName(page_texts.go_to_command(self.text(), self._facts))
        self.update()

    def forget(self) -> None:
        """Hide the line, and forget the emulator."""
        self.hide()
        self._prompt = self._read = None

    def _on_clicked(self) -> None:
        if self._prompt is not None:
            self._go(self._prompt)

    def paintEvent(self, _event: QPaintEvent) -> None:
        surface, theme = self._display.surface, self._display.surface.theme
        metrics, layout = surface.metrics, surface.layout
        ratio = metrics.device_pixel_ratio
        code = self._prompt.exit_code if self._prompt is not None else None
        background = blend(theme.foreground, theme.background, _BACKGROUND_SHARE)
        painter = QPainter(self)
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio))  # Fonts are in device pixels.
        width, top = round(self.width() * ratio), self._bottom - layout.cell_height
        painter.fillRect(0, 0, width, self._bottom, background)
        painter.fillRect(0, self._bottom - 1, width, 1, blend(theme.foreground, theme.background, _LINE_SHARE))
        painter.setFont(metrics.fonts[0])
        text_metrics = QFontMetricsF(metrics.fonts[0])
        room, baseline = width - 2 * layout.padding, top + metrics.ascent
        if (facts := self._short_facts) and room > _MIN_CELLS * layout.cell_width:
            room -= math.ceil(text_metrics.horizontalAdvance(facts))
            painter.setPen(readable(blend(theme.foreground, background, _QUIET_SHARE), background, TEXT_RATIO))
            painter.drawText(layout.padding + room, baseline, facts)
            room -= _GAP_CELLS * layout.cell_width
        painter.setPen(readable(theme.foreground, background, TEXT_RATIO))
        shown = text_metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawText(layout.padding, baseline, shown)
        painter.resetTransform()
        if code is not None and layout.padding / ratio >= MIN_PX:
            left = max(int(layout.padding / ratio) - TERMINAL_PADDING_PX, 0)
            painter.translate(left, 0)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_mark(painter, theme, background, MarginMark(top / ratio, layout.cell_height / ratio, code))
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            show_tooltip(event, "\n".join(filter(None, (self.text(), self._facts))), self)
            return True
        return bool(super().event(event))


def _fills(prompt: Prompt, top: int) -> bool:
    """Whether a command's prompt is above a row, and its output continues below that row."""
    if prompt.output is None or prompt.output > top:
        return False
    return prompt.end is None or prompt.end > top + 1
