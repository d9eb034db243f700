"""Opens the guide window; there is at most one, for all windows of the application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence

from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.theme.follow import Theme
from gui.window.actions import key_table
from gui.window.widgets.parts import center_on_active_window

if TYPE_CHECKING:
    from gui.window.guide.window import GuideWindow


class GuideOpener(QObject):
    """Opens the guide window, and brings it to the front if it is open."""

    def __init__(self, theme: Theme, settings: LiveSettings, open_link: Callable[[str], object]) -> None:
        """Set up the opener; ``open_link`` opens an address outside of the guide."""
        super().__init__(theme)
        self._theme = theme
        self._settings = settings
        self._open_link = open_link
        self._keys: dict[str, str] = {}
        self.window: GuideWindow | None = None
        settings.changed.connect(self._use_settings)

    def open(self) -> GuideWindow:
        """Show the window, where it was."""
        # Most runs of the application need neither this window nor what it is made of.
        from gui.window.guide.window import GuideWindow

        if self.window is None:
            self._keys = changed_keys(self._settings.preferences.keys)
            self.window = GuideWindow(self._theme, self._keys)
            center_on_active_window(self.window)
            self.window.closed.connect(self._on_closed)
            self.window.link_activated.connect(self._open_link)
            self._use_settings()
        self.window.start()
        return self.window

    def close(self) -> None:
        """Close the window."""
        if self.window is not None:
            self.window.close()

    def _on_closed(self) -> None:
        self.window = None

    def _use_settings(self) -> None:
        if self.window is None:
            return
        preferences = self._settings.preferences
        self.window.set_font(preferences.window.font, preferences.window.font_size or default_size_px())
        keys = changed_keys(preferences.keys)
        if keys != self._keys:
            self._keys = keys
            self.window.use_keys(keys)


def changed_keys(overrides: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The keys that are not their action's any more, each with the action's first key, or its title if it has none."""
    chosen, _ = key_table.with_overrides(overrides)
    return {
        _written(key): _written(keys[0]) if (keys := chosen[entry.action]) else f"“{entry.title}”"
        for entry in key_table.TABLE
        for key in key_table.sequences(entry.keys)
        if key not in chosen[entry.action]
    }


def _written(key: QKeySequence) -> str:
    """A key as the guide writes it: as menus do, but for the keys that are signs."""
    text = key.toString(QKeySequence.SequenceFormat.NativeText)
    signs = {"+": "Plus", "-": "Minus"}
    return text[:-1] + signs[text[-1]] if text[-2:-1] == "+" and text[-1] in signs else text
