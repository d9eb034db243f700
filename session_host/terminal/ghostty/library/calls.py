"""The basic calls of libghostty-vt that the engine uses; the only file that knows pyghostty.

With the pyghostty version of ``tables``, this module opens the shared library and runs none of pyghostty's Python code:
see ``declarations`` for the reason. With another version, it uses pyghostty's own binding. Handles and structures are
cffi objects and therefore ``Any``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.engines import package_directory, package_version

from . import tables
from .declarations import TWINS

_SUFFIX: Final = {"darwin": "dylib", "win32": "dll"}


def _library_path() -> Path | None:
    """The shared library in the installed pyghostty, None if it is not at the known path."""
    chosen = os.environ.get("PYGHOSTTY_LIB")
    if chosen:
        return Path(chosen)
    package = package_directory("pyghostty")
    if package is None:
        return None
    name = f"libghostty-vt.{_SUFFIX.get(sys.platform, 'so')}"
    path = package / "_lib" / name
    return path if path.is_file() else None


def _load() -> tuple[Any, Any]:
    path = _library_path()
    if path is not None and package_version("pyghostty") == tables.PYGHOSTTY_VERSION:
        ffi = tables.ffi
        return ffi, ffi.dlopen(str(path))
    from pyghostty import _ffi as own

    own.ffi.cdef(TWINS)
    return own.ffi, own.lib


_loaded = _load()
ffi: Final[Any] = _loaded[0]
lib: Final[Any] = _loaded[1]


def by_value(name: str, signature: str) -> Any:
    """The function ``name`` with a signature that has twins in place of unions."""
    return ffi.cast(signature, ffi.addressof(lib, name))


class EngineFailure(OutliveError):
    """libghostty-vt refused a call that should not fail (no memory, a damaged snapshot)."""


def check(result: int, what: str) -> None:
    """Raise EngineFailure unless ``result`` is success."""
    if result:
        raise EngineFailure(f"libghostty-vt: {what} failed with code {result}")


def new_object(kind: str, create: Any, free: Any) -> Any:
    """Create an object of the library; ``ffi.release`` or the garbage collector frees it.

    Raises:
        EngineFailure: there is no memory for the object.
    """
    slot = ffi.new(kind)
    check(create(ffi.NULL, slot), kind)
    return ffi.gc(slot[0], free)


_grid_ref: Final[Any] = by_value(
    "ghostty_terminal_grid_ref", "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)"
)
_grid_ref_track: Final[Any] = by_value(
    "ghostty_terminal_grid_ref_track", "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)"
)
_scroll_viewport: Final[Any] = by_value("ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, OutliveScroll)")


def sized(name: str) -> Any:
    """Create a structure with its ``size`` fields, nested ones too, as the library requires."""
    pointer = ffi.new(f"{name}*")
    _fill_sizes(pointer[0], ffi.typeof(name))
    return pointer


def _fill_sizes(structure: Any, kind: Any) -> None:
    for name, field in kind.fields:
        if name == "size":
            structure.size = ffi.sizeof(kind)
        elif field.type.kind == "struct":
            _fill_sizes(getattr(structure, name), field.type)


def text_of(string: Any) -> bytes:
    """The bytes of a GhosttyString, copied from borrowed memory."""
    return bytes(ffi.buffer(string.ptr, string.len)) if string.len else b""


def point(tag: int, column: int, row: int) -> Any:
    """A point to pass by value."""
    value = ffi.new("GhosttyPointS*")
    value.tag = tag
    value.value.x = column
    value.value.y = row
    return value


def grid_ref(terminal: Any, tag: int, column: int, row: int) -> Any | None:
    """A reference to a cell, valid until the terminal changes; None outside of the grid."""
    reference = sized("GhosttyGridRef")
    if _grid_ref(terminal, point(tag, column, row)[0], reference):
        return None
    return reference


def track(terminal: Any, tag: int, column: int, row: int) -> Any | None:
    """A reference which follows its content and must be freed; None outside of the grid."""
    reference = ffi.new("GhosttyTrackedGridRef*")
    if _grid_ref_track(terminal, point(tag, column, row)[0], reference):
        return None
    return ffi.gc(reference[0], lib.ghostty_tracked_grid_ref_free)


def scroll_viewport(terminal: Any, tag: int, number: int = 0) -> None:
    """Move the viewport: ``tag`` gives the meaning of ``number``."""
    behavior = ffi.new("OutliveScroll*")
    behavior.tag = tag
    behavior.value.number = number
    _scroll_viewport(terminal, behavior[0])


class Getter:
    """Reads one value of a terminal into memory that is reused."""

    def __init__(self, terminal: Any, key: str, kind: str) -> None:
        self._terminal = terminal
        self._key = getattr(lib, f"GHOSTTY_TERMINAL_DATA_{key}")
        self._out = ffi.new(f"{kind}*")
        self._get = lib.ghostty_terminal_get

    def __call__(self) -> Any:
        """The value; for a structure, the reused memory, which the next call overwrites."""
        self._get(self._terminal, self._key, self._out)
        return self._out[0]


def set_option(terminal: Any, name: str, kind: str | None, value: Any = None) -> None:
    """Set a terminal option; ``kind`` None passes ``value`` itself (a callback, or NULL for None)."""
    option = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{name}")
    if kind is None:
        pointer = ffi.NULL if value is None else value
    elif kind == "GhosttyString":
        data = ffi.new("uint8_t[]", value)
        pointer = ffi.new("GhosttyString*", {"ptr": data, "len": len(value)})
    else:
        pointer = ffi.new(f"{kind}*", value)
    check(lib.ghostty_terminal_set(terminal, option, pointer), f"setting {name}")


def rgb(color: int) -> dict[str, int]:
    """A colour of 0xRRGGBB as the library's structure."""
    return {"r": color >> 16 & 0xFF, "g": color >> 8 & 0xFF, "b": color & 0xFF}


