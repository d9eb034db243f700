"""One line of text: cleaned of control characters, wrapped to columns. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from session_host.protocol.untrusted_text import escaped, plain

LineStyle = Literal["", "prompt", "heading", "code", "dim", "added", "removed", "failed", "asking"]

_TAB_COLUMNS: Final = 8
_NO_LIMIT: Final = 1 << 30
_MS_PER_S: Final = 1000
_SEQUENCES: Final = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-~])")
"""Escape sequences in a tool's output."""

_MARGIN: Final = re.compile("[ │]*(?:[>?—∴○✓✗◐■⊘▸·-] )?")


class TextLine(NamedTuple):
    """One line, and its style."""

    text: str
    style: LineStyle = ""


def without_sequences(text: str) -> str:
    """A text without escape sequences."""
    return _SEQUENCES.sub("", text)


def clean_lines(text: str) -> list[str]:
    """The lines of an agent's text, without control characters and blank lines at the end.

    If a line was overwritten from its start, as by a progress bar, only its last state is returned.
    """
    if not text.strip():
        return []
    lines = without_sequences(text).rstrip().split("\n")
    last = (line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return [plain(line.expandtabs(_TAB_COLUMNS), _NO_LIMIT).rstrip() for line in last]


def exact_lines(text: str) -> list[str]:
    """The lines of a text that the user approves: complete, with escapes in place of misleading characters."""
    return [line.expandtabs(_TAB_COLUMNS) for line in escaped(text).removesuffix("\n").split("\n")] if text else []


def wrapped(line: TextLine, width: int) -> list[TextLine]:
    """Wrap a line to a width in columns; further lines keep its margin. 0 does not wrap."""
    text = line.text
    if not width or (len(text) <= width and text.isascii()):
        return [line]
    import wcwidth  # whole lines do not need it

    if wcwidth.width(text) <= width:
        return [line]
    begin = _MARGIN.match(text)
    assert begin is not None  # the pattern fits an empty text, too
    margin = "".join(character if character == "│" else " " for character in begin.group())
    margin = margin if len(margin) <= width // 2 else ""
    keeps_blanks = line.style in {"code", "added", "removed"}
    parts = wcwidth.wrap(
        text, width, subsequent_indent=margin, replace_whitespace=False, drop_whitespace=not keeps_blanks
    )
    return [TextLine(part.rstrip(), line.style) for part in parts]


def duration(length_ms: int) -> str:
    """A length of time: ``3.2 s``, ``2 min 5 s``."""
    seconds = max(0, length_ms) / _MS_PER_S
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(length_bytes: int) -> str:
    """A number of bytes: ``12 kB``."""
    return f"{length_bytes} bytes" if length_bytes < 1000 else f"{length_bytes / 1000:,.0f} kB"
