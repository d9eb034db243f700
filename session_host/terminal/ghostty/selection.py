"""The library's selection, which follows its content.

The anchor is a tracked reference, so that a drag continues after output has moved the text.
"""

from __future__ import annotations

from typing import Any

from session_host.terminal.base import SelectionUnit
from session_host.terminal.images.placeholders import without_placeholders

from .library.calls import EngineFailure, allocated, check, ffi, grid_ref, lib, set_option, sized, track

_VIEWPORT = lib.GHOSTTY_POINT_TAG_VIEWPORT
_SCREEN = lib.GHOSTTY_POINT_TAG_SCREEN


class Selector:
    """The selection of one terminal's active screen."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._anchor: Any = None
        self._unit: SelectionUnit = "cell"
        self._rectangle = False
        self._coordinate = ffi.new("GhosttyPointCoordinate*")
        self._cell = ffi.new("GhosttyCell*")
        self._wide = ffi.new("int*")
        self._columns = ffi.new("uint16_t*")

    def close(self) -> None:
        """Free the library's objects, before their terminal."""
        if self._anchor is not None:
            ffi.release(self._anchor)
            self._anchor = None

    def select(self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, rectangle: bool) -> None:
        """Select from ``anchor`` to ``head``, viewport cells within the grid."""
        self.close()
        self._anchor = track(self._terminal, _VIEWPORT, *anchor)
        self._unit = unit
        self._rectangle = rectangle
        self.extend(head)

    def extend(self, head: tuple[int, int]) -> None:
        """Move the head."""
        if self._anchor is None:
            return
        start = sized("GhosttyGridRef")
        if lib.ghostty_tracked_grid_ref_snapshot(self._anchor, start):
            self.clear()
            return
        end = grid_ref(self._terminal, _VIEWPORT, *head)
        if end is None:
            return
        selection = sized("GhosttySelection")
        if self._position(end) < self._position(start):
            start, end = end, start
        if self._unit == "word":
            start, end = self._word(start)[0], self._word(end)[1]
        elif self._unit == "line":
            start, end = self._line(start)[0], self._line(end)[1]
        elif not self._rectangle:
            start, end = (
                self._with_other_half(start, lib.GHOSTTY_CELL_WIDE_SPACER_TAIL, -1),
                self._with_other_half(end, lib.GHOSTTY_CELL_WIDE_WIDE, 1),
            )
        selection.start, selection.end = start[0], end[0]
        selection.rectangle = self._rectangle and self._unit == "cell"
        self._set(selection)

    def select_all(self, first_row: int, columns: int, total_rows: int) -> None:
        """Select from ``first_row`` of the whole screen to its end."""
        self.close()
        start = grid_ref(self._terminal, _SCREEN, 0, first_row)
        end = grid_ref(self._terminal, _SCREEN, columns - 1, total_rows - 1)
        if start is None or end is None:
            return
        selection = sized("GhosttySelection")
        selection.start, selection.end = start[0], end[0]
        self._set(selection)

    def clear(self) -> None:
        """Clear the selection."""
        self.close()
        set_option(self._terminal, "SELECTION", None)

    def text(self) -> str:
        """The selected text."""
        selection = sized("GhosttySelection")
        if lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_SELECTION, selection):
            return ""
        options = sized("GhosttyTerminalSelectionFormatOptions")
        options.emit = lib.GHOSTTY_FORMATTER_FORMAT_PLAIN
        options.unwrap = not selection.rectangle
        options.trim = True
        options.selection = selection
        data = allocated(lib.ghostty_terminal_selection_format_alloc, self._terminal, options[0])
        return without_placeholders(data.decode("utf-8", "replace"))

    def _set(self, selection: Any) -> None:
        check(lib.ghostty_terminal_set(self._terminal, lib.GHOSTTY_TERMINAL_OPT_SELECTION, selection), "selecting")

    def _position(self, reference: Any) -> tuple[int, int]:
        """Row and column on the whole screen, for comparisons."""
        if lib.ghostty_terminal_point_from_grid_ref(self._terminal, reference, _SCREEN, self._coordinate):
            raise EngineFailure("libghostty-vt: a cell that was found has no position")
        return int(self._coordinate.y), int(self._coordinate.x)

    def _with_other_half(self, reference: Any, wide: int, step: int) -> Any:
        """The neighbour that completes a wide character, if the cell is of kind ``wide``."""
        lib.ghostty_grid_ref_cell(reference, self._cell)
        lib.ghostty_cell_get(self._cell[0], lib.GHOSTTY_CELL_DATA_WIDE, self._wide)
        if self._wide[0] != wide:
            return reference
        row, column = self._position(reference)
        return grid_ref(self._terminal, _SCREEN, column + step, row) or reference

    def _word(self, reference: Any) -> tuple[Any, Any]:
        options = sized("GhosttyTerminalSelectWordOptions")
        options.ref = reference[0]
        return self._select_around(lib.ghostty_terminal_select_word, options, reference)

    def _line(self, reference: Any) -> tuple[Any, Any]:
        """The first and last cell of a line's rows, with the blanks that the library would leave out."""
        options = sized("GhosttyTerminalSelectLineOptions")
        options.ref = reference[0]
        start, end = self._select_around(lib.ghostty_terminal_select_line, options, reference)
        first_row, last_row = self._position(start)[0], self._position(end)[0]
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLS, self._columns)
        return (
            grid_ref(self._terminal, _SCREEN, 0, first_row) or start,
            grid_ref(self._terminal, _SCREEN, self._columns[0] - 1, last_row) or end,
        )

    def _select_around(self, select: Any, options: Any, reference: Any) -> tuple[Any, Any]:
        """The library's selection around a cell; the cell alone if the library selects nothing."""
        selection = sized("GhosttySelection")
        if select(self._terminal, options, selection):
            return reference, reference
        return ffi.new("GhosttyGridRef*", selection.start), ffi.new("GhosttyGridRef*", selection.end)
