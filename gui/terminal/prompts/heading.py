"""A line over the first row of a terminal: the command of the output that the user reads, once its prompt is above."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui.terminal.drawing.surface import Surface
from gui.terminal.history.scrollbar import HistoryBar
from gui.theme.contrast import TEXT_RATIO, readable
from gui.theme.tokens import TERMINAL_PADDING_PX, blend
from gui.theme.tooltips import show_tooltip
from gui.wording import page_texts
from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt

from .command_line import command_line
from .commands import facts_of
from .margin import MIN_PX, MarginMark, paint_mark

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

    def __init__(self, view: QWidget, surface: Surface, go: Callable[[Prompt], object]) -> None:
        """Create the hidden line; ``go`` goes to a prompt."""
        super().__init__(view)
        self._view = view
        self._surface = surface
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
        if (bar := view.findChild(HistoryBar)) is not None:
            self.stackUnder(bar)
        self.hide()

    def show_command_of(self, emulator: Emulator) -> None:
        """Show the command with the output at the top of the view; hide the line if there is none."""
        surface = self._surface
        rows = range(surface.size.rows)
        first = next((row for row in rows if not surface.row_rect(row).isEmpty()), 0)
        top = surface.viewport.top + first
        found = emulator.prompts(0, top, last_only=True) if surface.size.rows >= _MIN_ROWS else []
        prompt = found[0] if found and _fills(found[0], top) else None
        if prompt is not None:
            self._show(emulator, prompt)
            self._bottom = surface.row_rect(first).bottom() + 1
            height = math.ceil(self._bottom / surface.metrics.device_pixel_ratio)
            self.setGeometry(0, 0, self._view.width(), height)
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
        surface, theme = self._surface, self._surface.theme
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
