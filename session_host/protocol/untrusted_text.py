"""Sanitize untrusted text that is shown outside the terminal grid.

Such text must not mislead the reader: control characters would drive the terminal that shows them, and
embeddings, overrides and isolates of the bidirectional algorithm (UAX #9) would show the text, or text
beside it, in another order. Joiners and marks stay:
emoji and right-to-left scripts need them.
"""

from __future__ import annotations

import re
from typing import Final

_ORDER = "\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]")
_CONTROLS_BUT_LINES: Final = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029{_ORDER}]")
_RUNS: Final = re.compile(f"{_CONTROLS.pattern}+")
_CONVERSATION: Final = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
_BY_USER: Final = {"stop": "stopped by you", "kill": "killed by you"}
_IN_CLIPBOARD: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


def plain(text: str, limit: int, *, keep_lines: bool = False) -> str:
    """Truncate ``text`` and remove control, bidi and invisible characters.

    ``keep_lines`` keeps line feeds and tabs.
    """
    return (_CONTROLS_BUT_LINES if keep_lines else _CONTROLS).sub("", text)[:limit]


def one_line(text: str) -> str:
    """The text in one line, a blank in the place of each run of characters that lead astray."""
    return _RUNS.sub(" ", text)


def place_last(text: str) -> str:
    """A line that begins with the path it is about, ``/a/b: is full``, with that at its end: it may be cut there."""
    place, colon, what = text.partition(": ")
    return f"{what} ({place})" if colon and what and place.startswith("/") else text


def last_command(exit_code: int | None) -> str:
    """How a shell's last command ended, in words; "" if that is not known."""
    if exit_code is None:
        return ""
    return f"last command ended with {exit_code}" if exit_code else "last command succeeded"


def ended_by_user(request: str | None) -> str:
    """How a program ended that the user asked to end (``end_request``), in words; "" if nobody asked."""
    return _BY_USER.get(request or "", "")


def for_clipboard(text: str, limit: int) -> str:
    """At most ``limit`` characters of what goes to a clipboard: without controls, in the order that was meant."""
    return _IN_CLIPBOARD.sub("", text)[:limit]


def escaped(json: str) -> str:
    """JSON whose strings hold none of them raw, for a terminal: each as its ``\\u`` escape, which means the same.

    Line feeds, which only stand between JSON's values, stay.
    """
    return _CONTROLS_BUT_LINES.sub(lambda match: f"\\u{ord(match.group()):04x}", json)


def is_conversation(text: str) -> bool:
    """Whether an agent's id of a conversation may be put into an argv: it can be taken for no option and no path."""
    return _CONVERSATION.fullmatch(text) is not None
