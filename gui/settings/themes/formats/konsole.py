"""Colour schemes of Konsole: an INI file with a section for each colour."""

from __future__ import annotations

import configparser
from pathlib import Path

from gui.settings.themes.formats.found import ForeignTheme, color_of, read_text
from session_host.errors import ConfigError

_NAMED = {"Foreground": "foreground", "Background": "background"}


def read_konsole(path: Path) -> ForeignTheme:
    """Read a colour scheme of Konsole.

    Raises:
        ConfigError: the file cannot be read, or has an invalid colour.
    """
    text = read_text(path)
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next((at for at, _line in getattr(error, "errors", [])), 1)
        raise ConfigError(f"{path}:{line}: this is not a colour scheme of Konsole") from error
    found = ForeignTheme(path, name=parser.get("General", "Description", fallback=""))
    for section, name in _NAMED.items():
        if color := _color(parser, section, path, text):
            found.named[name] = color
    for index in range(8):
        for section, color_index in ((f"Color{index}", index), (f"Color{index}Intense", index + 8)):
            if color := _color(parser, section, path, text):
                found.palette[color_index] = color
        if index in found.palette:
            found.palette.setdefault(index + 8, found.palette[index])
    return found


def _color(parser: configparser.ConfigParser, section: str, path: Path, text: str) -> str:
    value = parser.get(section, "Color", fallback="")
    color = color_of(value)
    if value and not color:
        lines = [line.strip() for line in text.splitlines()]
        raise ConfigError(f"{path}:{lines.index(f'[{section}]') + 1}: '{value}' is not a colour")
    return color
