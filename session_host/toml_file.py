"""Reads a TOML file of the user's into a struct; each problem names the file, the line and the key."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from session_host.errors import ConfigError

T = TypeVar("T")

MAX_BYTES = 256 * 1024

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "a table",
}
"""Words for msgspec's names of kinds."""


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
            return cls(path, read_users_file(path))
        except FileNotFoundError:
            return cls(path, "")

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
            problem = "a closing quote is missing" if what == r"Illegal character '\n'" else _lower(what or str(error))
            raise ConfigError(f"{self.path}:{number}: {problem}") from error
        except RecursionError:
            raise ConfigError(f"{self.path}: too many nested levels") from None

    def convert(self, kind: type[T], without: str = "") -> T:
        """The values as a struct or another type of msgspec, except those of the key ``without``.

        Raises:
            ConfigError: the text is not TOML, or a value does not fit.
        """
        values = self.values()
        values.pop(without, None)
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            problem, _, location = str(error).partition(" - at ")
            # msgspec does not name the key of a dictionary.
            keys = re.findall(r"\.([A-Za-z0-9_-]+)", location) or _first_invalid(values, kind)
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
                problem = f"{keys[-1]}: {plain_problem(problem, _choices(kind, keys))}"
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


def read_users_file(path: Path) -> str:
    """The text of a file that the user wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it cannot be read; the message names the file.
    """
    try:
        # A pipe would be waited for, and a device may be endless.
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: not a regular file; move it away")
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it ({error.strerror})") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: longer than {MAX_BYTES // 1024} KiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8") from error


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _first_invalid(values: dict[str, Any], kind: type[Any]) -> list[str]:
    """A list of the first key whose value does not fit; an empty list if all fit."""
    for key, value in values.items():
        try:
            msgspec.convert({key: value}, kind)
        except msgspec.ValidationError:
            return [key]
    return []


def _choices(kind: Any, keys: list[str]) -> list[str]:
    """The texts that a key of a struct may have; none if it may have any, or is in a table of its own."""
    if len(keys) != 1 or not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return []
    return [choice for choice in get_args(get_type_hints(kind).get(keys[0])) if isinstance(choice, str)]


def plain_problem(problem: str, choices: Sequence[str] = ()) -> str:
    """A problem of a value that msgspec reports, in the words of the guide."""
    if found := re.fullmatch(r"Expected `(.+)`, got `(.+)`", problem):
        expected = [_KINDS.get(name, name) for name in found.group(1).split(" | ") if name != "null"]
        return f"expected {' or '.join(expected)}, got {_KINDS.get(found.group(2), found.group(2))}"
    if found := re.fullmatch(r"Invalid enum value (.+)", problem):
        return f"{found.group(1)} is not one of its values" + (f": {', '.join(choices)}" if choices else "")
    return _lower(problem)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
