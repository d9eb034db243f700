"""Frames: the changed rows, the cursor and the colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from session_host.protocol.values import GridSize
from session_host.terminal.base import Cursor, CursorShape, Frame
from session_host.terminal.images.graphics import Graphics
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Color, Row

from .cells import RenderState, RowReader, without_marks
from .library.calls import Getter, ffi, lib, mode, scroll_viewport, sized

_REVERSE_MODE = 5
_SHAPES: Final = {
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_BAR: CursorShape.BAR,
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_UNDERLINE: CursorShape.UNDERLINE,
}


class ProgramColors:
    """The colours of a terminal: those that its program set to other values than the defaults, and the palette."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._palettes = ffi.new("GhosttyColorRgb[512]")
        self._rgb = ffi.new("GhosttyColorRgb[2]")

    def dynamic(self, name: str) -> Color:
        """``foreground``, ``background`` or ``cursor``."""
        get, rgb = lib.ghostty_terminal_get, self._rgb
        key = f"GHOSTTY_TERMINAL_DATA_COLOR_{name.upper()}"
        get(self._terminal, getattr(lib, key), rgb)
        get(self._terminal, getattr(lib, f"{key}_DEFAULT"), rgb + 1)
        now, default = rgb[0], rgb[1]
        if (now.r, now.g, now.b) == (default.r, default.g, default.b):
            return DEFAULT_COLOR
        return int(RGB | now.r << 16 | now.g << 8 | now.b)

    def palette(self) -> tuple[tuple[int, Color], ...]:
        """Pairs of index and colour."""
        get, palettes = lib.ghostty_terminal_get, self._palettes
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLOR_PALETTE, palettes)
        get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLOR_PALETTE_DEFAULT, palettes + 256)
        now, default = bytes(ffi.buffer(palettes, 768)), bytes(ffi.buffer(palettes + 256, 768))
        if now == default:
            return ()
        return tuple(
            (index // 3, RGB | int.from_bytes(now[index : index + 3], "big"))
            for index in range(0, 768, 3)
            if now[index : index + 3] != default[index : index + 3]
        )

    def sixteen(self) -> tuple[int, ...]:
        """The first colours of the palette as they are now, 0xRRGGBB."""
        lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_COLOR_PALETTE, self._palettes)
        data = bytes(ffi.buffer(self._palettes, 48))
        return tuple(int.from_bytes(data[at : at + 3], "big") for at in range(0, 48, 3))

    def as_set(self) -> Iterator[tuple[bytes, bytes]]:
        """All of them, as the parameters and the values of the sequences that set them (OSC 4, 10 to 12)."""
        for code, name in ((10, "foreground"), (11, "background"), (12, "cursor")):
            if (color := self.dynamic(name)) != DEFAULT_COLOR:
                yield b"%d" % code, b"#%06x" % (color & 0xFFFFFF)
        for index, color in self.palette():
            yield b"4;%d" % index, b"#%06x" % (color & 0xFFFFFF)


class _Look(NamedTuple):
    """Properties that each row depends on: if one differs, all rows are painted."""

    size: GridSize
    reverse: bool
    foreground: Color
    background: Color
    palette: tuple[tuple[int, Color], ...]


class FrameBuilder:
    """Builds the frames of one terminal.

    The library marks rows generously (the whole viewport when a line scrolls), so each row is compared with the last
    painted one, and only different rows go into a frame.
    """

    def __init__(self, terminal: Any, images: Graphics) -> None:
        self._terminal = terminal
        self._images = images
        self._reader: RowReader | None = None
        self._colors = ProgramColors(terminal)
        self._cursor = sized("GhosttyRenderStateCursor")
        self._visible = Getter(terminal, "CURSOR_VISIBLE", "bool")
        self._cursor_x = Getter(terminal, "CURSOR_X", "uint16_t")
        self._cursor_y = Getter(terminal, "CURSOR_Y", "uint16_t")
        self._scrollbar = Getter(terminal, "SCROLLBAR", "GhosttyTerminalScrollbar")
        self._painted: dict[int, Row] = {}
        self._painted_look: _Look | None = None
        self.full = True
        """Whether the next frame is a full one."""

    def close(self) -> None:
        """Free the library's objects."""
        if self._reader is not None:
            self._reader.state.close()

    def collect_damage(self) -> None:
        """Read the terminal's marks of change for the next frame, before another reader clears them."""
        if self._reader is not None:
            self._reader.state.update()

    def _update(self) -> RowReader:
        if self._reader is None:
            self._reader = RowReader(RenderState(self._terminal))
        self._reader.state.update()
        return self._reader

    def _leave_hidden_rows(self, scrollback_rows: int) -> None:
        """Scroll down to the oldest row that is not hidden, if the viewport is above it."""
        scrollbar = self._scrollbar()
        bottom = int(scrollbar.total - scrollbar.len)
        if bottom - int(scrollbar.offset) > scrollback_rows:
            scroll_viewport(self._terminal, lib.GHOSTTY_SCROLL_VIEWPORT_ROW, bottom - scrollback_rows)

    def frame(self, size: GridSize, scrollback_rows: int, *, hides_rows: bool) -> Frame:
        """The changes in the viewport; resets the damage. ``hides_rows``: there may be hidden rows above the others."""
        if hides_rows:
            self._leave_hidden_rows(scrollback_rows)
        reader = self._update()
        state = reader.state
        look = self._look(size)
        reader.forget_styles()
        full = self.full or look != self._painted_look
        if full:
            rows = dict(enumerate(reader.all_rows(size.rows, with_selection=True)))
            self._painted = dict(rows)
        elif state.is_clean():
            rows = {}
        else:
            rows = {y: row for y, row in reader.changed_rows().items() if self._painted.get(y) != row}
            self._painted.update(rows)
        if reader.has_marks:
            rows = {y: without_marks(row) for y, row in rows.items()}
        state.clean()
        self.full = False
        self._painted_look = look
        lib.ghostty_render_state_get(state.state, lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, self._cursor)
        shown, scrollbar = self._cursor, self._scrollbar()
        offset = min(int(scrollbar.total - scrollbar.len - scrollbar.offset), scrollback_rows)
        return Frame(
            size=size,
            full=full,
            rows=rows,
            cursor=self._cursor_at(shown.viewport_x, shown.viewport_y) if shown.viewport_has_value else None,
            scrollback_rows=scrollback_rows,
            scroll_offset=offset,
            foreground=look.foreground,
            background=look.background,
            palette=dict(look.palette),
            images=self._images.frame(scrollback_rows - offset, self._painted) if self._images.is_used else (),
        )

    def _look(self, size: GridSize) -> _Look:
        return _Look(
            size,
            mode(self._terminal, _REVERSE_MODE),
            self._colors.dynamic("foreground"),
            self._colors.dynamic("background"),
            self._colors.palette(),
        )

    def cursor(self) -> Cursor:
        """The cursor on the active screen; only a render state knows its shape."""
        state = self._update().state
        lib.ghostty_render_state_get(state.state, lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, self._cursor)
        return self._cursor_at(self._cursor_x(), self._cursor_y())

    def _cursor_at(self, column: int, row: int) -> Cursor:
        shape = _SHAPES.get(self._cursor.visual_style, CursorShape.BLOCK)
        visible, blinking = bool(self._visible()), bool(self._cursor.blinking)
        return Cursor(int(column), int(row), visible, shape, blinking, self._colors.dynamic("cursor"))
