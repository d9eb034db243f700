"""Imports themes of kitty, Alacritty, Ghostty and Konsole into the user's own."""

from __future__ import annotations

import configparser
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtGui import QColor

from gui.theme.contrast import luminance
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile
from session_host.toml_writing import write_text

from .theme_files import Library, TerminalColors, parse_theme, theme_text

NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
MAX_BYTES = 512 * 1024


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    return content.decode("utf-8-sig", errors="replace")


def color_of(text: str) -> str:
    """A colour as "#rrggbb", "" if the text is none: #rgb, #rrggbb, 0xrrggbb, rrggbb, a name, or r,g,b."""
    text = text.strip().strip("\"'")
    if decimal := re.fullmatch(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", text):
        channels = [int(channel) for channel in decimal.groups()]
        return QColor(*channels).name() if max(channels) <= 255 else ""
    if re.fullmatch(r"(0x)?[0-9A-Fa-f]{6}", text):
        text = f"#{text[-6:]}"
    if re.fullmatch(r"[a-z]+|#[0-9A-Fa-f]{3}|#[0-9A-Fa-f]{6}", text, re.IGNORECASE):
        color = QColor.fromString(text)
        if color.isValid() and color.alpha() == 255:
            return color.name()
    return ""


@dataclass
class ForeignTheme:
    """The content of one file and of the files that it includes.

    Attributes:
        path: the file, for messages.
        name: the theme's name, "" if the file does not say it.
        source: an address where it comes from, "" if the file does not say it.
        named: colours by the names of ``TerminalColors``.
        palette: the sixteen by number.
    """

    path: Path
    name: str = ""
    source: str = ""
    named: dict[str, str] = field(default_factory=dict)
    palette: dict[int, str] = field(default_factory=dict)

    def colors(self) -> TerminalColors:
        """The colours, if none is missing.

        Raises:
            ConfigError: the file leaves out a colour that a theme needs.
        """
        missing = [name for name in ("foreground", "background") if name not in self.named]
        missing += [f"colour {index}" for index in range(16) if index not in self.palette]
        if len(missing) == 18:
            raise ConfigError(f"{self.path}: no colours found")
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            raise ConfigError(f"{self.path}: {', '.join(missing[:3])}{more} missing")
        return TerminalColors(colors=tuple(self.palette[index] for index in range(16)), **self.named)


_ALACRITTY_NAMES = {
    ("primary", "foreground"): "foreground",
    ("primary", "background"): "background",
    ("cursor", "cursor"): "cursor",
    ("selection", "background"): "selection_background",
    ("selection", "text"): "selection_foreground",
}
_ALACRITTY_CELL_COLORS = {"CellForeground", "CellBackground"}
_ALACRITTY_MAX_DEPTH = 5  # As Alacritty.


def read_alacritty(path: Path) -> ForeignTheme:
    """Read a file of Alacritty.

    Raises:
        ConfigError: a file cannot be read, or has an invalid colour.
    """
    found = ForeignTheme(path)
    _read_alacritty_file(path, found, 0)
    for index in range(8):
        if index in found.palette:
            found.palette.setdefault(index + 8, found.palette[index])
    return found


def _read_alacritty_file(path: Path, found: ForeignTheme, depth: int) -> None:
    file = TomlFile.read(path)
    values = file.values()
    general = values.get("general")
    imported = (general if isinstance(general, dict) else values).get("import", [])
    if depth < _ALACRITTY_MAX_DEPTH and isinstance(imported, list):
        for each in imported:
            other = path.parent / Path(str(each)).expanduser()
            if other.is_file():
                _read_alacritty_file(other, found, depth + 1)
    colors = _table(values, "colors")
    for (table, key), name in _ALACRITTY_NAMES.items():
        _read_alacritty_color(file, found.named, name, colors, table, key)
    for table, first in (("normal", 0), ("bright", 8)):
        for index, key in enumerate(NAMES):
            _read_alacritty_color(file, found.palette, first + index, colors, table, key)


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    return table if isinstance(table, dict) else {}


def _read_alacritty_color(
    file: TomlFile, into: dict[Any, str], name: str | int, colors: dict[str, Any], table: str, key: str
) -> None:
    """Take one colour, if the file names it."""
    value = _table(colors, table).get(key)
    if value is None or value in _ALACRITTY_CELL_COLORS:
        return
    color = color_of(str(value))
    if not color:
        error: ConfigError = file.error(("colors", table, key), f"'{value}' is not a colour")
        raise error
    into[name] = color


_GHOSTTY_NAMES = {
    "foreground": "foreground",
    "background": "background",
    "cursor-color": "cursor",
    "selection-background": "selection_background",
    "selection-foreground": "selection_foreground",
}
_GHOSTTY_CELL_COLORS = {"cell-foreground", "cell-background"}


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
        if not is_there or key.startswith("#") or value in _GHOSTTY_CELL_COLORS:
            continue
        index = ""
        if key == "palette":
            index, _, value = (part.strip() for part in value.partition("="))
            if not (index.isdecimal() and int(index) < 256):
                raise ConfigError(f"{path}:{number}: '{index}' is not the number of a colour")
        elif key not in _GHOSTTY_NAMES:
            continue
        color = color_of(value)
        if not color:
            raise ConfigError(f"{path}:{number}: '{value}' is not a colour")
        if key in _GHOSTTY_NAMES:
            found.named[_GHOSTTY_NAMES[key]] = color
        elif int(index) < 16:
            found.palette[int(index)] = color
    return found


_KITTY_NAMES = {"foreground", "background", "cursor", "selection_background", "selection_foreground"}
_KITTY_MAX_DEPTH = 8


def is_kitty(text: str) -> bool:
    """Whether a file looks like kitty's."""
    return re.search(r"^\s*(color\d+\s+\S|include\s+\S+\.conf)", text, re.MULTILINE) is not None


def read_kitty(path: Path) -> ForeignTheme:
    """Read a file of kitty.

    Raises:
        ConfigError: a file cannot be read, or has an invalid colour.
    """
    found = ForeignTheme(path)
    _read_kitty_file(path, found, 0)
    return found


def _read_kitty_file(path: Path, found: ForeignTheme, depth: int) -> None:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        about = re.match(r"##\s*(name|upstream)\s*:\s*(.+)", line)
        key, _, value = line.strip().partition(" ")
        value = value.strip()
        if about is not None:
            if about.group(1) == "name":
                found.name = about.group(2).strip()
            else:
                found.source = about.group(2).strip()
        elif key == "include" and depth < _KITTY_MAX_DEPTH:
            included = path.parent / Path(value).expanduser()
            if included.is_file():  # Like kitty, ignore other paths.
                _read_kitty_file(included, found, depth + 1)
        elif key in _KITTY_NAMES or re.fullmatch(r"color\d+", key):
            _read_kitty_color(found, key, value.split()[0] if value else "", path, number)


def _read_kitty_color(found: ForeignTheme, key: str, value: str, path: Path, number: int) -> None:
    """Take one colour."""
    color = color_of(value)
    if not color and key in _KITTY_NAMES - {"foreground", "background"}:
        return  # "none", "background": the colour depends on the character.
    if not color:
        raise ConfigError(f"{path}:{number}: '{value}' is not a colour")
    if key in _KITTY_NAMES:
        found.named[key] = color
    elif int(key[5:]) < 16:
        found.palette[int(key[5:])] = color


_KONSOLE_NAMES = {"Foreground": "foreground", "Background": "background"}


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
    for section, name in _KONSOLE_NAMES.items():
        if color := _konsole_color(parser, section, path, text):
            found.named[name] = color
    for index in range(8):
        for section, color_index in ((f"Color{index}", index), (f"Color{index}Intense", index + 8)):
            if color := _konsole_color(parser, section, path, text):
                found.palette[color_index] = color
        if index in found.palette:
            found.palette.setdefault(index + 8, found.palette[index])
    return found


def _konsole_color(parser: configparser.ConfigParser, section: str, path: Path, text: str) -> str:
    value = parser.get(section, "Color", fallback="")
    color = color_of(value)
    if value and not color:
        lines = [line.strip() for line in text.splitlines()]
        raise ConfigError(f"{path}:{lines.index(f'[{section}]') + 1}: '{value}' is not a colour")
    return color


LOCATIONS = (
    ("kitty", "current-theme.conf"),
    ("kitty", "kitty.conf"),
    ("kitty", "themes/*.conf"),
    ("alacritty", "alacritty.toml"),
    ("alacritty", "themes/**/*.toml"),
    ("ghostty", "config"),
    ("ghostty", "themes/*"),
)
"""The places of other terminals' theme files below ``~/.config``."""

_MAX_FOUND = 200


def read_foreign(path: Path) -> ForeignTheme:
    """Read a theme of kitty, Alacritty, Ghostty or Konsole; the suffix or else the content shows the format.

    Raises:
        ConfigError: the file cannot be read, or has another format.
    """
    text = read_text(path)
    if path.suffix == ".colorscheme":
        return read_konsole(path)
    if path.suffix == ".toml":
        return read_alacritty(path)
    if is_ghostty(text):
        return read_ghostty(path)
    if is_kitty(text):
        return read_kitty(path)
    raise ConfigError(f"{path}: no theme of kitty, Alacritty (.toml), Ghostty or Konsole")


def import_theme(path: Path, directory: Path) -> str:
    """Write a theme of another terminal, or a copy of one of Outlive's format, into a directory.

    Returns:
        The new theme's id.

    Raises:
        ConfigError: the file is no theme, or the new one cannot be written.
    """
    content, base = _content(path)
    identifier = _free_id(base, Library.of(directory.parent))
    target = directory / f"{identifier}.toml"
    parse_theme(TomlFile(target, content))
    write_text(target, content)
    return identifier


def _content(path: Path) -> tuple[str, str]:
    """The new file's text, and a name for it."""
    if path.suffix == ".toml" and re.search(r"^\[terminal\]", text := read_text(path), re.MULTILINE):
        parse_theme(TomlFile(path, text))
        return text, path.stem
    found = read_foreign(path)
    colors = found.colors()
    dark = luminance(QColor(colors.background)) < luminance(QColor(colors.foreground))
    name = found.name or re.sub(r"[-_]+", " ", path.stem if path.suffix else path.name).strip() or "Imported"
    return theme_text(name, colors, dark=dark, source=found.source), name


def _free_id(name: str, library: Library) -> str:
    """A theme id that is not in use yet, made from a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "imported"
    used = set(library.ids())
    return next(
        each for number in range(1, len(used) + 3) if (each := base if number == 1 else f"{base}-{number}") not in used
    )


def find_foreign_themes(config_home: Path, data_home: Path) -> list[Path]:
    """Find the files of other terminals that may contain a theme.

    Args:
        config_home: the base directory of the user's configuration, usually ``~/.config``.
        data_home: the base directory of the user's data, usually ``~/.local/share``.
    """
    found: dict[Path, None] = {}
    locations = [(config_home / program, pattern) for program, pattern in LOCATIONS]
    for directory, pattern in [*locations, (data_home / "konsole", "*.colorscheme")]:
        try:
            found |= dict.fromkeys(path for path in sorted(directory.glob(pattern)) if os.path.isfile(path))  # noqa: PTH113 - false also if it is unreadable
        except OSError:
            continue  # The directory cannot be read.
    return list(found)[:_MAX_FOUND]
