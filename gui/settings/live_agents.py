"""The agent catalog; it is read again when one of the user's agent files changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gui.settings.live import LiveSettings
from session_host.agents.agent import Agent
from session_host.agents.catalog import BUILT_IN_DIRECTORY, load_catalog, load_valid_agents


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