def set_default_palette(terminal: Any, colors: Sequence[int]) -> None:
    """Set the first colours of the palette where the program has set none; the others are the library's."""
    set_option(terminal, "COLOR_PALETTE", None)
    if colors:
        palette = ffi.new("GhosttyColorRgb[256]")
        lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_COLOR_PALETTE_DEFAULT, palette)
        for index, color in enumerate(colors[:16]):
            palette[index] = rgb(color)
        set_option(terminal, "COLOR_PALETTE", None, palette)


def mode(terminal: Any, number: int, ansi: bool = False) -> bool:
    """Whether a mode is set; a DEC private mode unless ``ansi``."""
    config = ffi.new("GhosttyTerminalModeConfig*")
    config.mode = number | (0x8000 if ansi else 0)
    lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_MODE, config)
    return bool(config.value)


def allocated(call: Any, *subject: Any) -> bytes:
    """The bytes that a call allocates in the library; b"" if it fails."""
    memory, length = ffi.new("uint8_t**"), ffi.new("size_t*")
    if call(subject[0], ffi.NULL, *subject[1:], memory, length):
        return b""
    try:
        return bytes(ffi.buffer(memory[0], length[0])) if length[0] else b""
    finally:
        lib.ghostty_free(ffi.NULL, memory[0], length[0])


def formatted_extras(terminal: Any, **wanted: bool) -> bytes:
    """The sequences that rebuild parts of a terminal's state, without the text of the first cell."""
    options = sized("GhosttyFormatterTerminalOptions")
    options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
    for name, value in wanted.items():
        setattr(options.extra.screen if hasattr(options.extra.screen, name) else options.extra, name, value)
    selection = sized("GhosttySelection")
    corner = grid_ref(terminal, lib.GHOSTTY_POINT_TAG_ACTIVE, 0, 0)
    if corner is None:
        return b""
    selection.start = selection.end = corner[0]
    options.selection = selection
    formatter = ffi.new("GhosttyFormatter*")
    if lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, terminal, options[0]):
        return b""
    try:
        return allocated(lib.ghostty_formatter_format_alloc, formatter[0])
    finally:
        lib.ghostty_formatter_free(formatter[0])


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
