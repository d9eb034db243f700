"""The windows without chats: settings, guide, and the changes of chats' directories."""

from __future__ import annotations

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings.layout import WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.terminal.links.links import FileLocation
from gui.theme.theme import Theme
from gui.window.actions.changes_actions import ChangesOpener
from gui.window.actions.guide_actions import GuideOpener
from gui.window.actions.inserting_comments import CommentInserter
from gui.window.actions.settings_actions import SettingsOpener
from gui.window.widgets.activation import raise_window
from gui.window.windows import Windows


class SeparateWindows:
    """Opens these windows when a window with chats asks for one, and closes them.

    Attributes:
        settings: opens the settings window.
    """

    def __init__(
        self,
        windows: Windows,
        sessions: Sessions,
        theme: Theme,
        settings: LiveSettings,
        agents: LiveAgents,
        layout: WindowLayout,
    ) -> None:
        self._windows = windows
        self.settings = SettingsOpener(
            theme, settings, agents, sessions.tasks,
            update_path=sessions.login_path.update,
            import_theme=self._import_theme, open_file=self._open_file,
        )  # fmt: skip
        self._guide = GuideOpener(theme, settings, lambda uri: windows.current.opener.open_address(uri, ""))
        inserter = CommentInserter(sessions.tasks, windows.open_chat, self._resume)
        self._changes = ChangesOpener(theme, settings, sessions, inserter, self._edit_in_tab)
        windows.settings_requested.connect(self.settings.open)
        windows.guide_requested.connect(self._guide.open)
        windows.changes_requested.connect(self._changes.open)

    def _resume(self, chat: Chat) -> None:
        self._windows.open_chat(chat)
        self._windows.window_of(chat).resuming.resume(chat)

    def close(self) -> None:
        """Close the windows that are open."""
        for opener in (self.settings, self._guide, self._changes):
            opener.close()

    def _open_file(self, path: str) -> None:
        self._windows.current.opener.open_file(FileLocation(path))

    def _edit_in_tab(self, argv: list[str], file: FileLocation, directory: str) -> None:
        self._windows.current.edit_in_tab(argv, file, directory)

    def _import_theme(self) -> None:
        window = self._windows.current
        window.raise_window()
        window.themes.import_theme(self._back_to_settings)

    def _back_to_settings(self, notice: str) -> None:
        if self.settings.window is not None:
            raise_window(self.settings.window)
            self.settings.window.inform(notice)
