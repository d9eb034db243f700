"""Marks of rows, as references that the library moves with their content; the prompts that are marked by them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from session_host.terminal.prompts import Prompt, PromptMarks, SavedPrompt, moved

from .library.calls import Getter, ffi, grid_ref, lib, sized, track

_SCREEN = lib.GHOSTTY_POINT_TAG_SCREEN


class _Memory:
    """A terminal, and memory for the answers of the library, which is used again by all marks."""

    def __init__(self, terminal: Any) -> None:
        self.terminal = terminal
        self.active_screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")
        self.cell = sized("GhosttyGridRef")
        self.coordinate = ffi.new("GhosttyPointCoordinate*")
        self.row = ffi.new("GhosttyRow*")
        self.flag = ffi.new("GhosttyRowSemanticPrompt*")


class TrackedRow:
    """A mark of one row: a reference to one of its columns, which is not the first.

    When the history is erased, the library moves references to the first column of the screen. A reflow keeps a
    reference in its row, and may move one to a blank cell to another column: ``restore_column`` puts it back.

    The library flags the rows of prompts. The flag moves with its row, also where the library leaves the reference
    behind (IL, DL, SD, RI), and goes when the row is erased or removed.
    """

    def __init__(
        self, memory: _Memory, column: int, row: int, hidden_rows: Callable[[], int], tag: int = _SCREEN
    ) -> None:
        self._memory = memory
        self.column = column
        self._reference = track(memory.terminal, tag, column, row)
        self._on_screen = memory.active_screen()
        self._hidden_rows = hidden_rows
        self._flagged = self._has_flag()

    def row_number(self) -> int | None:
        """See ``RowMark``."""
        memory = self._memory
        if memory.active_screen() != self._on_screen or (cell := self._cell()) is None:
            return None
        coordinate = memory.coordinate
        if lib.ghostty_terminal_point_from_grid_ref(memory.terminal, cell, _SCREEN, coordinate):
            return None
        if coordinate.x != self.column:
            return None
        row = int(coordinate.y) - self._hidden_rows()
        return row if row >= 0 else None

    def stored_row(self) -> int | None:
        """The row's number with the hidden rows counted, also while another screen is active."""
        coordinate = self._stored_coordinates()
        return int(coordinate.y) if coordinate is not None and coordinate.x == self.column else None

    def restore_column(self) -> None:
        """Refer to the same column as before a reflow; the row still exists, if the library knows it."""
        coordinate = self._stored_coordinates()
        if coordinate is None or coordinate.x == self.column:
            return
        reference = track(self._memory.terminal, _SCREEN, self.column, coordinate.y)
        if reference is not None:
            self.close()
            self._reference = reference

    def is_erased(self) -> bool:
        """See ``PromptRow``; False for a row that was not flagged when it was marked."""
        return self._flagged and not self._has_flag()

    def _has_flag(self) -> bool:
        row, flag = self._memory.row, self._memory.flag
        if (cell := self._cell()) is None or lib.ghostty_grid_ref_row(cell, row):
            return False
        lib.ghostty_row_get(row[0], lib.GHOSTTY_ROW_DATA_SEMANTIC_PROMPT, flag)
        return bool(flag[0] != lib.GHOSTTY_ROW_SEMANTIC_NONE)

    def _cell(self) -> Any:
        """The marked cell; None if it is gone."""
        cell = self._memory.cell
        is_gone = self._reference is None or lib.ghostty_tracked_grid_ref_snapshot(self._reference, cell)
        return None if is_gone else cell

    def _stored_coordinates(self) -> Any:
        """The marked cell's coordinates with the hidden rows counted, None if it is gone."""
        point = self._memory.coordinate
        is_gone = self._reference is None or lib.ghostty_tracked_grid_ref_point(self._reference, _SCREEN, point)
        return None if is_gone else point

    def close(self) -> None:
        """Free the library's object, before its terminal."""
        if self._reference is not None:
            ffi.release(self._reference)
            self._reference = None


class RowMarks:
    """The marks of one terminal's rows; a mark that nothing refers to any more is freed.

    Attributes:
        hidden_rows: how many of the library's oldest rows are hidden.
    """

    def __init__(self, terminal: Any, hidden_rows: Callable[[], int]) -> None:
        self._memory = _Memory(terminal)
        self.hidden_rows = hidden_rows
        self._marks: weakref.WeakSet[TrackedRow] = weakref.WeakSet()
        self._columns = Getter(terminal, "COLS", "uint16_t")
        self._cursor_row = Getter(terminal, "CURSOR_Y", "uint16_t")

    def mark(self, row: int) -> TrackedRow:
        """Mark a row, counted from the oldest that is not hidden."""
        return self._mark(int(self._columns()) - 1, row + self.hidden_rows(), _SCREEN)

    def mark_stored_row(self, stored_row: int) -> TrackedRow:
        """Mark a row, counted from the oldest with the hidden ones; a resize keeps the mark."""
        return self._mark(self._second_column(), stored_row, _SCREEN)

    def mark_cursor(self) -> TrackedRow:
        """Mark the cursor's row; a resize keeps the mark."""
        return self._mark(self._second_column(), int(self._cursor_row()), lib.GHOSTTY_POINT_TAG_ACTIVE)

    def is_continued(self, row: int) -> bool:
        """Whether the line of a row, counted from the oldest that is not hidden, continues in the next row."""
        memory, flag = self._memory, ffi.new("bool*")
        cell = grid_ref(memory.terminal, _SCREEN, 0, row + self.hidden_rows())
        if cell is None or lib.ghostty_grid_ref_row(cell, memory.row):
            return False
        lib.ghostty_row_get(memory.row[0], lib.GHOSTTY_ROW_DATA_WRAP, flag)
        return bool(flag[0])

    def lasting_marks(self) -> list[TrackedRow]:
        """The marks that a resize keeps, unless their content is gone."""
        column = self._second_column()
        return [mark for mark in self._marks if mark.column == column and mark.stored_row() is not None]

    def _second_column(self) -> int:
        return min(1, int(self._columns()) - 1)

    def _mark(self, column: int, row: int, tag: int) -> TrackedRow:
        mark = TrackedRow(self._memory, column, row, self.hidden_rows, tag)
        self._marks.add(mark)
        return mark

    def close(self) -> None:
        """Free the library's objects, before their terminal."""
        for mark in list(self._marks):
            mark.close()


