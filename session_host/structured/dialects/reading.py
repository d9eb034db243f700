"""Messages, and fields of a message that may be missing or of another type than expected. Pure."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_MOST = 2**63 - 1
"""The largest integer that msgpack takes, with either sign."""


def message(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line; None if it has none.

    Bytes that are no UTF-8, and halves of surrogate pairs, which programs in JavaScript write when they cut a text in
    the midst of a character, become replacement characters.
    """
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            lenient = json.dumps(json.loads(line.decode(errors="replace")), ensure_ascii=False)
            found = msgspec.json.decode(lenient.encode(errors="replace"))
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def text(value: Any, *path: str | int) -> str:
    """The text at a path of keys and indexes; "" if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def integer(value: Any, *path: str | int, default: int = 0) -> int:
    """The integer at a path; the default if there is none, or if it has more than 64 bits."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) <= _MOST else default


def mapping(value: Any, *path: str | int) -> dict[str, Any]:
    """The object at a path; {} if there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def array(value: Any, *path: str | int) -> list[Any]:
    """The array at a path; [] if there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def at(value: Any, *path: str | int) -> Any:
    """The value at a path of keys and indexes; None if there is none."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def one_line(value: str, most: int = 200) -> str:
    """A text as one line of limited length."""
    line = " ".join(value[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"
