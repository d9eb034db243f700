"""The format of a theme's file, and the themes in files: the user's own before those of ``resources/themes``.

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

    [code]                              # all optional: the names in gui.theme.tokens
    keyword = "#fb4934"

Colours of the window that are left out, or that cannot be read on their background, are derived (``gui.theme.scheme``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtGui import QColor

from gui.theme.contrast import HIGH, TEXT_RATIO, USUAL, ratio, readable
from gui.theme.scheme import Scheme, SchemePair, derive_tokens
from gui.theme.terminal import TerminalTheme
from gui.theme.tokens import BACKGROUNDS, WORDS, Tokens, blend
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


_Window = msgspec.defstruct(
    "_Window",
    [(name, Hex | None, None) for name, kind in Tokens.__annotations__.items() if kind == "str" and name != "name"],
    frozen=True,
    forbid_unknown_fields=True,
)
_Code = msgspec.defstruct(
    "_Code", [(name, Hex | None, None) for name in (*BACKGROUNDS, *WORDS)], frozen=True, forbid_unknown_fields=True
)


class _Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    appearance: Literal["dark", "light"]
    terminal: _Terminal
    author: str = ""
    licence: str = ""
    source: str = ""
    pair: str = ""
    desktop_accent: bool = False
    high_contrast: bool = False
    window: _Window = _Window()  # type: ignore[valid-type]
    code: _Code = _Code()  # type: ignore[valid-type]


class TerminalColors(Struct, frozen=True):
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
    ratios = HIGH if found.high_contrast else USUAL
    tokens = derive_tokens(colors, _named_colors(found.window), _named_colors(found.code), ratios)
    colors = replace(colors, ratios=ratios)
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


RESOURCES = Path(__file__).parents[2] / "resources" / "themes"
DEFAULT = "outlive-dark"


def own_themes(config_dir: Path) -> Path:
    """The directory of the user's own themes."""
    return config_dir / "themes"


class Library(Struct, frozen=True):
    """The directories of themes; of two themes with the same id, the one in the earlier directory is used.

    Attributes:
        directories: the directories with theme files.
    """

    directories: tuple[Path, ...] = (RESOURCES,)

    @classmethod
    def of(cls, config_dir: Path) -> Library:
        """The user's own themes and Outlive's."""
        return cls((own_themes(config_dir), RESOURCES))

    def __contains__(self, identifier: str) -> bool:
        return self._find(identifier) is not None

    def path(self, identifier: str) -> Path:
        """The file of a theme.

        Raises:
            ConfigError: there is none.
        """
        path = self._find(identifier)
        if path is None:
            raise ConfigError(f"there is no theme '{identifier}' in {self.directories[0]}")
        return path

    def _find(self, identifier: str) -> Path | None:
        if not re.fullmatch(r"[^/\\\0]{1,100}", identifier):
            return None
        paths = (directory / f"{identifier}.toml" for directory in self.directories)
        return next((path for path in paths if path.exists()), None)

    def scheme(self, identifier: str) -> Scheme:
        """A theme by its id.

        Raises:
            ConfigError: there is none, or its file cannot be read.
        """
        return read_theme(self.path(identifier))

    def pair(self, identifier: str) -> SchemePair:
        """A theme with its counterpart.

        Raises:
            ConfigError: one of the two does not exist, or its file cannot be read.
        """
        return self._with_counterpart(self.scheme(identifier))

    def _with_counterpart(self, chosen: Scheme) -> SchemePair:
        if not chosen.pair:
            return SchemePair(chosen, chosen)
        if chosen.pair not in self:
            raise ConfigError(f"{self.path(chosen.id)}: its pair '{chosen.pair}' does not exist")
        other = self.scheme(chosen.pair)
        if other.dark == chosen.dark:
            kind = "dark" if chosen.dark else "light"
            raise ConfigError(f"{self.path(chosen.id)}: both '{chosen.id}' and its pair '{other.id}' are {kind}")
        return SchemePair(chosen, other) if chosen.dark else SchemePair(other, chosen)

    def pairs(self) -> tuple[list[SchemePair], list[str]]:
        """All themes, each with its counterpart: Outlive's own first, then by name.

        Returns:
            The themes, and one line for each file that cannot be read.
        """
        found: dict[str, SchemePair] = {}
        problems: list[str] = []
        for identifier in self.ids():
            try:
                scheme = self.scheme(identifier)
                pair = self._with_counterpart(scheme)
            except ConfigError as error:
                problems.append(str(error))
                continue
            # Two files that name each other are listed once; a user's file may name any theme as its counterpart.
            is_mutual = pair.dark.pair == pair.light.id and pair.light.pair == pair.dark.id
            found.setdefault(min(pair.dark.id, pair.light.id) if is_mutual else identifier, pair)
        ordered = sorted(found, key=lambda each: (each != DEFAULT, found[each].dark.name.casefold()))
        return [found[each] for each in ordered], problems

    def ids(self) -> list[str]:
        """The ids of all themes."""
        found: dict[str, None] = {}
        for directory in self.directories:
            try:
                names = sorted(path.stem for path in directory.iterdir() if path.suffix == ".toml")
            except OSError:
                continue  # The user has no themes of their own.
            found |= dict.fromkeys(names)
        return list(found)
