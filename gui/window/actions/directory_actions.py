"""The actions on a chat's directory.

That is, in this order: the directory that its shell reports (OSC 7), its own git worktree, its start directory.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication

from gui.bridge.chat import Chat
from gui.window.actions.open_links import LinkOpener


class DirectoryActions:
    """Opens a chat's directory in the editor, shows it in the file manager, copies its path, and shows its changes."""

    def __init__(self, opener: LinkOpener, open_changes: Callable[[Chat, str], object]) -> None:
        """Set up the actions; ``open_changes`` opens the window with the changes of a chat's directory."""
        self._opener, self._open_changes = opener, open_changes

    def by_name(self) -> dict[str, Callable[[Chat], object]]:
        """The actions by their names in the table of actions."""
        opener = self._opener
        return {
            "show_changes": self.show_changes,
            "open_directory": lambda chat: opener.open_directory(directory_of(chat)),
            "show_directory": lambda chat: opener.show_directory(directory_of(chat)),
            "copy_path": lambda chat: QGuiApplication.clipboard().setText(directory_of(chat)),
        }

    def show_changes(self, chat: Chat) -> None:
        """Show the changes of the git repository around the directory that a chat's program is in."""
        self._open_changes(chat, chat.current_directory)


def directory_of(chat: Chat) -> str:
    """A chat's directory, as the status line shows it; of a worktree that the chat did not leave, the worktree's."""
    if chat.current_directory != chat.directory:
        return chat.current_directory
    return chat.record.worktree or chat.directory
