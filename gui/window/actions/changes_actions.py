"""Opens the windows with the changes of chats' directories, one for each chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.bridge.changes import ListedPoint
from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.theme.theme import Theme
from gui.window.actions.open_links import EditInTab, LinkOpener
from gui.window.actions.single_window import SingleWindow

if TYPE_CHECKING:
    from gui.window.changes.review import CommentReceiver
    from gui.window.changes.window import ChangesWindow


class ChangesOpener(QObject):
    """Opens the windows, and brings a chat's window to the front if it is open."""

    def __init__(
        self,
        theme: Theme,
        settings: LiveSettings,
        sessions: Sessions,
        receiver: CommentReceiver,
        edit_in_tab: EditInTab,
    ) -> None:
        """Set up; ``receiver`` gets the comments on the changes."""
        super().__init__(theme)
        self._edit_in_tab = edit_in_tab
        self._theme, self._settings, self._sessions, self._receiver = theme, settings, sessions, receiver
        self._by_chat: dict[str, _ChangesOfChat] = {}

    def open(self, chat: Chat, directory: str, since: ListedPoint | None = None) -> ChangesWindow:
        """Show the changes of the working tree around a directory of a chat; since a prompt, if one is given."""
        own = self._by_chat.get(chat.id)
        if own is None:
            own = _ChangesOfChat(
                chat, self._theme, self._settings, self._sessions, self._receiver, self._edit_in_tab,
                lambda: self._forget(chat.id),
            )  # fmt: skip
            self._by_chat[chat.id] = own
        window = own.open_at(directory)
        if since is not None:
            window.show_since(since)
        return window

    def close(self) -> None:
        """Close all windows."""
        for own in list(self._by_chat.values()):
            own.close()

    def _forget(self, session_id: str) -> None:
        if (own := self._by_chat.pop(session_id, None)) is not None:
            own.deleteLater()


class _ChangesOfChat(SingleWindow["ChangesWindow"]):
    """Opens the window of one chat."""

    def __init__(
        self,
        chat: Chat,
        theme: Theme,
        settings: LiveSettings,
        sessions: Sessions,
        receiver: CommentReceiver,
        edit_in_tab: EditInTab,
        on_closed: Callable[[], object],
    ) -> None:
        super().__init__(theme)
        self._chat, self._theme, self._settings = chat, theme, settings
        self._sessions, self._receiver, self._edit_in_tab = sessions, receiver, edit_in_tab
        self._directory = ""
        self._after_close = on_closed
        settings.changed.connect(self._set_font)

    def open_at(self, directory: str) -> ChangesWindow:
        """Show the changes of a directory."""
        self._directory = directory
        self._open().show_directory(directory)
        return self.open()

    def _make(self) -> ChangesWindow:
        from gui.bridge.changes import ChangesReader
        from gui.window.changes.window import ChangesWindow

        settings = self._settings  # Its preferences are replaced when a file changes.
        opener = LinkOpener(
            self._sessions.tasks, lambda: settings.preferences.window.editor, self._edit_in_tab, self._say
        )
        reader = ChangesReader(self._chat, self._directory, self._sessions)
        comments = self._sessions.review_comments
        self.window = ChangesWindow(self._theme, reader, opener.open_file, comments, self._receiver)
        self._set_font()
        return self.window

    def _say(self, line: str) -> None:
        if self.window is not None:
            self.window.show_message(line)

    def _set_font(self) -> None:
        if self.window is not None:
            chosen = self._settings.preferences
            self.window.set_font(chosen.terminal_font, chosen.window.font_size or default_size_px())

    def _on_closed(self) -> None:
        super()._on_closed()
        self._after_close()
