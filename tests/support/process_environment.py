"""The environment that C libraries see, which Python's ``os.environ`` does not follow."""

from __future__ import annotations

import ctypes

_C = ctypes.CDLL(None)
_C.getenv.restype = ctypes.c_char_p


def c_variable(name: str) -> str | None:
    """The value of a variable as ``getenv(3)`` returns it; None if it is not set."""
    value: bytes | None = _C.getenv(name.encode())
    return None if value is None else value.decode()
