"""The selection of one view: what the user selects is offered to other programs, and cleared when its text changes."""

from __future__ import annotations

import time
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from gui.terminal.display import TerminalDisplay
from gui.timers import single_shot
from session_host.terminal.base import Emulator

from .clipboard import copy_text, offer_selection

_COMPARISON_SHARE = 20
"""The time between two comparisons of the selected text, as a multiple of the time of one."""


class Drag(Enum):
    """What the mouse does to the selection; meanwhile, neither output nor typing clears it."""

    NONE = 0
    PRESSED = 1
    """A button is pressed on a cell; nothing is selected yet."""
    SELECTING = 2


class Selection(QObject):
    """The user's selection in one view.

    Attributes:
        exists: whether the user has selected something.
        offered: the selected text, as it was offered to other programs. Output that changes the text clears the
            selection, and leaves this.
        drag: what the mouse does to the selection.
        goes_by_edges: whether the mouse selects from edge to edge, not by cells, words or lines.
        copies: whether what the user selects goes to the clipboard, as well as to the primary selection.

    Signals:
        cells_selected(int, int): other code selected cells; the column and row of the first one.
    """

    cells_selected = Signal(int, int)

    def __init__(self, display: TerminalDisplay) -> None:
        super().__init__(display)
        self._display = display
        self.exists = False
        self.offered = ""
        self.drag = Drag.NONE
        self.goes_by_edges = False
        self.copies = False
        self._compare = single_shot(self)
        self._compare.timeout.connect(self.after_frame)
        self._next_comparison_s = 0.0

    @property
    def text(self) -> str:
        """The selected text; if output has just cleared the selection, the text that was offered."""
        emulator = self._display.emulator
        return (emulator.selected_text() or self.offered) if emulator is not None else ""

    def forget(self) -> None:
        """Forget the selection, since another screen is shown."""
        self.exists, self.offered, self.drag = False, "", Drag.NONE

    def note(self) -> None:
        """Something was selected without the mouse."""
        self.exists, self.offered, self.goes_by_edges = True, "", False

    def offer(self) -> None:
        """Make the selected text the primary selection, and copy it if the user wants that; blanks are deselected."""
        if (emulator := self._display.emulator) is None:
            return
        self.offered = text = emulator.selected_text()
        if not text:
            self._clear(emulator)
            return
        offer_selection(text)
        if self.copies:
            copy_text(text)

    def select_cells(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select between two cells of the viewport, each a column and a row."""
        if self._display.emulator is not None:
            self._display.emulator.select(first, last, "cell")
            self.note()
            self.cells_selected.emit(*first)

    def deselect(self) -> None:
        """Clear the selection, if any."""
        self.offered = ""
        emulator = self._display.emulator
        if self.exists and emulator is not None and self.drag == Drag.NONE:
            self._clear(emulator)

    def _clear(self, emulator: Emulator) -> None:
        self.exists = False
        emulator.clear_selection()
        self._display.request_frame()

    @Slot()
    def after_frame(self) -> None:
        """Clear the selection if its text has changed: what is marked is what was offered."""
        emulator = self._display.emulator
        if not self.offered or not self.exists or self.drag != Drag.NONE or emulator is None:
            return
        begin_s = time.monotonic()
        if (early_s := self._next_comparison_s - begin_s) > 0:
            if not self._compare.isActive():
                self._compare.start(round(early_s * 1000) + 1)
            return
        has_changed = emulator.selected_text() != self.offered
        # A long text takes at most a small part of the window's time.
        self._next_comparison_s = time.monotonic() + _COMPARISON_SHARE * (time.monotonic() - begin_s)
        if has_changed:
            self._clear(emulator)
