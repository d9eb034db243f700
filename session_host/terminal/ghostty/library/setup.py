"""Creates a terminal of the library with Outlive's options."""

from __future__ import annotations

from typing import Any, Final

from session_host.protocol.values import CellSize, GridSize

from .calls import check, ffi, lib, set_option

CONTINUATION_BYTES: Final = 1024 * 1024
"""A longer unfinished sequence cannot be part of a snapshot, see ``snapshot``."""


def new_terminal(size: GridSize, cell: CellSize) -> Any:
    """Create a terminal, which the caller frees.

    Raises:
        EngineFailure: there is no memory for the terminal.
    """
    slot = ffi.new("GhosttyTerminal*")
    check(lib.ghostty_terminal_new(ffi.NULL, slot, size.columns, size.rows), "making a terminal")
    terminal = slot[0]
    lib.ghostty_terminal_resize(terminal, size.columns, size.rows, cell.width_px, cell.height_px)
    set_option(terminal, "CONTINUATION_MAX_BYTES", "size_t", CONTINUATION_BYTES)
    # Agents treat an emoji with its selectors and joiners as one cluster.
    set_option(terminal, "MODE_DEFAULT", "GhosttyTerminalModeConfig", {"mode": 2027, "value": True})
    set_option(terminal, "DEFAULT_CURSOR_BLINK", "bool", True)
    return terminal


def set_options(terminal: Any) -> None:
    """Set options that a snapshot lacks, on a new or a restored terminal."""
    set_option(terminal, "KITTY_IMAGE_STORAGE_LIMIT", "uint64_t", 0)  # images are not drawn: report so
    set_option(terminal, "GLYPH_PROTOCOL", "bool", False)
    set_option(terminal, "APC_MAX_BYTES", "size_t", 64 * 1024)
    set_option(terminal, "CLIPBOARD_WRITE_MAX_BYTES", "size_t", 1024 * 1024)
    set_option(terminal, "TERMINFO_NAME", "GhosttyString", b"xterm-256color")
    set_option(terminal, "TITLE_REPORT", "bool", False)  # programs would read a reported title as typed text
