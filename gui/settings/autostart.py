"""Starting at login: a file in the desktop's directory ``autostart``, made and removed by the user's setting.

See the "Desktop Application Autostart Specification". A file without our mark, or one that a desktop's own settings
have disabled, is left alone.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from gui.settings.writing import write_text
from session_host.client.window_control import HIDDEN_START
from session_host.errors import ConfigError

_MARK = "X-Outlive-StartAtLogin=true"
_DISABLED = re.compile(r"(?m)^(Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$")
_PASSED_ON = ("OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR")
_RESERVED = re.compile(r"[^\w@%+=:,./-]")


def autostart_file() -> Path:
    """The file's path; with directories of Outlive's own set, it is there and not in the user's home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    own = os.environ.get("OUTLIVE_CONFIG_DIR", "")
    directory = Path(base) if base.startswith("/") else Path(own) if own else Path.home() / ".config"
    return directory / "autostart" / "outlive.desktop"


def start_at_login(*, wanted: bool, is_new: bool) -> None:
    """Make the file say what the user wants.

    Args:
        wanted: whether Outlive starts at login.
        is_new: whether the user has chosen this since it was last done. Otherwise a file that is gone stays so, since
            somebody removed it, and one that is there is only brought up to date.

    Raises:
        ConfigError: the file cannot be written or removed.
    """
    path = autostart_file()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read") from error
    is_ours = _MARK in text
    if wanted:
        entry = _entry()
        if (is_new and not text) or (is_ours and text != entry and (is_new or not _DISABLED.search(text))):
            write_text(path, entry)
    elif is_ours:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error


def _entry() -> str:
    program = Path(sys.executable).with_name("outlive")
    command = [str(program)] if program.exists() else [sys.executable, "-P", "-m", "session_host.cli"]
    variables = [f"{name}={os.environ[name]}" for name in _PASSED_ON if os.environ.get(name)]
    words = ["env", f"{HIDDEN_START}=1", *variables, *command]
    return "\n".join([
        "[Desktop Entry]", "Type=Application", "Version=1.5", "Name=Outlive",
        "Comment=Agent chats that outlive their window", f"Exec={' '.join(map(_quoted, words))}",
        f"TryExec={command[0]}", "Icon=outlive", "Terminal=false", "StartupNotify=false", _MARK, "",
    ])  # fmt: skip


def _quoted(word: str) -> str:
    """A word of ``Exec``, quoted as the Desktop Entry Specification says."""
    word = word.replace("%", "%%")
    if word and not _RESERVED.search(word):
        return word
    # The string's own escapes come on top of the quoting's.
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("\\", "\\\\") + '"'
