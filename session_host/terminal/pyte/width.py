"""Widths of characters, and their grouping into graphemes, on top of wcwidth's Unicode tables."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import wcwidth

NARROW = (
    "\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u0370-\u0377\u037a-\u037f\u0391-\u03a1\u03a3-\u03ff\u0400-\u0482"
    "\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u203b\u2190-\u2193\u2200-\u22ff\u2500-\u25a9\u2800-\u28ff"
)
"""Characters (as a regular expression's class) of one cell that do not combine with the one before."""

WIDE = "\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff60"
"""Characters of two cells that do not combine with the one before."""

SEGMENTS = re.compile(f"([{NARROW}]+)|([{WIDE}]+)|(.)", re.DOTALL)
"""Splits a text into runs of narrow characters, runs of wide ones, and other single characters."""

MAX_CLUSTER = 32
"""The maximum number of code points in a cell; further combining characters are dropped."""


@lru_cache(maxsize=8192)
def char_cells(char: str) -> int:
    """The cells of a single character: 0, 1 or 2. A vowel sign that joins no letter, as some of Burmese, has one."""
    cells = max(wcwidth.wcwidth(char), 0)
    return 1 if not cells and unicodedata.category(char) == "Mc" and not joins("a", char) else cells


@lru_cache(maxsize=8192)
def cluster_cells(cluster: str) -> int:
    """The cells of a whole grapheme: 1 or 2."""
    return min(max(wcwidth.wcswidth(cluster), 1), 2)


@lru_cache(maxsize=8192)
def joins(cluster: str, char: str) -> bool:
    """Whether ``char`` extends the grapheme ``cluster`` (UAX #29)."""
    graphemes = wcwidth.iter_graphemes(cluster + char)
    next(graphemes)
    return next(graphemes, None) is None
