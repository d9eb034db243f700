"""Themes of Ghostty: ``key = value`` lines (https://ghostty.org/docs/features/theme)."""

from __future__ import annotations

import re
from pathlib import Path

from gui.settings.themes.formats.found import ForeignTheme, color_of, read_text
from session_host.errors import ConfigError

_NAMED = {
    "foreground": "foreground",
    "background": "background",
    "cursor-color": "cursor",
    "selection-background": "selection_background",
    "selection-foreground": "selection_foreground",
}
_CELL_COLORS = {"cell-foreground", "cell-background"}


def is_ghostty(text: str) -> bool:
    """Whether a file looks like Ghostty's."""
    return re.search(r"^\s*palette\s*=\s*\d+\s*=", text, re.MULTILINE) is not None


def read_ghostty(path: Path) -> ForeignTheme:
    """Read a file of Ghostty.

    Raises:
        ConfigError: the file cannot be read, or has an invalid colour.
    """
    found = ForeignTheme(path)
    for number, line in enumerate(read_text(path).splitlines(), 1):
        key, is_there, value = (part.strip() for part in line.partition("="))
        if not is_there or key.startswith("#") or value in _CELL_COLORS:
            continue
        index = ""
        if key == "palette":
            index, _, value = (part.strip() for part in value.partition("="))
            if not (index.isdecimal() and int(index) < 256):
                raise ConfigError(f"{path}:{number}: '{index}' is not the number of a colour")
        elif key not in _NAMED:
            continue
        color = color_of(value)
        if not color:
            raise ConfigError(f"{path}:{number}: '{value}' is not a colour")
        if key in _NAMED:
            found.named[_NAMED[key]] = color
        elif int(index) < 16:
            found.palette[int(index)] = color
    return found
