"""Reads the settings of one file value by value, so that an invalid value does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gui.settings.table import Setting, file_of
from session_host.errors import ConfigError
from session_host.toml_file import TomlFile


@dataclass(frozen=True)
class FileValues:
    """The content of one settings file.

    Attributes:
        problem: why the file cannot be read at all, with its line; "" if it can.
        values: the top level of the file.
        file: the file's text, to find the lines of problems.
    """

    problem: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    file: TomlFile | None = None

    @classmethod
    def read(cls, directory: Path, name: str) -> FileValues:
        """Read a file; a missing one has no values."""
        try:
            file = TomlFile.read(file_of(directory, name))
            return cls("", file.values(), file)
        except ConfigError as error:
            return cls(str(error))

    def of(self, setting: Setting) -> tuple[Any, str]:
        """The value of a setting, and its problem.

        Returns:
            The value, None if it is missing or invalid; and the problem with file and line, "" for none.
        """
        if setting.key not in self.values:
            return None, ""
        found = self.values[setting.key]
        problem = setting.kind.problem(found)
        return (None, self._error(setting.key, f"{setting.key} {problem}")) if problem else (found, "")

    def texts(self, key: str, problem_of: Callable[[str], str]) -> tuple[dict[str, str], str]:
        """The entries of a table that are texts, and the first problem of an entry with file and line, "" for none.

        ``problem_of`` returns the problem of an entry's name, "" for a valid one.
        """
        found = self.values.get(key, {})
        if not isinstance(found, Mapping):
            return {}, self._error(key, f"{key} must be a table")
        texts = {name: value for name, value in found.items() if isinstance(value, str)}
        problems = [f"{name!r} must be a text in quotes" for name in found if name not in texts]
        problems += filter(None, map(problem_of, texts))
        return texts, self._error(key, f"{key}: {problems[0]}") if problems else ""

    def _error(self, key: str, problem: str) -> str:
        return "" if self.file is None else str(self.file.error((key,), problem))