class ScreenPrompts:
    """The prompts of one terminal's primary screen.

    Attributes:
        commands: see ``PromptMarks``.

    A restored terminal that shows its alternate screen gets their marks later: the library marks rows of the active
    screen. A change of the width in between moves the rows, and so ends them.
    """

    def __init__(self, terminal: Any, rows: RowMarks) -> None:
        self._active_screen = Getter(terminal, "ACTIVE_SCREEN", "GhosttyTerminalScreen")
        self._rows = rows
        self._marks: PromptMarks[TrackedRow] = PromptMarks()
        self.commands = self._marks.commands
        self._pending: list[SavedPrompt] = []
        self._pending_kept_rows: int | None = None
        self._reflowed: list[TrackedRow] = []
        self._total_rows = Getter(terminal, "TOTAL_ROWS", "size_t")
        self._screen_rows = Getter(terminal, "ROWS", "uint16_t")
        self._cursor_column = Getter(terminal, "CURSOR_X", "uint16_t")
        self._cursor_row = Getter(terminal, "CURSOR_Y", "uint16_t")

    def mark(self, parameters: str) -> None:
        """Handle ``OSC 133 ; parameters`` at the cursor."""
        if self._on_primary():
            self._marks.mark(parameters, self._rows.mark_cursor, int(self._cursor_column()))

    def on_screen(self) -> bool:
        """Whether a prompt, or the end of its output, is on the active screen."""
        is_possible = bool(self._marks or self._pending) and self._on_primary()
        return is_possible and self._marks.reaches(self._first_screen_row())

    def _first_screen_row(self) -> int:
        """The active screen's first row, counted from the oldest that is not hidden."""
        return int(self._total_rows()) - int(self._screen_rows()) - self._rows.hidden_rows()

    def on_erase(self, how: str) -> None:
        """Handle ED, after the library has, by its parameter: "1" above the cursor, "2" the screen, else below it."""
        if not self._on_primary():
            return
        top, hidden = self._first_screen_row(), self._rows.hidden_rows()
        first, last = top, top + int(self._screen_rows()) - 1
        if how == "1":
            last = top + int(self._cursor_row()) - 1
        elif how != "2":
            first = top + int(self._cursor_row()) + (int(self._cursor_column()) > 0)
        self._marks.erase(first, last, lambda row: self._rows.mark_stored_row(row + hidden))

    def prompts(self, first: int, count: int | None, rows: int, *, last_only: bool) -> list[Prompt]:
        """See ``Emulator.prompts``; of ``rows`` rows in all."""
        if not self._on_primary():
            return []
        # A smaller grid may have cut off blank rows below the cursor.
        count = max(rows - first, 0) if count is None else min(count, rows - first)
        return self._marks.prompts(first, count, last_only=last_only)

    def _on_primary(self) -> bool:
        if self._active_screen() != lib.GHOSTTY_TERMINAL_SCREEN_PRIMARY:
            return False
        if self._pending:
            later, self._pending = self._pending, []
            self._marks.restore(later, self._rows.mark_stored_row, self._pending_kept_rows)
        return True

    def before_resize(self, *, width_changes: bool) -> None:
        """Prepare a resize: with another width, rows that are not marked yet are others."""
        if width_changes:
            self._marks.width_changed()
            self._pending = []
            self._reflowed = self._rows.lasting_marks() if self._on_primary() else []

    def redrawn_row(self) -> int | None:
        """The active screen's row from which on the shell draws its prompt again after a change of the width."""
        if not self._on_primary() or (row := self._marks.redrawn_row(self._rows.is_continued)) is None:
            return None
        row -= self._first_screen_row()
        return row if 0 <= row <= int(self._cursor_row()) else None

    def set_redrawn_row(self, row: int) -> None:
        """Note where that row is after the change of the width."""
        if self._on_primary():
            self._marks.set_redrawn_row(row + self._first_screen_row())

    def after_resize(self) -> None:
        """Put the references back to their columns."""
        for mark in self._reflowed:
            mark.restore_column()
        self._reflowed = []

    def saved(self) -> list[SavedPrompt]:
        """The prompts for a snapshot, by stored rows."""
        return self._pending or self._marks.saved(TrackedRow.stored_row)

    @property
    def kept_rows(self) -> int | None:
        """See ``PromptMarks``."""
        return self._pending_kept_rows if self._pending else self._marks.kept_rows

    def stored_rows(self) -> int:
        """How many rows the primary screen has with all of its history; 0 while it is not active."""
        return int(self._total_rows()) if self._on_primary() else 0

    def restore(self, saved: list[SavedPrompt], stored_rows: int, kept_rows: int | None) -> None:
        """Set the prompts of a snapshot; its oldest rows may be missing."""
        missing = max(stored_rows - self.stored_rows(), 0) if stored_rows else 0
        self._pending = [moved(prompt, -missing) for prompt in saved] if missing else saved
        self._pending_kept_rows = kept_rows
        self._on_primary()
