"""Checks that an agent shows typed text; an agent that is not ready drops it silently.

Agents wrap a text in a box, scroll a long one to its end, or fold it into a label: ``[Pasted text #1 +11 lines]``, or
``[Image #1]`` for an image's path. So its last characters are searched for, across the ends of rows and without blanks
and borders, or else such a label. Agents and terminals may disagree about the widths of marks and emoji, so that other
characters are missing or stay beside them: in such a text, a part between two of them is enough. Some agents take the
first character of a text as a command. A position counts only if the text was not there before, since the history may
contain it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from session_host.protocol.messages import Send
from session_host.terminal.base import Emulator
from session_host.terminal.encode import has_controls
from session_host.terminal.rows import Row, row_text

MIN_COLUMNS, MIN_ROWS = 40, 12
"""The smallest terminal that is searched: in a smaller one, an agent may break or hide the line."""

LOOKED_FOR_CHARACTERS = 16
MIN_LOOKED_FOR_CHARACTERS = 3
"""Fewer characters would be found anywhere on a screen."""

_BEGINNING: Final = re.compile(r"[^\W_].*", re.DOTALL)
_LABEL: Final = r"\[[^\[\]]{0,80}(?:[Ii]mage|[Pp]aste|\.\w{2,5}\])"
"""A label in place of a text, without its blanks; an image's may have only the name of a file."""

_BLANKS: Final = frozenset({"Zs", "Zl", "Zp", "Cc"})
_MARKS: Final = frozenset({"Mn", "Mc", "Me", "Cf", "Co", "Cn", "Cs", "So"})
"""The categories of marks, joiners, emoji and borders."""
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters of Hangul that fonts draw as blanks, or not at all."""

Positions = frozenset[tuple[int, int]]
"""Places of a text: the row, and the number of compared characters before the text in that row."""


def expected_echo(request: Send) -> re.Pattern[str] | None:
    """A pattern of what an agent shows of a text that it accepts; None if the text need not be shown.

    A text with keys may disappear at once; a text with control characters is a command. If a question is open, it may
    drop the text.
    """
    if request.keys or request.anyway or has_controls(request.text):
        return None
    beginning = _BEGINNING.search(request.text)
    runs = _runs(beginning.group()) if beginning is not None else []
    long = [re.escape(run[-LOOKED_FOR_CHARACTERS:]) for run in runs if len(run) >= MIN_LOOKED_FOR_CHARACTERS]
    return re.compile(f"(?={'|'.join([*long[:2], *long[-2:], _LABEL])})") if long else None


def positions(emulator: Emulator, echo: re.Pattern[str]) -> Positions | None:
    """The positions of a text on the screen; None if the screen is too small to tell."""
    size = emulator.size
    is_small = size.columns < MIN_COLUMNS or size.rows < MIN_ROWS
    return None if is_small else _positions(emulator.rows(), echo)


def cursor_line(emulator: Emulator) -> str:
    """The row of the cursor, which most agents keep in their input line, also while it is hidden."""
    return row_text(emulator.rows()[emulator.cursor.row]).rstrip()


def _positions(rows: Iterable[Row], echo: re.Pattern[str]) -> Positions:
    texts = ["".join(_runs(row_text(row))) for row in rows]
    starts = list(accumulate(map(len, texts), initial=0))
    found = set()
    for match in echo.finditer("".join(texts)):
        row = bisect_right(starts, match.start()) - 1
        found.add((row, match.start() - starts[row]))
    return frozenset(found)


def _runs(text: str) -> list[str]:
    """A text's characters without blanks, in the runs between its marks."""
    if text.isascii():
        return ["".join(text.split())]
    runs = [""]
    for each in unicodedata.normalize("NFC", text):
        category = unicodedata.category(each)
        if category in _MARKS or each in _FILLERS:
            runs.append("")
        elif category not in _BLANKS:
            runs[-1] += each
    return runs
