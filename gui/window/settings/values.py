"""The settings' values for the rows: read from the files again at each change, and written one by one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from gui.settings.live import LiveSettings
from gui.settings.table import FileName, FileValues, Setting, file_of
from session_host.client.chats.settings import repository_problem
from session_host.errors import ConfigError

FILES: tuple[FileName, ...] = ("window", "chats", "endpoint")


class Values(QObject):
    """The values of the files, and their problems.

    Signals:
        changed: the values were read again.
    """

    changed = Signal()

    def __init__(self, settings: LiveSettings, parent: QObject) -> None:
        super().__init__(parent)
        self.settings = settings
        self._files: dict[FileName, FileValues] = {}
        self._refused: dict[tuple[str, str], str] = {}
        """Problems of values that the user wanted and that were not written."""
        settings.files_changed.connect(self.read)
        self.read()

    def read(self) -> None:
        """Read the files."""
        directory = self.settings.directory
        self._files = {name: FileValues.read(directory, name) for name in FILES}
        self.changed.emit()

    def of(self, setting: Setting) -> Any:
        """The value that is shown: the file's, or the default."""
        found, _problem = self._files[setting.file].of(setting)
        return setting.default if found is None else found

    def is_set(self, setting: Setting) -> bool:
        """Whether the file has the setting."""
        found, problem = self._files[setting.file].of(setting)
        return found is not None or bool(problem)

    def problem(self, setting: Setting) -> str:
        """The problem of a setting, with file and line, or why it was not written; "" for none."""
        refused = self._refused.get((setting.file, setting.key), "")
        return self.shortened(refused or self._files[setting.file].of(setting)[1])

    def setups(self) -> tuple[dict[str, str], str]:
        """The setups of worktrees by repository, and the problem of one that is invalid, "" for none."""
        found, problem = self._files["chats"].texts("worktree_setup", repository_problem)
        return found, self.shortened(problem)

    def shortened(self, problem: str) -> str:
        """A problem without the directory of the files."""
        return problem.replace(f"{self.settings.directory}/", "")

    def problem_of_file(self, name: FileName) -> str:
        """Why a file cannot be read; "" if it can."""
        return self._files[name].problem

    def path(self, name: FileName) -> str:
        """The path of a file."""
        return str(file_of(self.settings.directory, name))

    def set(self, setting: Setting, value: Any) -> None:
        """Write a value; None removes it, so its default applies. A refusal is stored as the setting's problem."""
        field = (setting.file, setting.key)
        self._refused.pop(field, None)
        # A field that is empty by default has no entry if it is empty.
        is_empty = isinstance(value, str | list | tuple) and not value and not setting.default
        removed = value is None or is_empty
        problem = "" if removed else setting.kind.problem(value)
        if problem:
            self._refused[field] = f"{setting.label()} {problem}"
            self.changed.emit()
            return
        try:
            self.settings.write({setting.key: None if removed else value}, setting.file)
        except ConfigError as error:
            self._refused[field] = str(error)
            self.changed.emit()

    def is_refused(self, setting: Setting) -> bool:
        """Whether the user's last value was not written."""
        return (setting.file, setting.key) in self._refused
