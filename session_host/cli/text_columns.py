"""Measures and cuts text in terminal columns."""

from __future__ import annotations

_LEAD_SHARE = 3
"""A line that is cut shows a third of its width before the first match."""


def cut(text: str, spans: list[tuple[int, int]], columns: int) -> str:
    """The part of a text that fits, with its first match."""
    if width(text) <= columns:
        return text
    start = max(0, (spans[0][0] if spans else 0) - columns // _LEAD_SHARE)
    kept = ("…" if start else "") + text[start:]
    if width(kept) <= columns:
        return kept
    while width(kept) > columns - 1:
        kept = kept[: -max(1, (width(kept) - columns) // 2)]
    return f"{kept}…"


def width(text: str) -> int:
    """The number of terminal columns."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    columns: int = wcswidth(text)
    return columns if columns >= 0 else len(text)
