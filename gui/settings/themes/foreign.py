"""Imports themes of other terminals into the user's own."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from PySide6.QtGui import QColor

from gui.settings.themes.formats.alacritty import read_alacritty
from gui.settings.themes.formats.found import ForeignTheme, read_text
from gui.settings.themes.formats.ghostty import is_ghostty, read_ghostty
from gui.settings.themes.formats.kitty import is_kitty, read_kitty
from gui.settings.themes.formats.konsole import read_konsole
from gui.settings.themes.library import Library
from gui.settings.themes.theme_file import parse_theme, theme_text
from gui.settings.writing import write_text
from gui.theme.contrast import luminance
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile

LOCATIONS = (
    ("kitty", "current-theme.conf"), ("kitty", "kitty.conf"), ("kitty", "themes/*.conf"),
    ("alacritty", "alacritty.toml"), ("alacritty", "themes/**/*.toml"),
    ("ghostty", "config"), ("ghostty", "themes/*"),
)  # fmt: skip
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
