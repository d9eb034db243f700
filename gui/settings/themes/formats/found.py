"""The colours that were found in a file of another terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtGui import QColor

from gui.settings.themes.theme_file import TerminalColors
from session_host.errors import ConfigError

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
