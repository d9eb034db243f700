"""The pyte engine: the Emulator protocol over a ``Screen``.

The engine's output path: bytes → ``parser`` (sequences) → ``screen``, ``osc_commands`` and ``reports`` → ``frame``
here, which asks ``view`` for the visible rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyte import modes as mo

from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Cursor, DefaultColors, EngineName, Frame, Modes, SelectionUnit
from session_host.terminal.commands import CommandLog
from session_host.terminal.engines import engine_build
from session_host.terminal.events import TerminalEvent
from session_host.terminal.left_modes import CommandModes, TerminalModes
from session_host.terminal.prompts import Prompt, RowMark
from session_host.terminal.rows import DEFAULT_COLOR, Row
from session_host.terminal.sgr_lines import SgrLines

from . import reflow, snapshot
from . import replay as pyte_replay
from .osc_commands import PALETTE
from .parser import OutliveStream
from .reports import Reports
from .screen import MOUSE_ENCODING, MOUSE_TRACKING, Screen
from .view import View


class PyteEmulator:
    """An Emulator in pure Python; see ``base.Emulator`` for its members."""

    def __init__(
        self,
        size: GridSize,
        *,
        cell: CellSize | None = None,
        scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
        colors: DefaultColors | None = None,
    ) -> None:
        screen = Screen(size, max(scrollback_lines, 0), cell or CellSize(), colors or DefaultColors())
        self._set_screen(screen, OutliveStream(screen))

    def _set_screen(self, screen: Screen, stream: OutliveStream) -> None:
        self._screen = screen
        self._stream = stream
        # Commands are not numbered, and no modes are theirs: the engine has no marks of them.
        self.commands = CommandLog()
        self.command_modes = CommandModes(TerminalModes)
        self._view = View(screen)
        self._full = True
        self._painted: object = None

    @classmethod
    def restore(cls, data: bytes, scrollback_lines: int = 0) -> PyteEmulator:
        """Restore an emulator from its ``snapshot``; ``scrollback_lines`` may raise the limit of its history.

        Raises:
            OutliveError: the bytes are not a snapshot of this build.
        """
        screen, stream = snapshot.load(data, scrollback_lines)
        emulator = cls(GridSize(screen.columns, screen.lines), scrollback_lines=0)
        emulator._set_screen(screen, stream)
        return emulator

    # -- properties

    @property
    def engine(self) -> EngineName:
        return "pyte"

    @property
    def build(self) -> str:
        return engine_build("pyte")

    @property
    def size(self) -> GridSize:
        return GridSize(self._screen.columns, self._screen.lines)

    @property
    def cell(self) -> CellSize:
        return self._screen.cell

    @property
    def scrollback_limit(self) -> int:
        return self._screen.history.limit

    @property
    def scrollback_rows(self) -> int:
        return self._screen.shown_rows

    @property
    def title(self) -> str:
        return self._screen.title

    @property
    def directory(self) -> str:
        return self._screen.directory

    @property
    def cursor(self) -> Cursor:
        screen = self._screen
        at = screen.cursor
        return Cursor(at.x, at.y, not at.hidden, screen.cursor_shape, screen.cursor_blinking)

    @property
    def modes(self) -> Modes:
        screen = self._screen
        return Modes(
            application_cursor=screen.has_mode(1),
            application_keypad=screen.has_mode(66),
            bracketed_paste=screen.has_mode(2004),
            focus_events=screen.has_mode(1004),
            alternate_screen=screen.on_alternate,
            alternate_scroll=screen.has_mode(1007),
            mouse=MOUSE_TRACKING.get(screen.mouse, "none"),
            mouse_encoding=MOUSE_ENCODING.get(screen.mouse_encoding, "default"),
            reverse_screen=mo.DECSCNM in screen.mode,
            synchronized=screen.has_mode(2026),
        )

    # -- input

    def feed(self, data: bytes) -> None:
        self._stream.feed(data)

    def is_ground(self) -> bool:
        return not self._stream.unfinished

    def resize(self, size: GridSize, cell: CellSize) -> None:
        screen = self._screen
        changed = size != self.size or cell != screen.cell
        screen.cell = cell
        if size != self.size:
            is_rewrapped = size.columns != screen.columns
            reflow.resize_screen(screen, size.columns, size.rows)
            self._view.resized(is_rewrapped=is_rewrapped)
            self._full = True
        if changed:
            screen.report_in_band_size()

    def take_replies(self) -> bytes:
        replies = bytes(self._screen.replies)
        self._screen.replies.clear()
        return replies

    def take_events(self) -> list[TerminalEvent]:
        events = list(self._screen.events)
        self._screen.events.clear()
        return events

    def set_default_colors(self, colors: DefaultColors) -> None:
        screen = self._screen
        changed = screen.defaults.dark != colors.dark
        screen.defaults = colors
        if changed and screen.has_mode(2031):
            Reports(screen).report_color_scheme()

    @property
    def colors(self) -> DefaultColors:
        defaults = self._screen.defaults
        return defaults._replace(palette=(defaults.palette + PALETTE[len(defaults.palette) :])[:16])

    def limit_images(self, max_bytes: int) -> None:
        """Do nothing: the engine has no images."""

    def identify(self, version: str) -> None:
        self._screen.version = version

    # -- reading

    def rows(self) -> list[Row]:
        top = self._screen.top_line
        return self._view.rows(list(range(top, top + self._screen.lines)))

    def history(self, first: int, count: int) -> list[Row]:
        rows = self.scrollback_rows
        start = max(first, 0)
        end = min(max(first + count, start), rows)
        oldest = self._screen.first_line
        return self._view.rows(list(range(oldest + start, oldest + end)))

    def sgr_history(self, first: int, count: int, *, is_continued: bool) -> Iterator[Row | SgrLines]:  # noqa: ARG002
        yield from self.history(first, count)

    def mark_row(self, row: int) -> RowMark:
        return self._view.mark(row)

    def prompts(self, first: int = 0, count: int | None = None, *, last_only: bool = False) -> list[Prompt]:  # noqa: ARG002
        return []

    def mark_turn(self) -> None:
        """Do nothing: the engine has no marks of prompts."""

    def frame(self) -> Frame:
        screen, view = self._screen, self._view
        lines = screen.lines
        top, offset = view.top, view.offset
        painted = (screen.switches, top if offset else None, view.span())
        full = self._full or screen.all_dirty or painted != self._painted
        damaged = sorted(row + offset for row in screen.dirty)
        wanted = [row for row in (range(lines) if full else damaged) if row < lines]
        rows = dict(zip(wanted, view.rows([top + row for row in wanted]), strict=True))
        screen.dirty.clear()
        screen.all_dirty = self._full = False
        self._painted = painted
        cursor = self.cursor
        return Frame(
            size=self.size,
            full=full,
            rows=rows,
            cursor=cursor._replace(row=cursor.row + offset) if cursor.row + offset < lines else None,
            scrollback_rows=self.scrollback_rows,
            scroll_offset=offset,
            foreground=DEFAULT_COLOR,
            background=DEFAULT_COLOR,
            palette={},
        )

    def damage_all(self) -> None:
        self._full = True

    # -- scrolling back and selecting

    def scroll(self, rows: int) -> None:
        self._view.scroll(rows)

    def scroll_to_bottom(self) -> None:
        self._view.scroll_to_bottom()

    def select(
        self, anchor: tuple[int, int], head: tuple[int, int], unit: SelectionUnit, *, rectangle: bool = False
    ) -> None:
        self._view.select(anchor, head, unit, rectangle=rectangle)

    def select_word(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        self._view.select_word(first, last)

    def extend_selection(self, head: tuple[int, int], last: tuple[int, int] | None = None) -> None:
        self._view.extend(head, last)

    def select_all(self) -> None:
        self._view.select_all()

    def clear_selection(self) -> None:
        self._view.clear()

    def selected_text(self) -> str:
        return self._view.selected_text()

    # -- saving the state

    def snapshot(self) -> bytes:
        return snapshot.save(self._screen, self._stream)

    def replay(self, *, history: bool = True) -> bytes:
        return pyte_replay.replay(self._screen, self._stream, has_history=history)

    def close(self) -> None:
        self._screen.history.clear()
