"""The widths of tabs that share one row."""

from __future__ import annotations

MIN_TAB_PX = 120


def fit_widths(wanted: list[int], room: int, front: int = -1, button_px: int = 0) -> list[int]:
    """The widths of tabs in a row of ``room`` pixels: the widest tabs shrink first, none below ``MIN_TAB_PX``.

    The tab ``front`` gets ``button_px`` in addition, since only its button is shown, so that its name has as much room
    as the others.
    """
    if sum(wanted) <= room or not wanted:
        return wanted
    extra = [button_px if index == front else 0 for index in range(len(wanted))]
    names = [width - more for width, more in zip(wanted, extra, strict=True)]
    left, most = room - sum(extra), MIN_TAB_PX
    for done, width in enumerate(sorted(names)):
        share = left // (len(names) - done)
        if width > share:
            most = max(share, MIN_TAB_PX)
            break
        left -= width
    return [min(width, most) + more for width, more in zip(names, extra, strict=True)]
