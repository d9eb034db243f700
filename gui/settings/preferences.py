"""The user's settings files: ``window.toml`` and ``keys.toml``.

``window.toml``::

    appearance = "desktop"            # or "dark", "light"
    font = "JetBrains Mono"           # the terminal's; the desktop's monospace font if left out
    font_size = 13                    # in pixels; the desktop's if left out
    notifications = true              # the desktop tells when a chat begins to need you
    readable_colors = true            # text of programs is moved away from a ground that it cannot be read on
    editor = "code"                   # opens files that a terminal names; may have {file}, {line}, {column}

``keys.toml`` names actions as ``gui.window.actions.key_table`` does::

    new_chat = "Ctrl+Shift+N"
    close_tab = ["Ctrl+Shift+W", "Ctrl+F4"]
    full_screen = ""                  # no key

Both files are optional. An unreadable one is left unchanged, reported in one line, and counts as empty.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from session_host.errors import ConfigError

FONT_SIZE_RANGE_PX = (6, 48)


class WindowFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in ``window.toml``."""

    appearance: Literal["desktop", "dark", "light"] = "desktop"
    font: str = ""
    font_size: int = 0
    notifications: bool = True
    readable_colors: bool = True
    editor: str = ""


class Preferences(msgspec.Struct, frozen=True):
    """The user's settings, with defaults for missing ones.

    Attributes:
        keys: the keys of each action that the user configured (empty: none).
        problems: one line for each file that could not be read.
    """

    window: WindowFile = WindowFile()
    keys: dict[str, list[str]] = {}
    problems: tuple[str, ...] = ()


def load_preferences(directory: Path) -> Preferences:
    """Read the user's files; never raises for their contents."""
    problems: list[str] = []
    window = WindowFile()
    keys: dict[str, list[str]] = {}
    try:
        window = _read_window(directory / "window.toml")
    except ConfigError as error:
        problems.append(str(error))
    try:
        keys = _read_keys(directory / "keys.toml")
    except ConfigError as error:
        problems.append(str(error))
    return Preferences(window=window, keys=keys, problems=tuple(problems))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"Can’t read {path} ({error.strerror}). Using the defaults.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"Can’t read {path}: {error}. Using the defaults.") from error
    except RecursionError:
        raise ConfigError(f"Can’t read {path}: too many nested levels. Using the defaults.") from None


def _read_window(path: Path) -> WindowFile:
    try:
        found = msgspec.convert(_read(path), WindowFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_plain(error)}. Using the defaults.") from error
    smallest, largest = FONT_SIZE_RANGE_PX
    if found.font_size and not smallest <= found.font_size <= largest:
        raise ConfigError(f"{path}: font_size must be between {smallest} and {largest}. Using the defaults.")
    return found


def _read_keys(path: Path) -> dict[str, list[str]]:
    try:
        found = msgspec.convert(_read(path), dict[str, str | list[str]])
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_plain(error)}. Using the defaults.") from error
    return {
        action: [key for key in ([keys] if isinstance(keys, str) else keys) if key] for action, keys in found.items()
    }


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace("Object contains unknown field", "unknown setting").replace("`", "'")
