"""Messages, and fields of a message that may be missing or of another type than expected, as values. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import msgspec

from session_host.protocol.values import Image
from session_host.structured.items import PlanEntry

_MAX_INTEGER = 2**63 - 1
"""The largest integer that msgpack takes, with either sign."""


def message(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line; None if it is not one.

    Invalid UTF-8 becomes replacement characters, and so do lone surrogates: JavaScript programs write them when they
    cut a text within a character.
    """
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            lenient = json.dumps(json.loads(line.decode(errors="replace")), ensure_ascii=False)
            value = msgspec.json.decode(lenient.encode(errors="replace"))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def text(value: Any, *path: str | int) -> str:
    """The text at a path of keys and indexes; "" if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def integer(value: Any, *path: str | int, default: int = 0) -> int:
    """The integer at a path; the default if there is none, or if it has more than 64 bits."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) <= _MAX_INTEGER else default


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
