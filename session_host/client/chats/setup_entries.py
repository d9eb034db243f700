"""The entries of ``worktree_setup`` in ``chats.toml``: the command that sets up a repository's worktrees."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from session_host.client.worktrees import Status, find, status_of
from session_host.errors import ConfigError, WorktreeError
from session_host.paths import config_dir
from session_host.protocol.facts import directory_of
from session_host.toml_writing import write_values

from .settings import load_chat_settings


class SetupEntry(NamedTuple):
    """An entry.

    Attributes:
        repository: the repository's directory as written in the file, or as a new entry would be written.
        command: the command; "" for none.
    """

    repository: str
    command: str


class RepositoryFacts(NamedTuple):
    """The facts about a directory's repository that a start shows.

    Attributes:
        status: git's status of the directory.
        setup: the entry; None if the settings cannot be read, for which a start says why.
    """

    status: Status
    setup: SetupEntry | None


def repository_of(directory: str) -> RepositoryFacts | None:
    """The facts about a directory's repository; None outside of one. Blocks."""
    status = status_of(directory)
    if status is None:
        return None
    try:
        return RepositoryFacts(status, entry_of(directory))
    except (WorktreeError, ConfigError):
        return RepositoryFacts(status, None)


def entry_of(directory: str) -> SetupEntry:
    """The entry for the repository of a directory; one with an empty command if the file has none. Blocks.

    Raises:
        WorktreeError: the directory is in no repository.
        ConfigError: the settings cannot be read.
    """
    repository = str(find(Path(directory)).common)
    found = load_chat_settings(config_dir()).setup_of(repository)
    return SetupEntry(*found) if found is not None else SetupEntry(directory_of(repository), "")


def write_setup(entry: SetupEntry) -> None:
    """Write an entry, and keep everything else in the file; one without a command is removed.

    Raises:
        ConfigError: the file cannot be read or written; nothing was changed.
    """
    write_values(config_dir() / "chats.toml", {("worktree_setup", entry.repository): entry.command or None})
