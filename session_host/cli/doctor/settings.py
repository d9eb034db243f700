"""Checks the user's settings files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from session_host.cli.doctor.check import Check, fail, ok, warn
from session_host.client.chats.settings import load_chat_settings
from session_host.errors import ConfigError
from session_host.paths import config_dir

FILES = ("window.toml", "keys.toml", "chats.toml")
_REMEDY = "fix the file, or move it away"


def settings() -> Iterator[Check]:
    """One check for each invalid file; one for all if every file is valid."""
    directory = config_dir()
    all_valid = True
    for name in FILES:
        path = directory / name
        if problem := _problem(path):
            all_valid = False
            if name == "chats.toml":
                yield fail(name, f"{problem}; chats cannot start", _REMEDY)
            else:
                yield warn(name, f"{problem}; using the defaults", _REMEDY)
        elif name == "chats.toml":
            try:
                load_chat_settings(directory)
            except ConfigError as error:
                all_valid = False
                yield fail(name, f"{error}; chats cannot start", _REMEDY)
    if all_valid:
        found = [name for name in FILES if (directory / name).exists()]
        yield ok("settings", f"{', '.join(found)} in {directory}" if found else f"none in {directory}")


def _problem(path: Path) -> str:
    """The reason why the file is not valid TOML, with its line; "" if it is valid."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        return f"{path}:{error.object[: error.start].count(10) + 1}: not valid UTF-8"
    except OSError as error:
        return f"{path}: cannot read it ({error.strerror})"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib reports the line only in its message.
        place = re.search(r"at line (\d+)", str(error))
        return f"{path}:{place[1] if place else len(text.splitlines())}: {error}"
    except RecursionError:
        return f"{path}:1: too many nested levels"
    return ""
