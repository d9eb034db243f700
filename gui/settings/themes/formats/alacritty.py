"""Themes of Alacritty: TOML with ``[colors.primary]``, ``[colors.normal]``, … (https://alacritty.org/config-alacritty.html)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gui.settings.themes.formats.found import NAMES, ForeignTheme, color_of
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile

_NAMED = {
    ("primary", "foreground"): "foreground",
    ("primary", "background"): "background",
    ("cursor", "cursor"): "cursor",
    ("selection", "background"): "selection_background",
    ("selection", "text"): "selection_foreground",
}
_CELL_COLORS = {"CellForeground", "CellBackground"}
_MAX_DEPTH = 5  # As Alacritty.


def read_alacritty(path: Path) -> ForeignTheme:
    """Read a file of Alacritty.

    Raises:
        ConfigError: a file cannot be read, or has an invalid colour.
    """
    found = ForeignTheme(path)
    _read(path, found, 0)
    for index in range(8):
        if index in found.palette:
            found.palette.setdefault(index + 8, found.palette[index])
    return found


def _read(path: Path, found: ForeignTheme, depth: int) -> None:
    file = TomlFile.read(path)
    values = file.values()
    general = values.get("general")
    imported = (general if isinstance(general, dict) else values).get("import", [])
    if depth < _MAX_DEPTH and isinstance(imported, list):
        for each in imported:
            other = path.parent / Path(str(each)).expanduser()
            if other.is_file():
                _read(other, found, depth + 1)
    colors = _table(values, "colors")
    for (table, key), name in _NAMED.items():
        _read_color(file, found.named, name, colors, table, key)
    for table, first in (("normal", 0), ("bright", 8)):
        for index, key in enumerate(NAMES):
            _read_color(file, found.palette, first + index, colors, table, key)


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    return table if isinstance(table, dict) else {}


def _read_color(
    file: TomlFile, into: dict[Any, str], name: str | int, colors: dict[str, Any], table: str, key: str
) -> None:
    """Take one colour, if the file names it."""
    value = _table(colors, table).get(key)
    if value is None or value in _CELL_COLORS:
        return
    color = color_of(str(value))
    if not color:
        error: ConfigError = file.error(("colors", table, key), f"'{value}' is not a colour")
        raise error
    into[name] = color
