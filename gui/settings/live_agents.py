"""The agent catalog; it is read again when one of the user's agent files changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from session_host.agents.agent import Agent
from session_host.agents.catalog import BUILT_IN_DIRECTORY, load_catalog
from session_host.errors import ConfigError


class LiveAgents(Mapping[str, Agent]):
    """The current agents; every holder of this mapping sees changes.

    Attributes:
        problem: the reason why the user's files cannot be read; then the previous agents stay. "" if they can be read.
    """

    def __init__(self, directory: Path) -> None:
        """Read the catalog; only Outlive's own agents if the user's files cannot be read."""
        self._directory = directory
        self._signature = self._read_signature()
        self.problem = ""
        try:
            self._catalog: Mapping[str, Agent] = load_catalog(directory)
        except ConfigError as error:
            self.problem = str(error)
            self._catalog = load_catalog(directory / "none")

    def __getitem__(self, name: str) -> Agent:
        return self._catalog[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog)

    def __len__(self) -> int:
        return len(self._catalog)

    def read_again(self) -> bool:
        """Read the catalog again if a file changed; returns whether one changed."""
        signature = self._read_signature()
        if signature == self._signature:
            return False
        self._signature = signature
        try:
            self._catalog, self.problem = load_catalog(self._directory), ""
        except ConfigError as error:
            self.problem = str(error)
        return True

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
