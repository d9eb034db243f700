"""Generates ``tables``: the C interface of libghostty-vt in a form that loads without a C parser.

pyghostty declares the interface as text, which cffi parses anew in each process: half a second and more
in every host, window and attach, for the text at first and then for each type that is named. cffi can
write the result of the parse down once (its "out-of-line ABI mode"); that loads in some milliseconds.

Run ``python -m session_host.terminal.ghostty.library.declarations`` after an update of pyghostty. A test fails
when the tables are not those of the installed one; the product then parses, as pyghostty does itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from session_host.terminal.installed import version_of

TWINS = """
typedef struct { intptr_t number; uint64_t _pad; } OutliveScrollValue;
typedef struct { GhosttyTerminalScrollViewportTag tag; OutliveScrollValue value; } OutliveScroll;
"""
"""cffi's ABI mode cannot pass a union by value. A structure of the same size and alignment travels in
the same place, so calls that take one are cast to a twin of their signature. pyghostty has one for
GhosttyPoint; this is one for GhosttyTerminalScrollViewport."""

_POINT_TWIN = """
typedef struct { uint16_t x; uint32_t y; uint64_t _pad; } GhosttyPointValueS;
typedef struct { GhosttyPointTag tag; GhosttyPointValueS value; } GhosttyPointS;
"""
"""pyghostty's own twin, which it declares in code and not in its text."""

_HEAD = '''"""The C interface of libghostty-vt. Made by declarations.py, see there; not to be edited."""
# ruff: noqa: E501
# fmt: off
# mypy: ignore-errors

'''
_MODULE = "session_host.terminal.ghostty.library.tables"
_TABLES = Path(__file__).with_name("tables.py")


def write_tables(path: Path) -> None:
    """Write the tables for the installed pyghostty to ``path``."""
    from cffi import FFI
    from pyghostty._cdef import CDEF

    ffi: Any = FFI()
    ffi.cdef(CDEF)
    ffi.cdef(_POINT_TWIN)
    ffi.cdef(TWINS)
    ffi.set_source(_MODULE, None)
    ffi.emit_python_code(str(path))
    text = path.read_text(encoding="utf-8").rstrip("\n")
    path.write_text(f"{_HEAD}{text}\n\nPYGHOSTTY_VERSION = {version_of('pyghostty')!r}\n", encoding="utf-8")


if __name__ == "__main__":
    write_tables(_TABLES)
