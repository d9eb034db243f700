"""Messages, and fields of a message that may be missing or of another type than expected, as values. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, Final

import msgspec

from session_host.protocol import untrusted_numbers
from session_host.protocol.values import Image
from session_host.structured.items import PlanEntry

_MAX_INTEGER = 2**63 - 1
"""The largest integer that msgpack takes, with either sign."""
_MOST_DIGITS: Final = 4300
"""Python reads no longer integer."""


def message(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line; None if it is not one.

    Invalid UTF-8 becomes replacement characters, and so do lone surrogates: JavaScript programs write them when they
    cut a text within a character. A number that is not finite, or has thousands of digits, becomes null.
    """
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            known = json.loads(
                line.decode(errors="replace"), parse_constant=_nothing, parse_float=_finite, parse_int=_readable
            )
            value = msgspec.json.decode(json.dumps(known, ensure_ascii=False).encode(errors="replace"))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _nothing(name: str) -> None:  # noqa: ARG001 - "NaN", or an infinity
    return None


def _finite(digits: str) -> float | None:
    return found if math.isfinite(found := float(digits)) else None


def _readable(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def text(value: Any, *path: str | int) -> str:
    """The text at a path of keys and indexes; "" if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def integer(value: Any, *path: str | int, default: int = 0) -> int:
    """The integer at a path; the default if there is none, or if it has more than 64 bits."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) <= _MAX_INTEGER else default


def natural(value: Any, *path: str | int) -> int:
    """The integer at a path that is not below 0; 0 if there is none."""
    return max(integer(value, *path), 0)


def number(value: Any, *path: str | int) -> float | None:
    """The number at a path; None if there is none, or if it has more than 64 bits before its point."""
    found = at(value, *path)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and abs(found) <= _MAX_INTEGER else None


def tokens(value: Any, *path: str | int) -> int | None:
    """The number of tokens at a path; 0 if it is not said, None if it is no possible one."""
    *place, name = path
    holder = mapping(value, *place)
    return untrusted_numbers.tokens(holder[name]) if name in holder else 0


def time_ms(value: Any, *path: str | int, unit_ms: int = 1) -> int:
    """The time at a path, in milliseconds since 1970; 0 if there is none, or no possible one.

    Args:
        value: the message.
        path: keys and indexes.
        unit_ms: the unit of the agent's number, in milliseconds.
    """
    return untrusted_numbers.time_ms(at(value, *path), unit_ms) or 0


def exit_code(value: Any, *path: str | int) -> int | None:
    """The exit code at a path; None if there is none."""
    return untrusted_numbers.exit_code(at(value, *path))


def small(value: Any) -> Any:
    """A value for a dialect's state: integers of more than 64 bits are left out."""
    if isinstance(value, dict):
        return {key: small(each) for key, each in value.items()}
    if isinstance(value, list):
        return [small(each) for each in value]
    return None if isinstance(value, int) and abs(value) > _MAX_INTEGER else value


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


def one_line(value: str, max_characters: int = 200) -> str:
    """A text as one line of limited length."""
    line = " ".join(value[: max_characters * 4].split())
    return line if len(line) <= max_characters else line[: max_characters - 1] + "…"


def error_words(words: str) -> str:
    """The message of an error, if the words are an error of the model's service as JSON; else the words themselves."""
    found = message(words.encode()) if words.lstrip().startswith("{") else None
    return text(found, "error", "message") or text(found, "message") or words


def relative_path(path: str, directory: str) -> str:
    """A path below a directory, relative to it; any other path as it is."""
    base = directory.rstrip("/") + "/"
    below = path.removeprefix(base)
    return path if base == "/" or below.startswith("/") else below


def image(mime: str, data: str) -> Image | None:
    """An image from its data in base64; None if it is empty or damaged."""
    try:
        return Image(mime, base64.b64decode(data, validate=True)) if data else None
    except (binascii.Error, ValueError):
        return None


def plan_entry(words: str, status: str) -> PlanEntry:
    """One step of a plan; an unknown status means that the step is pending."""
    match status:
        case "completed":
            return PlanEntry(words, "completed")
        case "in_progress" | "inProgress":
            return PlanEntry(words, "in_progress")
        case _:
            return PlanEntry(words)


def pretty(value: Any) -> str:
    """A value as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
