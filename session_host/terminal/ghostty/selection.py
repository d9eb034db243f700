"""The library's selection, which follows its content.

The anchor is a tracked reference, so that a drag continues after output has moved the text. If the caller knows a word,
such as a link, the anchor has two references, to its first and its last cell.
"""

from __future__ import annotations

from typing import Any

from session_host.terminal.base import SelectionUnit
from session_host.terminal.images.placeholders import without_placeholders
from session_host.terminal.rows import UNDER_IMAGE
from session_host.terminal.words import SEPARATORS

from .library.calls import EngineFailure, allocated, check, ffi, grid_ref, lib, set_option, sized, track

_VIEWPORT = lib.GHOSTTY_POINT_TAG_VIEWPORT
_SCREEN = lib.GHOSTTY_POINT_TAG_SCREEN
_SEPARATORS = ffi.new("uint32_t[]", list(map(ord, SEPARATORS)))


class Selector:
    """The selection of one terminal's active screen.

    Attributes:
        unit: the unit of the selection, or of the last one.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._anchor: Any = None
        self._anchor_last: Any = None
        """The last cell of a word that the caller knows; None if the anchor is one cell."""
        self.unit: SelectionUnit = "cell"
        self._rectangle = False
        self._is_after_anchor = False
        """Whether the anchor is the edge after its cell, the last one of a row."""
        self._coordinate = ffi.new("GhosttyPointCoordinate*")
        self._cell = ffi.new("GhosttyCell*")
        self._wide = ffi.new("int*")
        self._columns = ffi.new("uint16_t*")

    def close(self) -> None:
        """Free the library's objects, before their terminal."""
        for reference in (self._anchor, self._anchor_last):
            if reference is not None:
                ffi.release(reference)
        self._anchor = self._anchor_last = None

    def select(self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, rectangle: bool) -> None:
        """Select from ``anchor`` to ``head``, viewport cells within the grid."""
        self.close()
        column, row = anchor
        self._anchor = track(self._terminal, _VIEWPORT, column, row)
        self._is_after_anchor = self._anchor is None and unit == "edge"
        if self._is_after_anchor:
            self._anchor = track(self._terminal, _VIEWPORT, column - 1, row)
        self.unit = unit
        self._rectangle = rectangle
        self.extend(head)

    def select_word(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select viewport cells within the grid as one word."""
        self.close()
        self._anchor = track(self._terminal, _VIEWPORT, *first)
        self._anchor_last = track(self._terminal, _VIEWPORT, *last)
        self.unit = "word"
        self._rectangle = False
        self.extend(first, last)

    def extend(self, head: tuple[int, int], last: tuple[int, int] | None = None) -> None:
        """Move the head; with ``last``, to all cells from ``head`` to it, as one word."""
        if self._anchor is None:
            return
        if self.unit == "edge":
            self._extend_to_edge(*head)
            return
        anchor = self._snapshot(self._anchor)
        anchor_last = anchor if self._anchor_last is None else self._snapshot(self._anchor_last)
        if anchor is None or anchor_last is None:
            self.clear()
            return
        head_first = grid_ref(self._terminal, _VIEWPORT, *head)
        head_last = head_first if last is None else grid_ref(self._terminal, _VIEWPORT, *last)
        if head_first is None or head_last is None:
            return
        starts_at_head = self._position(head_first) < self._position(anchor)
        ends_at_head = self._position(head_last) > self._position(anchor_last)
        start = head_first if starts_at_head else anchor
        end = head_last if ends_at_head else anchor_last
        if self.unit == "word":
            anchor_is_word, head_is_word = self._anchor_last is not None, last is not None
            if not (head_is_word if starts_at_head else anchor_is_word):
                start = self._word(start)[0]
            if not (head_is_word if ends_at_head else anchor_is_word):
                end = self._word(end)[1]
        elif self.unit == "line":
            start, end = self._line(start)[0], self._line(end)[1]
        self._select_cells(start, end)

    def _extend_to_edge(self, column: int, row: int) -> None:
        """Select the cells between the anchor's edge and another one."""
        anchor = self._snapshot(self._anchor)
        if anchor is None:
            self.clear()
            return
        is_after = column > 0
        cell = grid_ref(self._terminal, _VIEWPORT, column - is_after, row)
        if cell is None:
            return
        edges = [self._edge(anchor, is_after=self._is_after_anchor), self._edge(cell, is_after=is_after)]
        (top, left), (bottom, right) = sorted(edges)
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLS, self._columns)
        if self._rectangle:
            left, right = sorted((left, right))
        else:
            top, left = (top + 1, 0) if left == self._columns[0] else (top, left)
            bottom, right = (bottom - 1, self._columns[0]) if not right else (bottom, right)
        start = end = None
        if right > left if self._rectangle else (bottom, right) > (top, left):
            start = grid_ref(self._terminal, _SCREEN, left, top)
            end = grid_ref(self._terminal, _SCREEN, right - 1, bottom)
        if start is None or end is None:
            set_option(self._terminal, "SELECTION", None)
        else:
            self._select_cells(start, end)

    def _select_cells(self, start: Any, end: Any) -> None:
        """Select cells; all of a wide character, if it is not a rectangle."""
        selection = sized("GhosttySelection")
        if not self._rectangle:
            start = self._with_other_half(start, lib.GHOSTTY_CELL_WIDE_SPACER_TAIL, -1)
            end = self._with_other_half(end, lib.GHOSTTY_CELL_WIDE_WIDE, 1)
        selection.start, selection.end, selection.rectangle = start[0], end[0], self._rectangle
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
        return without_placeholders(data.decode("utf-8", "replace").replace(UNDER_IMAGE, ""))

    def _set(self, selection: Any) -> None:
        check(lib.ghostty_terminal_set(self._terminal, lib.GHOSTTY_TERMINAL_OPT_SELECTION, selection), "selecting")

    @staticmethod
    def _snapshot(reference: Any) -> Any:
        """The cell of a tracked reference; None if it is gone."""
        cell = sized("GhosttyGridRef")
        return None if lib.ghostty_tracked_grid_ref_snapshot(reference, cell) else cell

    def _position(self, reference: Any) -> tuple[int, int]:
        """Row and column on the whole screen, for comparisons."""
        if lib.ghostty_terminal_point_from_grid_ref(self._terminal, reference, _SCREEN, self._coordinate):
            raise EngineFailure("libghostty-vt: a cell that was found has no position")
        return int(self._coordinate.y), int(self._coordinate.x)

    def _edge(self, reference: Any, *, is_after: bool) -> tuple[int, int]:
        row, column = self._position(reference)
        return row, column + is_after

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
        options.boundary_codepoints, options.boundary_codepoints_len = _SEPARATORS, len(_SEPARATORS)
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
