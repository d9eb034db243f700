"""Checks that an agent shows typed text; an agent that is not ready drops it silently.

Agents fold a long paste or one of many lines, and some take the first character of a text as a command. So only short
lines are searched for, by their first letters and digits. A position counts only if the text was not there before,
since the history above may contain the same text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from session_host.protocol.messages import Send
from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row, row_text

MAX_CHARACTERS = 100
"""opencode folds a paste of more than 150 characters, others later."""

MIN_COLUMNS, MIN_ROWS = 40, 12
"""The smallest terminal that is searched: in a smaller one, an agent may break or hide the line."""

LOOKED_FOR_CHARACTERS = 16
MIN_LOOKED_FOR_CHARACTERS = 3
"""Fewer characters would be found anywhere on a screen."""

_BEGINNING = re.compile(r"[^\W_].*", re.DOTALL)

Positions = frozenset[tuple[int, int]]
"""Places of a text: the row, and the number of non-blank characters before the text in that row."""


def expected_echo(request: Send) -> str:
    """The part of a text to search for on the screen; "" if the text need not be shown unchanged.

    A text with keys may disappear at once; a text with control characters is a command. If a question is open, it may
    drop the text.
    """
    text = request.text
    if request.keys or request.anyway or len(text) > MAX_CHARACTERS or not text.isprintable():
        return ""
    beginning = _BEGINNING.search(text)
    part = _without_blanks(beginning.group())[:LOOKED_FOR_CHARACTERS] if beginning is not None else ""
    # A character that combines with others may be shown as another one.
    plain = not any(unicodedata.combining(each) or unicodedata.category(each) == "So" for each in part)
    return part if plain and len(part) >= MIN_LOOKED_FOR_CHARACTERS else ""


def positions(emulator: Emulator, part: str) -> Positions | None:
    """The positions of a text's part on the screen; None if the screen is too small to tell."""
    size = emulator.size
    is_small = size.columns < MIN_COLUMNS or size.rows < MIN_ROWS
    return None if is_small else _positions(emulator.rows(), part)


def _positions(rows: Iterable[Row], part: str) -> Positions:
    found = set()
    for number, row in enumerate(rows):
        text = _without_blanks(row_text(row))
        at = text.find(part)
        while at >= 0:
            found.add((number, at))
            at = text.find(part, at + 1)
    return frozenset(found)


def _without_blanks(text: str) -> str:
    return "".join(text.split())
