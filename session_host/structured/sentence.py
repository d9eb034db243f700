"""The first sentence of a text in Markdown. Pure."""

from __future__ import annotations

import re
from typing import Final

from session_host.protocol.untrusted_text import one_line

_BEFORE_TEXT: Final = re.compile(r"^\s*(?:(?:[-*+>]|\d+[.)])\s+)*")
"""The marks of lists and quotes."""
_NO_TEXT: Final = re.compile(r"\s*(?:```|~~~|([-*_|:=])(?:[\s|:-]|\1)*$|<|$)")
"""A line that is a fence, a rule, the line below a table's head, or empty."""
_END: Final = re.compile(r"(?<=[.!?。！？])(?=\s|$)|(?<=[。！？])")

MAX_SENTENCE: Final = 120
"""How many characters of a sentence are given."""
_LEAST: Final = 16
"""A sentence is longer than this: "Done." says little."""


def first_sentence(text: str) -> str:
    """The first sentence of a Markdown text, a line of at most ``MAX_SENTENCE`` characters; "" for none.

    It keeps its marks, see ``markdown_line.plain_text``: hosts do not load the library.
    """
    line = next((line for line in text.splitlines() if not _NO_TEXT.match(line)), "")
    line = one_line(_BEFORE_TEXT.sub("", line, count=1)).strip()
    end = next((found.start() for found in _END.finditer(line) if found.start() > _LEAST), len(line))
    sentence = line[:end].rstrip()
    return sentence if len(sentence) <= MAX_SENTENCE else f"{sentence[: MAX_SENTENCE - 1].rstrip()}…"
