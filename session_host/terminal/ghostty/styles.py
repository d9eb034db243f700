"""The library's styles as a ``Style``."""

from __future__ import annotations

from typing import Any, Final

from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Color, Style, Underline

from .library.calls import ffi, lib, sized

_UNDERLINES: Final = (
    Underline.NONE,
    Underline.SINGLE,
    Underline.DOUBLE,
    Underline.CURLY,
    Underline.DOTTED,
    Underline.DASHED,
)
_ATTRIBUTES: Final = (
    ("bold", Attribute.BOLD),
    ("faint", Attribute.DIM),
    ("italic", Attribute.ITALIC),
    ("blink", Attribute.BLINK),
    ("inverse", Attribute.INVERSE),
    ("invisible", Attribute.HIDDEN),
    ("strikethrough", Attribute.STRIKE),
    ("overline", Attribute.OVERLINE),
)
_MAX_KNOWN_STYLES: Final = 4096


class StyleStruct:
    """Memory for one style, into which the library writes.

    Attributes:
        struct: a GhosttyStyle.
    """

    def __init__(self) -> None:
        self.struct = sized("GhosttyStyle")
        self._bytes = ffi.buffer(self.struct)
        self._known: dict[bytes, Style] = {}

    def style(self) -> Style:
        """The style that was written last, without a link."""
        raw = bytes(self._bytes)
        known = self._known.get(raw)
        if known is None:
            if len(self._known) >= _MAX_KNOWN_STYLES:
                self._known.clear()
            known = self._known[raw] = _style_of(self.struct)
        return known


def _color(color: Any) -> Color:
    """A GhosttyStyleColor as a Color."""
    if color.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return int(color.value.palette)
    if color.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        rgb = color.value.rgb
        return RGB | rgb.r << 16 | rgb.g << 8 | rgb.b
    return DEFAULT_COLOR


def _style_of(style: Any) -> Style:
    """A GhosttyStyle as a Style, without a link."""
    attributes = 0
    for name, bit in _ATTRIBUTES:
        if getattr(style, name):
            attributes |= bit
    return Style(
        _color(style.fg_color),
        _color(style.bg_color),
        int(attributes),
        _UNDERLINES[style.underline] if 0 <= style.underline < len(_UNDERLINES) else Underline.SINGLE,
        _color(style.underline_color),
    )
