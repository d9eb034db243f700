"""The ghostty engine: libghostty-vt behind the Emulator protocol. Fast and complete.

The parts: ``library.calls`` opens the library, ``effects`` collects replies and events, ``cells`` reads rows,
``selection`` selects, ``modes`` reads modes, ``snapshot`` and ``replay`` save the state.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Literal

from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Cursor, DefaultColors, Frame, Modes, SelectionUnit
from session_host.terminal.engines import engine_build
from session_host.terminal.events import TerminalEvent
from session_host.terminal.images.graphics import NO_IMAGES
from session_host.terminal.osc import MAX_TITLE_CHARACTERS
from session_host.terminal.prompts import TURN, Prompt, RowMark
from session_host.terminal.rows import DEFAULT_COLOR, Row
from session_host.terminal.sgr_lines import SgrLines

from . import snapshot as ghostty_snapshot
from .cells import GridReader
from .effects import Effects, clean_text, install
from .frame import FrameBuilder, ProgramColors
from .history import HistoryLimits
from .images import TerminalImages
from .library.calls import (
    CONTINUATION_BYTES,
    EngineFailure,
    Getter,
    ffi,
    lib,
    mode,
    new_terminal,
    rgb,
    scroll_viewport,
    set_default_palette,
    set_option,
    set_options,
    text_of,
)
from .modes import ModeReader
from .replay import replay
from .row_marks import RowMarks, ScreenPrompts
from .selection import Selector
from .sgr_history import sgr_history
from .stream import Stream

_COLOR_SCHEME_MODE: Final = 2031
_DISCARD_SEQUENCE: Final = b"\x18\x1b]9999999;"


class GhosttyEmulator:
    """An Emulator over one libghostty-vt terminal.

    Attributes:
        is_ground, commands, command_modes: see ``Emulator``.
    """

    def __init__(
        self,
        size: GridSize,
        *,
        cell: CellSize = CellSize(),
        scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
        colors: DefaultColors = DefaultColors(),
        restored: tuple[Any, ghostty_snapshot.OwnState, bytes | memoryview] | None = None,
    ) -> None:
        terminal = new_terminal(size, cell) if restored is None else restored[0]
        self._terminal = terminal
        self._size, self._cell = size, cell
        self._scrollback_limit = max(0, scrollback_lines)
        self._effects = Effects(size, cell, colors)
        handle = install(terminal, self._effects)
        widest = 0 if restored is None else restored[1].widest_columns
        history = HistoryLimits(terminal, self._scrollback_limit, size, widest)
        self._reader = GridReader(terminal)
        self._marks = RowMarks(terminal, partial(self._reader.rows_above, self._scrollback_limit))
        self._prompts = ScreenPrompts(terminal, self._marks)
        self.commands = self._prompts.commands
        self._images = TerminalImages(terminal, size, cell, self._marks, self._effects.reply)
        self._stream = Stream(terminal, size, cell, self._effects, history, self._prompts, self._images)
        self._images.grid.write = self._stream.write
        self.command_modes = self._stream.command_modes
        self._selector = Selector(terminal)
        self.is_ground = self._stream.is_ground
        self._modes = ModeReader(terminal, self._stream)
        self._frames = FrameBuilder(terminal, self._images)
        self._stream.read_cursor = self._frames.cursor
        self._images.grid.read_screen = partial(_screen, self._frames, self._reader, keeps_marks=True)
        parts = (self._modes, self._selector, self._frames, self._stream, self._images.grid, self._marks)
        self._finalizer = weakref.finalize(self, _free, parts, terminal, handle)
        set_options(terminal)
        self._title = Getter(terminal, "TITLE", "GhosttyString")
        self._directory = Getter(terminal, "PWD", "GhosttyString")
        self._total_rows = Getter(terminal, "TOTAL_ROWS", "size_t")
        self._scrollbar = Getter(terminal, "SCROLLBAR", "GhosttyTerminalScrollbar")
        if restored is None:
            self._set_colors()
        else:
            self._parts().restore(*restored[1:])

    @classmethod
    def restore(cls, snapshot: bytes, scrollback_lines: int = 0) -> GhosttyEmulator:
        """Restore an emulator from its ``snapshot``; ``scrollback_lines`` may raise the limit of its history.

        Raises:
            EngineFailure: the snapshot is damaged, or of another build.
        """
        state, data = ghostty_snapshot.unpack(snapshot)
        decoded = ghostty_snapshot.decode(data, CONTINUATION_BYTES)
        return cls._restored(state, *decoded, ghostty_snapshot.images_of(state, data), scrollback_lines)

    @classmethod
    def _restored(
        cls,
        state: ghostty_snapshot.OwnState,
        terminal: Any,
        size: GridSize,
        images: bytes | memoryview = b"",
        scrollback_lines: int = 0,
    ) -> GhosttyEmulator:
        return cls(
            size,
            cell=state.cell,
            scrollback_lines=max(state.scrollback_lines, scrollback_lines),
            colors=DefaultColors(*state.colors),
            restored=(terminal, state, images),
        )

    def close(self) -> None:
        """Free the terminal; safe to call again."""
        self._finalizer()
        self._terminal = ffi.NULL

    # -- properties

    @property
    def engine(self) -> Literal["ghostty"]:
        """The engine's name."""
        return "ghostty"

    @property
    def build(self) -> str:
        """Engine and build."""
        return engine_build("ghostty")

    @property
    def size(self) -> GridSize:
        """The grid's size."""
        return self._size

    @property
    def cell(self) -> CellSize:
        """The cell's size."""
        return self._cell

    @property
    def scrollback_limit(self) -> int:
        """The maximum number of history lines."""
        return self._scrollback_limit

    @property
    def scrollback_rows(self) -> int:
        """The number of history rows; the library keeps some more, which are hidden."""
        return min(self._reader.history_rows(), self._scrollback_limit)

    @property
    def title(self) -> str:
        """The title."""
        return clean_text(text_of(self._title()), MAX_TITLE_CHARACTERS)

    @property
    def directory(self) -> str:
        """The address of the shell's directory."""
        return clean_text(text_of(self._directory()), MAX_TITLE_CHARACTERS)

    @property
    def cursor(self) -> Cursor:
        """The cursor on the active screen."""
        return self._frames.cursor()

    @property
    def modes(self) -> Modes:
        """The current modes."""
        return self._modes.read()

    # -- the stream

    def feed(self, data: bytes) -> None:
        """Interpret output of the program."""
        if self._stream.feed(data):
            self._frames.full = True

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Change the grid; the primary screen reflows."""
        if size == self._size and cell == self._cell:
            return
        self._size = self._effects.size = self._images.grid.size = size
        self._cell = self._effects.cell = self._images.grid.cell = cell
        self._stream.resize(size, cell)
        self._frames.full = True

    def take_replies(self) -> bytes:
        """Replies to the program since the last call."""
        return self._effects.take_replies()

    def take_events(self) -> list[TerminalEvent]:
        """Events since the last call."""
        if self._effects.title and not self.title:
            # The program reset the terminal; the library does not report that this clears the title.
            self._effects.set_title(b"")
        return self._effects.take_events()

    def set_default_colors(self, colors: DefaultColors) -> None:
        """Set the answers to colour queries; a program that asked for changes is notified."""
        changed = colors.dark != self._effects.colors.dark
        self._effects.colors = colors
        self._set_colors()
        if changed and mode(self._terminal, _COLOR_SCHEME_MODE):
            self._effects.reply(b"\x1b[?997;1n" if colors.dark else b"\x1b[?997;2n")

    @property
    def colors(self) -> DefaultColors:
        """The answers to colour queries now."""
        defaults, program = self._effects.colors, ProgramColors(self._terminal)

        def now(name: str, default: int) -> int:
            color = program.dynamic(name)
            return default if color == DEFAULT_COLOR else color & 0xFFFFFF

        return DefaultColors(
            now("foreground", defaults.foreground),
            now("background", defaults.background),
            now("cursor", defaults.cursor),
            defaults.dark,
            program.sixteen(),
        )

    def limit_images(self, max_bytes: int) -> None:
        """Keep images up to a size in all."""
        self._images.max_bytes = max_bytes

    def identify(self, version: str) -> None:
        """Set the answer to XTVERSION."""
        self._effects.version = version

    def _set_colors(self) -> None:
        colors = self._effects.colors
        for name in ("foreground", "background", "cursor"):
            value = getattr(colors, name)
            set_option(self._terminal, f"COLOR_{name.upper()}", "GhosttyColorRgb", rgb(value))
        set_default_palette(self._terminal, colors.palette)

    # -- reading

    def rows(self) -> list[Row]:
        """The active screen."""
        return _screen(self._frames, self._reader, self._size.rows)

    def history(self, first: int, count: int) -> list[Row]:
        """Rows of history; 0 is the oldest."""
        self._frames.collect_damage()
        kept = self.scrollback_rows
        first = max(first, 0)
        count = min(count, kept - first)
        return self._reader.read(self._reader.rows_above(self._scrollback_limit) + first, count) if count > 0 else []

    def sgr_history(self, first: int, count: int, *, is_continued: bool) -> Iterator[Row | SgrLines]:
        """The same as lines with SGR sequences."""
        self._frames.collect_damage()
        count = min(count, self.scrollback_rows - first)
        if count <= 0:
            return iter(())
        above = self._reader.rows_above(self._scrollback_limit)
        columns = self._size.columns
        return sgr_history(self._terminal, self._reader, above + first, count, columns, is_continued=is_continued)

    def mark_row(self, row: int) -> RowMark:
        """Mark a row of history."""
        return self._marks.mark(row)

    def prompts(self, first: int = 0, count: int | None = None, *, last_only: bool = False) -> list[Prompt]:
        """The prompts in some rows."""
        return self._prompts.prompts(first, count, self.scrollback_rows + self._size.rows, last_only=last_only)

    def mark_turn(self) -> None:
        """Mark the beginning of an agent's turn."""
        self._prompts.mark(TURN)

    def frame(self) -> Frame:
        """The changes to paint."""
        kept = self.scrollback_rows
        return self._frames.frame(self._size, kept, hides_rows=kept == self._scrollback_limit)

    def damage_all(self) -> None:
        """Make the next frame a full one."""
        self._frames.full = True

    # -- scrolling back

    def scroll(self, rows: int) -> None:
        """Move the viewport."""
        scrollbar = self._scrollbar()
        bottom = int(scrollbar.total - scrollbar.len)
        back = min(max(bottom - int(scrollbar.offset) - rows, 0), self.scrollback_rows)
        if back == 0:
            self.scroll_to_bottom()
        else:
            scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, bottom - back)

    def scroll_to_bottom(self) -> None:
        """Scroll to the active screen."""
        scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM)

    # -- selecting

    def select(
        self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, *, rectangle: bool = False
    ) -> None:
        """Select from ``anchor`` to ``head``."""
        self._selector.select(self._clamp(anchor, unit), self._clamp(head, unit), unit, rectangle)

    def select_word(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Select cells as one word."""
        self._selector.select_word(self._clamp(first), self._clamp(last))

    def extend_selection(self, head: tuple[int, int], last: tuple[int, int] | None = None) -> None:
        """Move the selection's head."""
        self._selector.extend(self._clamp(head, self._selector.unit), None if last is None else self._clamp(last))

    def select_all(self) -> None:
        """Select the history and the screen."""
        total = int(self._total_rows())
        shown = self.scrollback_rows + self._size.rows
        self._selector.select_all(total - shown, self._size.columns, total)

    def clear_selection(self) -> None:
        """Clear the selection."""
        self._selector.clear()

    def selected_text(self) -> str:
        """The selected text."""
        return self._selector.text()

    def _clamp(self, point: tuple[int, int], unit: SelectionUnit = "cell") -> tuple[int, int]:
        column, row = point
        last = self._size.columns - (unit != "edge")
        return min(max(column, 0), last), min(max(row, 0), self._size.rows - 1)

    # -- saving the state

    def snapshot(self) -> bytes:
        """The complete state, in the library's binary form, with the images."""
        self._stream.history.trim(self._reader.history_rows())
        images = self._images.encode()
        state = self._parts().state(self._cell, self._scrollback_limit, len(images))
        return self._without_overlong_sequence(lambda: ghostty_snapshot.encode_snapshot(self._terminal, state, images))

    def _parts(self) -> ghostty_snapshot.StatefulParts:
        return ghostty_snapshot.StatefulParts(self._effects, self._stream, self._prompts, self._images)

    def replay(self, *, history: bool = True) -> bytes:
        """Bytes that rebuild the state in any engine."""
        self._frames.collect_damage()
        images = self._images.replayed() if history else NO_IMAGES
        parts = self._prompts.saved(), self._prompts.kept_rows, images, self._stream
        return self._without_overlong_sequence(lambda: replay(self, self._terminal, *parts, has_history=history))

    def _without_overlong_sequence(self, save: Callable[[], bytes]) -> bytes:
        """Save the state; without the unfinished sequence if that is longer than CONTINUATION_BYTES.

        No sequence that long is useful. Terminal and copy both swallow the rest, so that both continue in the same way.
        """
        try:
            return save()
        except EngineFailure:
            self._stream.write(_DISCARD_SEQUENCE)
            return save()


def _screen(frames: FrameBuilder, reader: GridReader, rows: int, *, keeps_marks: bool = False) -> list[Row]:
    """The active screen of so many rows."""
    frames.collect_damage()
    return reader.read(reader.history_rows(), rows, keeps_marks=keeps_marks)


def _free(parts: tuple[Any, ...], terminal: Any, _handle: Any) -> None:
    """Free a terminal after the objects that refer to it; the handle of its effects is no longer needed."""
    for part in parts:
        part.close()
    lib.ghostty_terminal_free(terminal)
