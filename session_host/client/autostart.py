"""Start at login: creates and removes Outlive's file in the desktop's directory ``autostart``.

See the "Desktop Application Autostart Specification". A file without our mark, or one that the desktop's own settings
have disabled, is not changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from session_host.client.window_control import HIDDEN_START
from session_host.errors import ConfigError
from session_host.system.installation import lasting_command
from session_host.toml_writing import write_text

_MARK = "X-Outlive-StartAtLogin=true"
_DISABLED = re.compile(r"(?m)^(Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$")
_PASSED_VARIABLES = ("OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR")
_RESERVED = re.compile(r"[^\w@%+=:,./-]")


def autostart_file() -> Path:
    """The file's path; it follows OUTLIVE_CONFIG_DIR if that is set."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    config_dir = os.environ.get("OUTLIVE_CONFIG_DIR", "")
    directory = Path(base) if base.startswith("/") else Path(config_dir) if config_dir else Path.home() / ".config"
    return directory / "autostart" / "outlive.desktop"


def is_ours(path: Path) -> bool:
    """Whether Outlive made the file at ``autostart_file``, and not its user.

    Raises:
        OSError: it cannot be read.
    """
    return _MARK in path.read_text(encoding="utf-8", errors="replace")


def set_start_at_login(*, enabled: bool, is_changed: bool) -> None:
    """Create, update or remove the file.

    Args:
        enabled: whether Outlive is to start at login.
        is_changed: whether the user has changed the setting since the last call. If not, an existing file is updated,
            but a missing one is not created again: somebody removed it on purpose.

    Raises:
        ConfigError: the file cannot be written or removed.
    """
    path = autostart_file()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read") from error
    has_mark = _MARK in text
    if enabled:
        entry = _entry()
        if (is_changed and not text) or (has_mark and text != entry and (is_changed or not _DISABLED.search(text))):
            write_text(path, entry)
    elif has_mark:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error


def _entry() -> str:
    command = lasting_command()
    variables = [f"{name}={os.environ[name]}" for name in _PASSED_VARIABLES if os.environ.get(name)]
    words = ["env", f"{HIDDEN_START}=1", *variables, *command]
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.5",
            "Name=Outlive",
            "Comment=Agent chats that outlive their window",
            f"Exec={' '.join(map(_quoted, words))}",
            f"TryExec={command[0]}",
            "Icon=outlive",
            "Terminal=false",
            "StartupNotify=false",
            _MARK,
            "",
        ]
    )


def _quoted(word: str) -> str:
    """Quote a word of ``Exec`` as the Desktop Entry Specification requires."""
    word = word.replace("%", "%%")
    if word and not _RESERVED.search(word):
        return word
    # Backslashes are escaped twice: by the quoting rules and by those of strings.
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("\\", "\\\\") + '"'
