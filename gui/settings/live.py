"""The current settings: read again when one of the user's files changes, and written from the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from gui.timers import single_shot
from session_host.agents.agent import Agent
from session_host.agents.catalog import BUILT_IN_DIRECTORY, load_catalog, load_valid_agents
from session_host.toml_writing import Value, Values, write_values

from .preferences import Preferences, load_preferences
from .text_keys import TextKey, write_keys
from .theme_files import Library, own_themes

FILES = ("window.toml", "keys.toml", "chats.toml", "endpoint.toml", "machines.toml")

DEBOUNCE_MS = 60
"""Debounce time: an editor writes a file in several steps."""


class LiveSettings(QObject):
    """The user's settings, kept equal to the files.

    Signals:
        changed: ``preferences`` changed.
        files_changed: one of the files may have changed, also one that is not part of ``preferences``.
        problems(list): the unreadable files changed; one line for each, an empty list if all can be read.

    Attributes:
        directory: the configuration directory.
        preferences: the current settings.
    """

    changed = Signal()
    files_changed = Signal()
    problems = Signal(list)

    def __init__(self, directory: Path, preferences: Preferences | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.directory = directory
        self.preferences = preferences or load_preferences(directory)
        self._watcher: QFileSystemWatcher | None = None
        self._debounce = single_shot(self, DEBOUNCE_MS)
        self._debounce.timeout.connect(self.read_again)

    @property
    def library(self) -> Library:
        """The available themes."""
        return Library.of(self.directory)

    def follow(self) -> None:
        """Start to watch the files."""
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_change)
        self._watcher.fileChanged.connect(self._on_change)
        self._watch()

    def close(self) -> None:
        """Stop watching."""
        self._debounce.stop()
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None

    def _watch(self) -> None:
        """Watch the existing files and directories; a replaced file is watched again."""
        if self._watcher is None:
            return
        agents = self.directory / "agents"
        directories = [self.directory, own_themes(self.directory), agents]
        paths = [path for path in directories if path.is_dir()]
        if self.directory not in paths:
            paths.append(next(parent for parent in self.directory.parents if parent.is_dir()))
        theme = self.preferences.window.theme
        pair = self.preferences.pair
        names = {theme} | ({pair.dark.id, pair.light.id} if pair is not None else set())
        files = [self.directory / name for name in FILES]
        files += [own_themes(self.directory) / f"{name}.toml" for name in names]
        files += agents.glob("*.toml")
        paths += [path for path in files if path.is_file()]
        watched = {*self._watcher.directories(), *self._watcher.files()}
        if obsolete := [path for path in self._watcher.directories() if Path(path) not in paths]:
            self._watcher.removePaths(obsolete)
        missing = [str(path) for path in paths if str(path) not in watched]
        if missing:
            self._watcher.addPaths(missing)

    def _on_change(self, _path: str) -> None:
        self._debounce.start()

    def read_again(self) -> None:
        """Read the files again, and emit signals for changes."""
        previous = self.preferences
        current = load_preferences(self.directory, previous)
        self.preferences = current
        self._watch()
        if current.problems != previous.problems:
            self.problems.emit(list(current.problems))
        parts = ("window", "is_window_read", "pair", "keys", "texts")
        if any(getattr(current, part) != getattr(previous, part) for part in parts):
            self.changed.emit()
        self.files_changed.emit()

    def write(self, values: Values, file: str = "window") -> None:
        """Write values into one of the files, and apply them at once; None removes a value, so its default applies.

        Raises:
            ConfigError: the file cannot be read or written; nothing was changed.
        """
        write_values(self.directory / f"{file}.toml", values)
        self.read_again()

    def write_keys(self, actions: Mapping[str, Value], texts: Sequence[TextKey | None]) -> None:
        """Write keys of actions and of texts, and apply them at once; see ``text_keys.write_keys``.

        Raises:
            ConfigError: the file cannot be read or written; nothing was changed.
        """
        write_keys(self.directory / "keys.toml", actions, self.preferences.texts, texts)
        self.read_again()


class _Changes(QObject):
    """Has the signal of ``LiveAgents``, which cannot be a mapping and a QObject at once."""

    changed = Signal()


class LiveAgents(Mapping[str, Agent]):
    """The current agents; every holder of this mapping sees changes.

    Nobody else reads the files: each change reaches all that are connected to ``changed``.

    Attributes:
        changed: the signal that the mapping, ``problem`` or the list of the user's files changed.
        problem: the reason why one of the user's files cannot be read; then its agent stays as it was. "" if all can be
            read.
    """

    def __init__(self, settings: LiveSettings) -> None:
        """Read the catalog. If the user's file for one of Outlive's agents cannot be read, the agent is unchanged."""
        directory = self._directory = settings.directory
        self._signature = self._read_signature()
        self._catalog, self.problem = load_valid_agents(directory, load_catalog(directory / "none"))
        self._changes = _Changes(settings)
        self.changed = self._changes.changed
        settings.files_changed.connect(self._read_again)

    def __getitem__(self, name: str) -> Agent:
        return self._catalog[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog)

    def __len__(self) -> int:
        return len(self._catalog)

    def _read_again(self) -> None:
        """Read the catalog again if a file changed."""
        signature = self._read_signature()
        if signature == self._signature:
            return
        self._signature = signature
        self._catalog, self.problem = load_valid_agents(self._directory, self._catalog)
        self.changed.emit()

    def has_user_file(self, name: str) -> bool:
        """Whether the user has a file for this agent: a new agent, or changes to a built-in one."""
        return self.file_of(name).exists()

    def file_of(self, name: str) -> Path:
        """The user's file for an agent, which may not exist."""
        return self._directory / "agents" / f"{name}.toml"

    def _read_signature(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in sorted((self._directory / "agents").glob("*.toml")):
            try:
                status = path.stat()
            except OSError:
                continue  # The file was removed meanwhile; the directory's watcher reports that, too.
            found.append((path.name, status.st_mtime_ns, status.st_size))
        return tuple(found)


def is_built_in(name: str) -> bool:
    """Whether this is one of Outlive's own agents."""
    return (BUILT_IN_DIRECTORY / f"{name}.toml").exists()
