"""Select Graphic Rendition: converts parameters to a style; ``text`` converts back."""

from __future__ import annotations

from typing import Any

from session_host.terminal.rows import DEFAULT_COLOR, RGB, Attribute, Color, Style, Underline

_ON = {
    1: Attribute.BOLD,
    2: Attribute.DIM,
    3: Attribute.ITALIC,
    5: Attribute.BLINK,
    6: Attribute.BLINK,
    7: Attribute.INVERSE,
    8: Attribute.HIDDEN,
    9: Attribute.STRIKE,
    53: Attribute.OVERLINE,
}
_OFF = {
    22: Attribute.BOLD | Attribute.DIM,
    23: Attribute.ITALIC,
    25: Attribute.BLINK,
    27: Attribute.INVERSE,
    28: Attribute.HIDDEN,
    29: Attribute.STRIKE,
    55: Attribute.OVERLINE,
}
_ON_BITS = {code: int(bit) for code, bit in _ON.items()}
_OFF_BITS = {code: int(bit) for code, bit in _OFF.items()}
_UNDERLINES = tuple(Underline)
# The fields of Style by number: foreground, background, attributes, underline, underline colour.
_COLOR_FIELDS = {38: 0, 48: 1, 58: 4}
_FIELD_VALUES: dict[int, tuple[int, Color | Underline]] = {
    **{30 + color: (0, color) for color in range(8)},
    **{90 + color: (0, 8 + color) for color in range(8)},
    **{40 + color: (1, color) for color in range(8)},
    **{100 + color: (1, 8 + color) for color in range(8)},
    39: (0, DEFAULT_COLOR),
    49: (1, DEFAULT_COLOR),
    59: (4, DEFAULT_COLOR),
    4: (3, Underline.SINGLE),
    21: (3, Underline.DOUBLE),
    24: (3, Underline.NONE),
}
_MAX_PARAMETERS = 64
_MAX_VALUE = 65535


def number(text: str) -> int:
    """Parse one parameter; empty is 0, and huge numbers are cut."""
    if len(text) < 5:
        return int(text) if text else 0
    text = text.lstrip("0")
    return int(text or 0) if len(text) < 5 else _MAX_VALUE if len(text) > 5 else min(int(text), _MAX_VALUE)


def apply(style: Style, parameters: str) -> Style:
    """The style after ``CSI parameters m``.

    Sub-parameters after colons are supported as ISO 8613-6, xterm and kitty define them; an unknown parameter changes
    nothing.
    """
    fields = list(style)
    groups = parameters.split(";")[:_MAX_PARAMETERS]
    index = 0
    while index < len(groups):
        group = groups[index]
        index += 1
        if ":" in group:
            _apply_colons(fields, group.split(":"))
            continue
        code = number(group)
        if code in _COLOR_FIELDS:
            color, count = _color(groups[index:])
            index += count
            if color is not None:
                fields[_COLOR_FIELDS[code]] = color
        else:
            _apply_code(fields, code)
    return Style._make(fields)


def _apply_code(fields: list[Any], code: int) -> None:
    """Apply one parameter without sub-parameters."""
    if code == 0:
        fields[:5] = [DEFAULT_COLOR, DEFAULT_COLOR, 0, Underline.NONE, DEFAULT_COLOR]
    elif code in _ON_BITS:
        fields[2] |= _ON_BITS[code]
    elif code in _OFF_BITS:
        fields[2] &= ~_OFF_BITS[code]
    elif code in _FIELD_VALUES:
        field, value = _FIELD_VALUES[code]
        fields[field] = value


def _apply_colons(fields: list[Any], parts: list[str]) -> None:
    """Apply one parameter with sub-parameters: a kind of underline, or a colour."""
    code = number(parts[0])
    if code == 4:
        which = number(parts[1])
        if which < len(_UNDERLINES):
            fields[3] = _UNDERLINES[which]
    elif code in _COLOR_FIELDS:
        values = parts[1:] if len(parts) < 6 else [parts[1], *parts[3:]]  # without the colour space
        color, _count = _color(values)
        if color is not None:
            fields[_COLOR_FIELDS[code]] = color


def _color(values: list[str]) -> tuple[Color | None, int]:
    """Parse a colour of ``5, n`` or ``2, r, g, b``; returns it, and how many of the values it takes."""
    count = {"5": 2, "2": 4}.get(values[0], 1) if values else 0
    numbers = [number(value) for value in values[1:count] if ":" not in value]
    if count < 2 or len(numbers) < count - 1:
        return None, count
    if count == 2:
        return (numbers[0] if numbers[0] < 256 else None), count
    red, green, blue = (min(value, 255) for value in numbers)
    return RGB | red << 16 | green << 8 | blue, count
