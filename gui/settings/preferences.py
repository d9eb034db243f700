"""The user's settings files: ``window.toml`` and ``keys.toml``.

``keys.toml`` names actions as ``gui.window.actions.action_table`` does::

    new_chat = "Ctrl+Shift+N"
    close_tab = ["Ctrl+Shift+W", "Ctrl+F4"]
    full_screen = ""                  # no key

    [[text]]                          # see ``gui.settings.text_keys``
    keys = "Ctrl+Alt+G"
    text = 'git status\r'

Both files are optional. An unreadable file is not changed, and is reported in one line. At the start, the defaults are
used instead; later, the previous settings stay in effect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import msgspec

from gui.theme.scheme import SchemePair
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Look
from session_host.client.chats.settings import load_chat_settings
from session_host.errors import ConfigError
from session_host.terminal.base import CursorShape
from session_host.toml_file import TomlFile

from .table import SETTINGS, Appearance, WindowFile
from .text_keys import TABLE, TextKey, name_of, read_text_keys
from .theme_files import DEFAULT, Library


class Preferences(msgspec.Struct, frozen=True):
    """The user's settings, with defaults for missing ones.

    Attributes:
        is_window_read: whether ``window`` is what the file says, or said before a mistake; else it has the defaults.
        keys: the keys of each action that the user configured (empty: none).
        key_lines: the line of each action in ``keys.toml``.
        texts: the keys that type a text.
        pair: the theme that ``window.theme`` names; None until ``load_preferences`` read one.
        problems: one line for each file that could not be read.
    """

    window: WindowFile = WindowFile()
    is_window_read: bool = True
    keys: dict[str, list[str]] = {}
    key_lines: dict[str, int] = {}
    texts: tuple[TextKey, ...] = ()
    pair: SchemePair | None = None
    problems: tuple[str, ...] = ()

    @property
    def all_keys(self) -> dict[str, list[str]]:
        """The user's keys of actions and of texts, which are named as by ``text_keys.name_of``."""
        return self.keys | {name_of(at): list(entry.keys) for at, entry in enumerate(self.texts)}

    @property
    def all_lines(self) -> dict[str, int]:
        """The line in ``keys.toml`` of each name in ``all_keys``."""
        return self.key_lines | {name_of(at): entry.line for at, entry in enumerate(self.texts)}

    @property
    def look(self) -> Look:
        """The look of terminals, without the colours."""
        window = self.window
        return Look(window.readable_colors, CursorShape(window.cursor_shape), window.cursor_blinks, window.text_blinks)

    @property
    def terminal_font(self) -> TerminalFont:
        """The font of terminals, without its size."""
        window = self.window
        return TerminalFont(
            window.font, window.ligatures, window.fallback_fonts, window.font_weight, window.font_features
        )

    @property
    def schemes(self) -> SchemePair:
        """The theme with its counterpart."""
        return self.pair or Library().pair(DEFAULT)


def window_file(directory: Path) -> Path:
    """The file with the window's settings."""
    return directory / "window.toml"


def load_preferences(directory: Path, previous: Preferences | None = None) -> Preferences:
    """Read the user's files; never raises for their contents.

    Args:
        directory: the configuration directory.
        previous: the current settings, which stay if a file cannot be read; without them, the defaults are used.
    """
    problems: list[str] = []
    known = previous or Preferences(is_window_read=False)
    stays = "Using the defaults." if previous is None else "The previous settings stay."
    window, is_window_read, pair = known.window, known.is_window_read, known.pair
    keys, lines, texts = known.keys, known.key_lines, known.texts
    try:
        window, is_window_read = _read_window(window_file(directory)), True
    except ConfigError as error:
        problems.append(f"{error}. {stays}")
    try:
        keys, lines, texts = _read_keys(directory / "keys.toml")
    except ConfigError as error:
        problems.append(f"{error}. {stays}")
    try:
        pair = _read_theme(directory, window.theme)
    except ConfigError as error:
        problems.append(f"{error}. {'Using the default theme.' if previous is None else 'The previous theme stays.'}")
    try:
        load_chat_settings(directory)
    except ConfigError as error:
        problems.append(f"{error}. New chats cannot start until it is corrected.")
    return Preferences(window, is_window_read, keys, lines, texts, pair, tuple(problems))


_FORMER: Final = "day_in_rows"
"""A setting of version 0.1.0 that has no effect any more."""


def _read_window(path: Path) -> WindowFile:
    file = TomlFile.read(path)
    found = file.convert(WindowFile, without=_FORMER)
    for setting in SETTINGS:
        if setting.file == "window" and (problem := setting.kind.problem(getattr(found, setting.key))):
            raise file.error((setting.key,), f"{setting.key} {problem}")
    return found


def _read_keys(path: Path) -> tuple[dict[str, list[str]], dict[str, int], tuple[TextKey, ...]]:
    """The keys of each action, and its line; the keys that type a text."""
    file = TomlFile.read(path)
    texts = read_text_keys(file)
    found = file.convert(dict[str, str | list[str]], without=TABLE)
    keys = {
        action: [key for key in ([keys] if isinstance(keys, str) else keys) if key] for action, keys in found.items()
    }
    return keys, {action: file.line_of((action,)) for action in keys}, texts


def _read_theme(directory: Path, identifier: str) -> SchemePair:
    library = Library.of(directory)
    if identifier not in library:
        file = TomlFile.read(window_file(directory))
        remedy = f'use appearance = "{identifier}"' if identifier in get_args(Appearance) else "choose one in Settings"
        raise file.error(("theme",), f"there is no theme '{identifier}'; {remedy}")
    return library.pair(identifier)
