"""The user's request for a new chat, and the setup of its worktree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from gui.settings.layout import Start
from gui.settings.writing import write_values
from session_host.errors import ConfigError, WorktreeError
from session_host.paths import config_dir
from session_host.protocol.values import Runtime

if TYPE_CHECKING:
    pass


class SetupEntry(NamedTuple):
    """An entry of ``worktree_setup`` in ``chats.toml``.

    Attributes:
        repository: the repository's directory as written in the file, or as a new entry would be written.
        command: the command; "" for none.
    """

    repository: str
    command: str


def setup_of(directory: str) -> SetupEntry | None:
    """The entry for the repository of a directory; None outside of one, or if the settings cannot be read. Blocks."""
    try:
        return entry_of(directory)
    except (WorktreeError, ConfigError):
        return None  # The start says why.


def entry_of(directory: str) -> SetupEntry:
    """The entry for the repository of a directory; one with an empty command if the file has none. Blocks.

    Raises:
        WorktreeError: the directory is in no repository.
        ConfigError: the settings cannot be read.
    """
    from session_host.client.chats.settings import load_chat_settings
    from session_host.client.worktrees import find
    from session_host.storage.store.session_record import directory_of

    repository = str(find(Path(directory)).common)
    found = load_chat_settings(config_dir()).setup_of(repository)
    return SetupEntry(*found) if found is not None else SetupEntry(directory_of(repository), "")


def write_setup(entry: SetupEntry) -> None:
    """Write an entry, and keep everything else in the file; one without a command is removed.

    Raises:
        ConfigError: the file cannot be read or written; nothing was changed.
    """
    write_values(config_dir() / "chats.toml", {("worktree_setup", entry.repository): entry.command or None})


class NewChatRequest(Struct, frozen=True):
    """The user's request for a new chat.

    Attributes:
        machine: the name of the machine it starts on, "" for this one.
        is_named: whether the user chose the name.
        worktree: as in ``LaunchRequest``: the branch of a new git worktree, "" for a new branch, None for no worktree.
        setup: the command that sets up the repository's worktrees, if the user changed it; None for no change.
        runtime: whether the agent shows its own terminal, or a chat view.
        remembered: the suggestion for this agent's next start.
    """

    agent: str
    directory: str
    name: str
    arguments: list[str]
    overrides: dict[str, str] = field(default_factory=dict)
    prompt: str = ""
    worktree: str | None = None
    runtime: Runtime = "terminal"
    remembered: Start | None = None
    setup: SetupEntry | None = None
    is_named: bool = True
    machine: str = ""
