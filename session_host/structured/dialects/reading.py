"""Fields of a message that may be missing, or of another type than expected. Pure."""

from __future__ import annotations

from typing import Any


def text(value: Any, *path: str | int) -> str:
    """The text at a path of keys and indexes; "" if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def integer(value: Any, *path: str | int, default: int = 0) -> int:
    """The integer at a path."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


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
