"""The widths of tabs that share one row."""

from __future__ import annotations

MIN_TAB_PX = 120


def fit_widths(wanted: list[int], room: int) -> list[int]:
    """The widths of tabs in a row of ``room`` pixels: the widest tabs shrink first, none below ``MIN_TAB_PX``."""
    if sum(wanted) <= room or not wanted:
        return wanted
    left, most = room, MIN_TAB_PX
    for done, width in enumerate(sorted(wanted)):
        share = left // (len(wanted) - done)
        if width > share:
            most = max(share, MIN_TAB_PX)
            break
        left -= width
    return [min(width, most) for width in wanted]
