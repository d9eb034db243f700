"""A key's unshifted character, and its Latin letter on a layout without Latin letters.

Qt reports only the shifted symbol ("!"). The unshifted character is learned from earlier input of the same physical
key. Without such input it comes from the US layout, if the shifted character agrees with that layout. Scan codes are
those of X11 and Wayland: evdev's plus 8.
"""

from __future__ import annotations

_ROWS = {
    10: ("1234567890-=", "!@#$%^&*()_+"),
    24: ("qwertyuiop[]", "QWERTYUIOP{}"),
    38: ("asdfghjkl;'`", 'ASDFGHJKL:"~'),
    51: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
}
_US_PLAIN = {first + index: key for first, (keys, _) in _ROWS.items() for index, key in enumerate(keys)}
_US_SHIFTED = {first + index: key for first, (_, keys) in _ROWS.items() for index, key in enumerate(keys)}
_US_UNSHIFT = dict(zip(_US_SHIFTED.values(), _US_PLAIN.values(), strict=True))


class LayoutMemory:
    """The unshifted characters of the current keyboard's keys, by scan code."""

    def __init__(self) -> None:
        self._plain: dict[int, str] = {}

    def learn(self, scan_code: int, character: str) -> None:
        """Remember that a key typed ``character`` without Shift and AltGr."""
        if scan_code:
            self._plain[scan_code] = character

    def unshifted(self, scan_code: int, shifted: str) -> str:
        """The character that the key of ``shifted`` types without Shift; ``shifted`` if unknown."""
        if shifted.lower() != shifted:
            return shifted.lower()
        learned = self._plain.get(scan_code)
        if learned is not None:
            return learned
        if _US_SHIFTED.get(scan_code) == shifted or not scan_code:
            return _US_UNSHIFT.get(shifted, shifted)
        return shifted


def latin_letter(scan_code: int, native_key: int) -> str:
    """The Latin character of a key, by its keysym or else by its position on a US keyboard; "" if none."""
    if 0x20 < native_key < 0x7F:
        return chr(native_key).lower()
    return _US_PLAIN.get(scan_code, "")
