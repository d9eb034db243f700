"""Cleans untrusted text that is shown outside the terminal grid.

Such text must not mislead the reader: control characters would control the terminal that shows them, and embeddings,
overrides and isolates of the bidirectional algorithm (UAX #9) would show the text, or adjacent text, in another order.
Joiners and marks stay: emoji and right-to-left scripts need them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ORDER = "\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]")
_CONTROLS_BUT_LINES: Final = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]")
_LEFT_TO_RIGHT_MARK: Final = "\u200e"
_JOINERS_AND_MARKS: Final = frozenset(f"\u200c\u200d\u200f{_LEFT_TO_RIGHT_MARK}")
MAX_NAME_CHARACTERS: Final = 200
_RUNS: Final = re.compile(f"{_CONTROLS.pattern}+")
_CONVERSATION: Final = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_BY_USER: Final = {"stop": "stopped by you", "kill": "killed by you"}
_ESCAPES: Final = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[\[?][0-9;:?]*[ -/]*[@-~]|\x1b[()#][0-9A-Za-z]|\x1b[=>78cDEHMNOZ]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)
_IN_CLIPBOARD: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


def plain(text: str, limit: int, *, keep_lines: bool = False) -> str:
    """Truncate ``text`` and remove control, bidi and invisible characters.

    ``keep_lines`` keeps line feeds and tabs.
    """
    return (_CONTROLS_BUT_LINES if keep_lines else _CONTROLS).sub("", text)[:limit]


def one_line(text: str) -> str:
    """The text in one line, with a blank in place of each run of misleading characters."""
    return _RUNS.sub(" ", text)


def is_name(text: str) -> bool:
    """Whether a text may be a chat's name: at most 200 printable characters, joiners and marks; one is visible."""
    return len(text) <= MAX_NAME_CHARACTERS and _is_visible(text) and all(map(_may_be_in_name, text))


def as_name(text: str) -> str:
    """The chat's name in a text of the user, without the characters that a name may not have; "" if none is left."""
    words = ("".join(filter(_may_be_in_name, word)) for word in one_line(text).split())
    name = " ".join(filter(None, words))[:MAX_NAME_CHARACTERS].strip()
    return name if _is_visible(name) else ""


def _may_be_in_name(character: str) -> bool:
    return character.isprintable() or character in _JOINERS_AND_MARKS


def _is_visible(text: str) -> bool:
    return any(character.isprintable() and character != " " for character in text)


def without_escapes(text: str) -> str:
    """The text without escape sequences and control characters; a line that is written over keeps its last form."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))


def place_last(text: str) -> str:
    """Move the path at the beginning of a line, ``/a/b: is full``, to its end, where it may be cut."""
    location, colon, what = text.partition(": ")
    return f"{what} ({location})" if colon and what and location.startswith("/") else text


def last_command(exit_code: int | None) -> str:
    """The end of a shell's last command in words; "" if unknown."""
    if exit_code is None:
        return ""
    return f"last command ended with {exit_code}" if exit_code else "last command succeeded"


def ended_by_user(request: str | None) -> str:
    """The end of a program by the user's request (``end_request``), in words; "" without a request."""
    return _BY_USER.get(request or "", "")


def for_clipboard(text: str, limit: int) -> str:
    """At most ``limit`` characters of a text for a clipboard, without control characters; bidi characters stay."""
    return _IN_CLIPBOARD.sub("", text)[:limit]


def escaped(json: str) -> str:
    """JSON for a terminal: misleading characters in strings become their ``\\u`` escapes, which mean the same.

    Line feeds, which are only between JSON's values, stay.
    """
    return _CONTROLS_BUT_LINES.sub(lambda match: f"\\u{ord(match.group()):04x}", json)


def is_conversation(text: str) -> bool:
    """Whether an agent's conversation id may be in an argv: it cannot be mistaken for an option or a path."""
    return _CONVERSATION.fullmatch(text) is not None


def before_more(text: str) -> str:
    """A text that others follow in a line: digits after a right-to-left name would be drawn before it (UAX #9, W2)."""
    if text.isascii():
        return text
    directions = (unicodedata.bidirectional(character) for character in reversed(text))
    last = next((direction for direction in directions if direction in {"L", "R", "AL"}), "L")
    return text if last == "L" else text + _LEFT_TO_RIGHT_MARK
