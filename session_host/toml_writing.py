"""Writes the user's files: as a whole, or single values while comments and order stay."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from session_host.errors import ConfigError
from session_host.paths import make_directories
from session_host.toml_file import TomlFile

Key = tuple[str, ...]
Value = str | int | float | bool | list[str] | None
Values = Mapping[str, Any] | Mapping[Key, Any] | Mapping[tuple[str, str], Any]
"""Values by key, each a ``Value``: mappings are invariant in their keys, so the kinds of keys are listed."""


def write_text(path: Path, text: str) -> None:
    """Replace a file's content atomically; a symbolic link stays, and after a failure the content is unchanged.

    Raises:
        ConfigError: the file cannot be written.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.new")
    try:
        make_directories(target.parent)
        mode = target.stat().st_mode & 0o777 if target.exists() else None
        if mode is not None and not mode & 0o222:
            raise ConfigError(f"{path}: the file is read-only; nothing was changed")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; nothing was changed") from error


def write_values(path: Path, values: Values) -> None:
    """Set values of a TOML file, and leave everything else unchanged; None removes a value.

    The file is read again first, so changes that were made meanwhile stay.

    Args:
        path: the file.
        values: the values by key; a key of several parts is in a table.

    Raises:
        ConfigError: the file is no TOML, or cannot be written.
    """
    with changed_document(path) as document:
        for key, value in values.items():
            set_value(document, (key,) if isinstance(key, str) else key, value)


@contextlib.contextmanager
def changed_document(path: Path) -> Iterator[Any]:
    """The TOML file as a ``tomlkit`` document; a changed document is written at the end.

    Raises:
        ConfigError: the file is no TOML, or cannot be written.
    """
    import tomlkit  # Imported only when a setting is changed.

    file = TomlFile.read(path)
    file.values()  # Raises errors that name the line.
    document = tomlkit.parse(file.text)
    yield document
    text = tomlkit.dumps(document)
    if text != file.text:
        write_text(path, text)


def set_value(table: Any, key: Key, value: Value) -> None:
    """Set a value of a document or of one of its tables; None removes it."""
    import tomlkit

    first, *rest = key
    if not rest:
        if value is None:
            table.pop(first, None)
        else:
            table[first] = value
        return
    if not isinstance(table.get(first), Mapping):
        if value is None:
            return
        table[first] = tomlkit.inline_table()
    set_value(table[first], tuple(rest), value)
    if not table[first]:
        table.pop(first)
