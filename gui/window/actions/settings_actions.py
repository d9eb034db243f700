"""Opens the settings window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QKeySequence

from gui.bridge.tasks import Tasks
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.table import PageName
from gui.theme.theme import Theme
from gui.window.actions import action_table, editors
from gui.window.actions.single_window import SingleWindow
from gui.wording import action_texts

if TYPE_CHECKING:
    from gui.window.settings.keymap import Keymap
    from gui.window.settings.window import SettingsWindow


class SettingsOpener(SingleWindow["SettingsWindow"]):
    """Opens the settings window."""

    def __init__(
        self,
        theme: Theme,
        settings: LiveSettings,
        agents: LiveAgents,
        tasks: Tasks,
        *,
        update_path: Callable[[], Awaitable[object]],
        import_theme: Callable[[], object],
        open_file: Callable[[str], object],
    ) -> None:
        """Set up the opener; the functions are those of ``SettingsContext``."""
        super().__init__(theme)
        self._theme = theme
        self._settings = settings
        self._agents = agents
        self._tasks = tasks
        self._update_path = update_path
        self._import_theme, self._open_file = import_theme, open_file

    def _make(self) -> SettingsWindow:
        from gui.window.settings.context import SettingsContext
        from gui.window.settings.window import SettingsWindow

        context = SettingsContext(
            theme=self._theme, settings=self._settings, tasks=self._tasks, agents=self._agents, keys=keymap(),
            update_path=self._update_path, import_theme=self._import_theme, open_file=self._open_file,
            editors=editors.installed, reset_theme=self._reset_theme,
        )  # fmt: skip
        return SettingsWindow(context)

    def open(self, page: PageName | Literal[""] = "") -> SettingsWindow:
        """Show the window, at a page, or with "" where it was."""
        if page:
            self._open().show_page(page)
        return super().open()

    def _reset_theme(self) -> None:
        preferences = self._settings.preferences
        self._theme.use(preferences.schemes, preferences.window.appearance, preferences.look)


def keymap() -> Keymap:
    """The table of actions for the settings window."""
    from gui.window.settings.keymap import ActionKeys, Keymap

    def chosen(overrides: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {action: _portable(keys) for action, keys in action_table.with_overrides(overrides)[0].items()}

    def problems(overrides: Mapping[str, Sequence[str]], lines: Mapping[str, int]) -> list[str]:
        return action_table.with_overrides(overrides, lines)[1]

    actions = [
        ActionKeys(
            entry.name,
            entry.title,
            tuple(_portable(action_table.sequences(entry.keys))),
            entry.search_words,
            action_texts.group(entry.group),
        )
        for entry in action_table.TABLE
    ]
    return Keymap(actions, chosen, problems)


def _portable(keys: Sequence[QKeySequence]) -> list[str]:
    return [key.toString(QKeySequence.SequenceFormat.PortableText) for key in keys]
