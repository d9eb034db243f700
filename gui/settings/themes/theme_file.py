"""The format of a theme's file.

::

    name = "Gruvbox Dark"
    author = "Pavel Pertsev"
    licence = "MIT"
    source = "https://github.com/morhetz/gruvbox"
    appearance = "dark"                 # or "light"
    pair = "gruvbox-light"              # the file of the counterpart; without one, this theme is for both
    desktop_accent = false              # true: the desktop's accent colour takes the place of the theme's

    [terminal]
    foreground = "#ebdbb2"
    background = "#282828"
    cursor = "#ebdbb2"                  # default: the foreground
    selection_background = "#665c54"    # default: a tint of blue
    selection_foreground = "#ebdbb2"    # default: each character keeps its colour
    colors = ["#282828", …]             # 16: black, red, green, yellow, blue, magenta, cyan, white; then bright ones

    [window]                            # all optional: the fields of gui.theme.tokens
    accent = "#83a598"

    [code]                              # all optional: the names in gui.theme.code
    keyword = "#fb4934"

Colours of the window that are left out, or that cannot be read on their background, are derived (``gui.theme.derive``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from PySide6.QtGui import QColor

from gui.theme.contrast import TEXT_RATIO, ratio, readable
from gui.theme.derive import derive_tokens
from gui.theme.scheme import Scheme
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import blend
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile

Hex = Annotated[str, msgspec.Meta(pattern="^#[0-9a-fA-F]{6}$")]
_SELECTION_SHARES = {"dark": 0.35, "light": 0.22}
_BLUE = 4


class _Terminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    foreground: Hex
    background: Hex
    colors: list[Hex]
    cursor: Hex | None = None
    selection_background: Hex | None = None
    selection_foreground: Hex | None = None


class _Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    page: Hex | None = None
    sidebar: Hex | None = None
    raised: Hex | None = None
    hairline: Hex | None = None
    text: Hex | None = None
    secondary: Hex | None = None
    disabled: Hex | None = None
    accent: Hex | None = None
    on_accent: Hex | None = None
    needs_you: Hex | None = None
    failed: Hex | None = None
    fine: Hex | None = None
    hover: Hex | None = None
    selected: Hex | None = None
    border: Hex | None = None
    scrim: Hex | None = None


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    ground: Hex | None = None
    inline: Hex | None = None
    prompt: Hex | None = None
    added: Hex | None = None
    removed: Hex | None = None
    added_words: Hex | None = None
    removed_words: Hex | None = None
    keyword: Hex | None = None
    string: Hex | None = None
    number: Hex | None = None
    function: Hex | None = None
    type: Hex | None = None
    comment: Hex | None = None
    deleted: Hex | None = None


class _Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    appearance: Literal["dark", "light"]
    terminal: _Terminal
    author: str = ""
    licence: str = ""
    source: str = ""
    pair: str = ""
    desktop_accent: bool = False
    window: _Window = _Window()
    code: _Code = _Code()


@dataclass(frozen=True)
class TerminalColors:
    """A terminal's colours as files name them, each "#rrggbb"; "" for one that is not named."""

    foreground: str
    background: str
    colors: tuple[str, ...]
    cursor: str = ""
    selection_background: str = ""
    selection_foreground: str = ""


def read_theme(path: Path) -> Scheme:
    """Read a theme's file.

    Raises:
        ConfigError: the file cannot be read, or is no theme.
    """
    if not path.exists():
        raise ConfigError(f"{path}: there is no such theme")
    return _parsed(path, TomlFile.read(path).text)


@lru_cache(maxsize=128)
def _parsed(path: Path, text: str) -> Scheme:
    """The theme of a file with this text. Parsing takes 2 ms, and a list of all themes parses them all."""
    return parse_theme(TomlFile(path, text))


def parse_theme(file: TomlFile) -> Scheme:
    """Read a theme from its text; its id is the file's name.

    Raises:
        ConfigError: the text is no theme.
    """
    found = file.convert(_Theme)
    terminal = found.terminal
    if len(terminal.colors) != 16:
        raise file.error(("terminal", "colors"), f"colors: 16 are needed, and there are {len(terminal.colors)}")
    dark = found.appearance == "dark"
    foreground, background = QColor(terminal.foreground), QColor(terminal.background)
    palette = tuple(map(QColor, terminal.colors))
    if terminal.selection_background:
        selection = QColor(terminal.selection_background)
    else:
        selection = blend(palette[_BLUE], background, _SELECTION_SHARES[found.appearance])
    chosen = QColor(terminal.selection_foreground) if terminal.selection_foreground else None
    if ratio(chosen or foreground, selection) < TEXT_RATIO:
        chosen = readable(chosen or foreground, selection, TEXT_RATIO)
    colors = TerminalTheme(
        foreground=foreground,
        background=background,
        cursor=QColor(terminal.cursor) if terminal.cursor else foreground,
        selection_background=selection,
        selection_foreground=chosen,
        palette=palette,
        dark=dark,
    )
    tokens = derive_tokens(colors, _named_colors(found.window), _named_colors(found.code))
    return Scheme(file.path.stem, found.name, tokens, colors, found.pair, found.desktop_accent)


def _named_colors(part: msgspec.Struct) -> dict[str, str]:
    """The colours that a part of the file names."""
    values: dict[str, object] = msgspec.structs.asdict(part)
    return {name: value for name, value in values.items() if isinstance(value, str)}


def theme_text(name: str, colors: TerminalColors, *, dark: bool, pair: str = "", source: str = "") -> str:
    """The text of a theme's file with these colours."""
    lines = [f"name = {_quoted(name)}"]
    if source:
        lines.append(f"source = {_quoted(source)}")
    lines.append(f'appearance = "{"dark" if dark else "light"}"')
    if pair:
        lines.append(f"pair = {_quoted(pair)}")
    lines += ["", "[terminal]", f'foreground = "{colors.foreground}"', f'background = "{colors.background}"']
    for key in ("cursor", "selection_background", "selection_foreground"):
        if value := getattr(colors, key):
            lines.append(f'{key} = "{value}"')
    rows = [", ".join(f'"{color}"' for color in row) for row in (colors.colors[:8], colors.colors[8:])]
    lines += ["colors = [", *(f"    {row}," for row in rows), "]", ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's strings are a subset of them, except for DEL."""
    return msgspec.json.encode("".join(char for char in text if char.isprintable())).decode()
