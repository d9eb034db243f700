"""Themes of kitty: ``kitty.conf`` and the files that it includes (https://sw.kovidgoyal.net/kitty/conf/)."""

from __future__ import annotations

import re
from pathlib import Path

from gui.settings.themes.formats.found import ForeignTheme, color_of, read_text
from session_host.errors import ConfigError

_NAMED = {"foreground", "background", "cursor", "selection_background", "selection_foreground"}
_MAX_DEPTH = 8


def is_kitty(text: str) -> bool:
    """Whether a file looks like kitty's."""
    return re.search(r"^\s*(color\d+\s+\S|include\s+\S+\.conf)", text, re.MULTILINE) is not None


def read_kitty(path: Path) -> ForeignTheme:
    """Read a file of kitty.

    Raises:
        ConfigError: a file cannot be read, or has an invalid colour.
    """
    found = ForeignTheme(path)
    _read(path, found, 0)
    return found


def _read(path: Path, found: ForeignTheme, depth: int) -> None:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        about = re.match(r"##\s*(name|upstream)\s*:\s*(.+)", line)
        key, _, value = line.strip().partition(" ")
        value = value.strip()
        if about is not None:
            if about.group(1) == "name":
                found.name = about.group(2).strip()
            else:
                found.source = about.group(2).strip()
        elif key == "include" and depth < _MAX_DEPTH:
            included = path.parent / Path(value).expanduser()
            if included.is_file():  # Like kitty, ignore other paths.
                _read(included, found, depth + 1)
        elif key in _NAMED or re.fullmatch(r"color\d+", key):
            _read_color(found, key, value.split()[0] if value else "", path, number)


def _read_color(found: ForeignTheme, key: str, value: str, path: Path, number: int) -> None:
    """Take one colour."""
    color = color_of(value)
    if not color and key in _NAMED - {"foreground", "background"}:
        return  # "none", "background": the colour depends on the character.
    if not color:
        raise ConfigError(f"{path}:{number}: '{value}' is not a colour")
    if key in _NAMED:
        found.named[key] = color
    elif int(key[5:]) < 16:
        found.palette[int(key[5:])] = color
