"""Writes the user's files: whole, or one value with comments and order kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gui.settings.toml_file import TomlFile
from session_host.errors import ConfigError
from session_host.paths import make_directories


def write_text(path: Path, text: str) -> None:
    """Replace a file's content at once; a link stays one.

    Raises:
        ConfigError: the file cannot be written.
    """
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.new")
    try:
        make_directories(target.parent)
        unfinished.write_text(text, encoding="utf-8")
        if target.exists():
            unfinished.chmod(target.stat().st_mode & 0o777)
        unfinished.replace(target)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def write_values(path: Path, values: Mapping[str, str | int | bool | None]) -> None:
    """Set values of a TOML file's top level; None removes one.

    Raises:
        ConfigError: the file is no TOML, or cannot be written.
    """
    import tomlkit  # Only a changed setting needs it.

    file = TomlFile.read(path)
    file.values()  # Its errors name the line.
    document = tomlkit.parse(file.text)
    for key, value in values.items():
        if value is None:
            document.pop(key, None)
        else:
            document[key] = value
    write_text(path, tomlkit.dumps(document))
