"""The user's command that sets up new worktrees of a repository, for the sheet of a new chat and the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.settings.writing import write_values
from session_host.errors import ConfigError, WorktreeError
from session_host.paths import config_dir


class SetupEntry(NamedTuple):
    """An entry of ``worktree_setup`` in ``chats.toml``.

    Attributes:
        repository: the repository's directory as written in the file, or as a new entry would be written.
        command: the command; "" for none.
    """

    repository: str
    command: str


async def setup_of(directory: str) -> SetupEntry | None:
    """The entry for the repository of a directory; None outside of one, or if the settings cannot be read."""
    try:
        return await entry_of(directory)
    except (WorktreeError, ConfigError):
        return None  # The start says why.


async def entry_of(directory: str) -> SetupEntry:
    """The entry for the repository of a directory; one with an empty command if the file has none.

    Raises:
        WorktreeError: the directory is in no repository.
        ConfigError: the settings cannot be read.
    """
    return await asyncio.to_thread(_read, directory)


def _read(directory: str) -> SetupEntry:
    from session_host.client.chats.settings import load_chat_settings
    from session_host.client.worktrees import find
    from session_host.storage.store.session_record import directory_of

    repository = str(find(Path(directory)).common)
    found = load_chat_settings(config_dir()).setup_of(repository)
    return SetupEntry(*found) if found is not None else SetupEntry(directory_of(repository), "")


async def note_on_worktree(chat: Chat) -> str:
    """A line for the user about a new chat's worktree; "" for nothing to say."""
    from session_host.client.chats import chat_worktree

    return await asyncio.to_thread(chat_worktree.note_on_worktree, chat.record)


def write_setup(entry: SetupEntry) -> None:
    """Write an entry, and keep everything else in the file; one without a command is removed.

    Raises:
        ConfigError: the file cannot be read or written; nothing was changed.
    """
    write_values(config_dir() / "chats.toml", {("worktree_setup", entry.repository): entry.command or None})
