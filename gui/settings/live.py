"""The settings in force: read again when one of the user's files changes, and written when the user chooses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from gui.settings.preferences import Preferences, load_preferences
from gui.settings.themes.library import Library, own_themes
from gui.settings.writing import Values, write_values

FILES = ("window.toml", "keys.toml", "chats.toml", "endpoint.toml")

SETTLE_MS = 60
"""An editor writes a file in several steps; one look after them is enough."""


class LiveSettings(QObject):
    """The user's settings, kept equal to the files.

    Signals:
        changed: ``preferences`` are others.
        files_changed: one of the files may have other content, also one that ``preferences`` does not have.
        problems(list): one line for each file that cannot be read, when these are others; none when all can be read.

    Attributes:
        directory: the configuration directory.
        preferences: the settings in force.
    """

    changed = Signal()
    files_changed = Signal()
    problems = Signal(list)

    def __init__(self, directory: Path, preferences: Preferences | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.directory = directory
        self.preferences = preferences or load_preferences(directory)
        self._watcher: QFileSystemWatcher | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.read_again)

    @property
    def library(self) -> Library:
        """The themes to choose from."""
        return Library.of(self.directory)

    def follow(self) -> None:
        """Watch the files from now on."""
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_change)
        self._watcher.fileChanged.connect(self._on_change)
        self._watch()

    def close(self) -> None:
        """Watch no more."""
        self._settle.stop()
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None

    def _watch(self) -> None:
        """Watch what exists and is not watched yet; a replaced file is watched anew."""
        if self._watcher is None:
            return
        agents = self.directory / "agents"
        directories = [self.directory, own_themes(self.directory), agents]
        wanted = [path for path in directories if path.is_dir()]
        if self.directory not in wanted:
            wanted.append(next(parent for parent in self.directory.parents if parent.is_dir()))
        theme = self.preferences.window.theme
        pair = self.preferences.pair
        names = {theme} | ({pair.dark.id, pair.light.id} if pair is not None else set())
        files = [self.directory / name for name in FILES]
        files += [own_themes(self.directory) / f"{name}.toml" for name in names]
        files += agents.glob("*.toml")
        wanted += [path for path in files if path.is_file()]
        watched = {*self._watcher.directories(), *self._watcher.files()}
        if passed := [path for path in self._watcher.directories() if Path(path) not in wanted]:
            self._watcher.removePaths(passed)
        missing = [str(path) for path in wanted if str(path) not in watched]
        if missing:
            self._watcher.addPaths(missing)

    def _on_change(self, _path: str) -> None:
        self._settle.start()

    def read_again(self) -> None:
        """Read the files, and report what changed."""
        former = self.preferences
        found = load_preferences(self.directory, former)
        self.preferences = found
        self._watch()
        if found.problems != former.problems:
            self.problems.emit(list(found.problems))
        if (found.window, found.pair, found.keys) != (former.window, former.pair, former.keys):
            self.changed.emit()
        self.files_changed.emit()

    def write(self, values: Values, file: str = "window") -> None:
        """Set values in one of the files, and use them at once; None removes one, so that its default counts.

        Raises:
            ConfigError: the file cannot be read or written; nothing was changed.
        """
        write_values(self.directory / f"{file}.toml", values)
        self.read_again()
