"""The contrast ratio of two colours (WCAG 2.2, §1.4.3), each 0xRRGGBB. Pure."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

TEXT_RATIO: Final = 4.5
MARK_RATIO: Final = 3.0


@cache
def _linear(level: int) -> float:
    channel = level / 255
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def luminance(color: int) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    red, green, blue = color.to_bytes(3, "big")
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def ratio(one: int, other: int) -> float:
    """The contrast of two colours, from 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def blend(color: int, other: int, share: float) -> int:
    """A mixture of two colours; ``share`` is that of the first one, 0 to 1."""
    channels = zip(color.to_bytes(3, "big"), other.to_bytes(3, "big"), strict=True)
    return int.from_bytes(bytes(round(one * share + two * (1 - share)) for one, two in channels), "big")


def _mixed(color: int, target: int, steps: int) -> int:
    """Move a colour towards a grey level ``target`` by ``steps`` of 64 steps."""
    channels = color.to_bytes(3, "big")
    return int.from_bytes(bytes(round(channel + (target - channel) * steps / 64) for channel in channels), "big")


@lru_cache(maxsize=4096)
def readable(color: int, background: int, least: float) -> int:
    """Make a colour lighter or darker until its contrast on a background is at least ``least``.

    It becomes even lighter or darker than the background; the other way if white or black would not be enough.
    """
    if ratio(color, background) >= least:
        return color
    lighter = luminance(color) >= luminance(background)
    for target in (255, 0) if lighter else (0, 255):
        if ratio(target * 0x010101, background) < least:
            continue
        low, high = 0, 64
        while high - low > 1:
            middle = (low + high) // 2
            if ratio(_mixed(color, target, middle), background) >= least:
                high = middle
            else:
                low = middle
        return _mixed(color, target, high)
    return max((0x000000, 0xFFFFFF), key=lambda each: ratio(each, background))
