"""Reads a TOML file of the user's into a struct; each problem names the file and the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from session_host.errors import ConfigError

T = TypeVar("T")

MAX_BYTES = 256 * 1024


class TomlFile:
    """The text of a TOML file.

    Attributes:
        path: the file, for messages.
        text: its content.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    @classmethod
    def read(cls, path: Path) -> TomlFile:
        """Read a file; a missing one counts as empty.

        Raises:
            ConfigError: the file cannot be read.
        """
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return cls(path, "")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path}: longer than {MAX_BYTES // 1024} KiB")
        try:
            return cls(path, content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigError(f"{path}:{line}: not UTF-8") from error

    def values(self) -> dict[str, Any]:
        """All values.

        Raises:
            ConfigError: the text is not TOML.
        """
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            what, _, location = str(error).rpartition(" (at ")
            line = re.match(r"line (\d+)", location)
            number = int(line.group(1)) if line else len(self.text.splitlines()) or 1
            raise ConfigError(f"{self.path}:{number}: {_lower(what or str(error))}") from error
        except RecursionError:
            raise ConfigError(f"{self.path}: too many nested levels") from None

    def convert(self, kind: type[T], without: str = "") -> T:
        """The values as a struct or another type of msgspec, except those of the key ``without``.

        Raises:
            ConfigError: the text is not TOML, or a value does not fit.
        """
        try:
            values = self.values()
            values.pop(without, None)
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            problem, _, location = str(error).partition(" - at ")
            keys = re.findall(r"\.([A-Za-z0-9_-]+)", location)
            unknown = re.search(r"unknown field `(.*)`", problem)
            missing = re.search(r"missing required field `(.*)`", problem)
            if unknown is not None:
                keys.append(unknown.group(1))
                problem = f"unknown setting '{unknown.group(1)}'"
            elif missing is not None:
                problem = f"'{missing.group(1)}' is missing"
            elif "#[0-9a-f" in problem:
                problem = f'{keys[-1] if keys else "value"}: a colour is written as "#rrggbb"'
            elif keys:
                problem = f"{keys[-1]}: {_lower(problem)}"
            raise self.error(keys, problem.replace("`", "'")) from error

    def error(self, keys: Sequence[str], problem: str) -> ConfigError:
        """An error that names the line of a key, such as ``("terminal", "cursor")``."""
        line = self.line_of(keys)
        return ConfigError(f"{self.path}:{line}: {problem}" if line else f"{self.path}: {problem}")

    def line_of(self, keys: Sequence[str]) -> int:
        """The line of a key, or of the table that it would be in; 0 for none. The first line has the number 1."""
        table: list[str] = []
        of_the_table = 0
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
                table = [part.strip().strip("\"'") for part in header.group(1).split(".")]
                if table == list(keys):
                    return number
                if table == list(keys[: len(table)]):
                    of_the_table = number
            elif (entry := re.match(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*[=.]""", line)) and [
                *table,
                entry.group(1),
            ] == list(keys[: len(table) + 1]):
                return number
        return of_the_table


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
