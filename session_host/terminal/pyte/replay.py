"""Escape sequences that rebuild the state in an emulator of any engine."""

from __future__ import annotations

from session_host.terminal.rows import PLAIN, Row
from session_host.terminal.text import cell_at, positioned_rows, scrolled_rows, style_change

from .cells import CellLine, unpack
from .parser import OutliveStream
from .screen import DEFAULT_MODES, MOUSE_ENCODING, MOUSE_TRACKING, SavedCursor, Screen

_PLAIN_PEN = "\x1b[0m\x1b]8;;\x1b\\\x1b(B\x1b)B\x0f"
_MOUSE = MOUSE_TRACKING.keys() | MOUSE_ENCODING.keys()
_NOT_SIMPLY_SET = frozenset({12, 47, 1047, 1048, 1049}) | _MOUSE
"""Private modes that are not simply set: they are set elsewhere, or have effects of their own."""


def replay(screen: Screen, stream: OutliveStream, *, has_history: bool) -> bytes:
    """Bytes that rebuild the state of ``screen`` and the unfinished input of ``stream``."""
    parts = [
        _primary(screen, has_history=has_history),
        *_tab_stops(screen),
        *_screens(screen),
        *_modes(screen),
        *_names(screen),
    ]
    first, second = screen.charsets
    at = screen.cursor
    cursor = SavedCursor(at.x, at.y, screen.pending_wrap, screen.style, screen.charset, (first, second))
    parts.append(_move_cursor(cursor, screen.grid))
    parts.extend(f"\x1b[{mode}h" for mode in sorted(code for code in screen.mode if code < 32))
    return "".join(parts).encode() + stream.unfinished


def _row(line: CellLine) -> Row:
    return Row(line.runs(), line.wrapped)


def _primary(screen: Screen, *, has_history: bool) -> str:
    """The history and the primary screen."""
    history = screen.history.rows if has_history else ()
    lines = [*(unpack(packed, screen.columns) for packed in history), *screen.primary]
    return scrolled_rows([*map(_row, lines)], screen.columns, {}, {})


def _tab_stops(screen: Screen) -> list[str]:
    if screen.tabstops == set(range(8, screen.columns, 8)):
        return []
    return ["\x1b[3g", *(f"\x1b[1;{stop + 1}H\x1bH" for stop in sorted(screen.tabstops))]


def _screens(screen: Screen) -> list[str]:
    """The margins, the saved cursors and the alternate screen."""
    has_margins = (screen.top, screen.bottom) != (0, screen.lines - 1)
    margins = f"\x1b[{screen.top + 1};{screen.bottom + 1}r" if has_margins else ""
    parts = [margins, _saved_cursor(screen, 0)]
    if not screen.on_alternate:
        return parts
    mode = next((mode for mode in (1049, 1047) if screen.has_mode(mode)), 47)
    # 1049 saves the cursor again, so it must be in its saved position.
    parts.append(f"\x1b8\x1b[?1049h{_PLAIN_PEN}" if mode == 1049 else f"\x1b[?{mode}h")
    parts.append(f"\x1b[r{positioned_rows([*map(_row, screen.grid)], screen.columns, {})}{margins}")
    return [*parts, _saved_cursor(screen, 1)]


def _saved_cursor(screen: Screen, which: int) -> str:
    """Save a screen's saved cursor, and reset the current one."""
    saved = screen.saved[which]
    if saved is None:
        return ""
    lines = screen.grid if bool(which) is screen.on_alternate else screen.other
    return f"{_move_cursor(saved, lines)}\x1b7{_PLAIN_PEN}"


def _move_cursor(saved: SavedCursor, lines: list[CellLine]) -> str:
    """Move the cursor, and set its style and character sets."""
    column, cell = saved.column, ""
    if saved.pending_wrap and saved.row < len(lines):
        # Only printing in the last column sets the pending wrap, so the cell there is printed again.
        column, cell = cell_at(_row(lines[saved.row]), column)
    charsets = "".join(f"\x1b{slot}{code}" for slot, code in zip("()", saved.charsets, strict=True) if code != "B")
    shift = "\x0e" if saved.charset else ""
    return f"\x1b[{saved.row + 1};{column + 1}H{cell}{style_change(PLAIN, saved.style)}{charsets}{shift}"


def _modes(screen: Screen) -> list[str]:
    """The modes; the last of the mouse modes wins."""
    numbers = {code >> 5 for code in screen.mode if code >= 32}
    mouse = sorted(numbers & _MOUSE, key=lambda mode: mode in {screen.mouse, screen.mouse_encoding})
    parts = [f"\x1b[?{mode}l" for mode in sorted({*DEFAULT_MODES} - numbers - _NOT_SIMPLY_SET)]
    parts += [f"\x1b[?{mode}h" for mode in (*sorted(numbers - _NOT_SIMPLY_SET), *mouse)]
    return [*parts, f"\x1b[{screen.cursor_style} q"]


def _names(screen: Screen) -> list[str]:
    """The program's titles and directory."""
    parts = [f"\x1b]2;{title}\x1b\\\x1b[22;0t" for title in screen.titles]
    if screen.directory:
        parts.append(f"\x1b]7;{screen.directory}\x1b\\")
    if screen.title or screen.titles:
        parts.append(f"\x1b]2;{screen.title}\x1b\\")
    return parts
