"""Opens the guide window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.theme.theme import Theme
from gui.window.actions import action_table
from gui.window.actions.single_window import SingleWindow
from gui.wording import action_texts, sheet_texts

if TYPE_CHECKING:
    from gui.window.guide.window import GuideWindow


class GuideOpener(SingleWindow["GuideWindow"]):
    """Opens the guide window."""

    def __init__(self, theme: Theme, settings: LiveSettings, open_link: Callable[[str], object]) -> None:
        """Set up the opener; ``open_link`` opens an address outside of the guide."""
        super().__init__(theme)
        self._theme = theme
        self._settings = settings
        self._open_link = open_link
        self._keys: dict[str, str] = {}
        settings.changed.connect(self._on_settings)

    def _make(self) -> GuideWindow:
        from gui.window.guide.window import GuideWindow

        self._keys = keys_in_guide(self._settings.preferences.all_keys)
        window = GuideWindow(self._theme, self._keys)
        window.link_activated.connect(self._open_link)
        self._set_font(window)
        return window

    def _on_settings(self) -> None:
        if self.window is None:
            return
        self._set_font(self.window)
        keys = keys_in_guide(self._settings.preferences.all_keys)
        if keys != self._keys:
            self._keys = keys
            self.window.use_keys(keys)

    def _set_font(self, window: GuideWindow) -> None:
        chosen = self._settings.preferences
        window.set_font(chosen.terminal_font, chosen.window.font_size or default_size_px())


def keys_in_guide(overrides: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The changed keys, and the table of all keys, by the texts of the guide that they replace."""
    from gui.window.guide.chapters import ALL_KEYS

    return {**changed_keys(overrides), ALL_KEYS: all_keys(overrides)}


def all_keys(overrides: Mapping[str, Sequence[str]]) -> str:
    """A Markdown table for each group of actions, with the keys that they have and their names in ``keys.toml``."""
    chosen, _ = action_table.with_overrides(overrides)
    groups: dict[str, list[str]] = {}
    for entry in action_table.TABLE:
        keys = ", ".join(map(_written, chosen[entry.name]))
        groups.setdefault(entry.group, []).append(f"| {entry.title} | {keys} | `{entry.name}` |")
    heads = (
        f"| {action_texts.group(name)} | {sheet_texts.KEY()} | `keys.toml` |\n| --- | --- | --- |" for name in groups
    )
    return "\n\n".join("\n".join((head, *rows)) for head, rows in zip(heads, groups.values(), strict=True))


def changed_keys(overrides: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The keys that are not their action's any more, each with the action's first key, or its title if it has none."""
    chosen, _ = action_table.with_overrides(overrides)
    return {
        _written(key): _written(keys[0]) if (keys := chosen[entry.name]) else f"“{entry.title}”"
        for entry in action_table.TABLE
        for key in action_table.sequences(entry.keys)
        if key not in chosen[entry.name]
    }


def _written(key: QKeySequence) -> str:
    """A key as the guide writes it: as menus do, except for the keys that are signs."""
    text = key.toString(QKeySequence.SequenceFormat.NativeText)
    signs = {"+": "Plus", "-": "Minus"}
    return text[:-1] + signs[text[-1]] if text[-2:-1] == "+" and text[-1] in signs else text
