"""The loaded libghostty-vt and its declared C interface; the only file that knows pyghostty.

With the pyghostty version of ``tables``, this module opens the shared library and runs none of pyghostty's Python code:
see ``declarations`` for the reason. With another version, it uses pyghostty's own binding.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from session_host.terminal.installed import package_directory, package_version

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
