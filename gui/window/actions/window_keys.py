"""The keys of one window: the table's with the user's changes, read again when the settings change."""

from __future__ import annotations

from gui.settings.live import LiveSettings
from gui.window.actions import action_table
from gui.window.actions.actions import Actions
from gui.window.actions.page_wiring import PageWiring
from gui.window.actions.text_keys import TextKeys
from gui.window.page.banners import BannerArea


class WindowKeys:
    """Gives the keys to the window's actions, to the keys that type texts, and to the pages.

    Attributes:
        sequences: the keys of each action, and of each text by its name.
    """

    def __init__(self, settings: LiveSettings, banners: BannerArea) -> None:
        self._settings, self._banners = settings, banners
        self._read()

    def _read(self) -> None:
        preferences = self._settings.preferences
        self.sequences, self._problems = action_table.with_overrides(preferences.all_keys, preferences.all_lines)
        self._window_keys = [
            action_table.of_the_window(self.sequences, preferences.all_keys, has_panes=has_panes)
            for has_panes in (False, True)
        ]

    def window_keys(self, *, has_panes: bool) -> tuple[str, ...]:
        """The keys that the window does not pass to programs, with one pane or several."""
        return self._window_keys[has_panes]

    def apply_settings(self, actions: Actions, texts: TextKeys, pages: PageWiring) -> None:
        """Read the keys again, give them to these parts, and show problems."""
        self._read()
        actions.set_keys(self.sequences)
        texts.set_keys(self._settings.preferences.texts, self.sequences)
        pages.update_window_keys()
        self.show_problems()

    def show_problems(self) -> None:
        """Show the lines of ``keys.toml`` that have no effect, or withdraw them."""
        directory = self._settings.directory  # With the whole path, the banner offers to open the file.
        self._banners.show_problems([f"{directory}/{problem}" for problem in self._problems], "keys")
