"""The parts of the application that the settings window uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gui.bridge.tasks import Tasks
from gui.settings.live import LiveAgents, LiveSettings
from gui.theme.theme import Theme
from gui.window.settings.keymap import Keymap


@dataclass(frozen=True)
class SettingsContext:
    """The parts of the application that the settings window uses.

    Attributes:
        theme, settings: the application's theme and settings.
        tasks: runs work that takes long.
        agents: the current catalog.
        keys: the keys of each action.
        update_path: looks for programs again where the login shell does, before agents are looked for.
        import_theme: opens the dialog that imports another terminal's theme.
        open_file: opens a file in the user's editor.
        editors: returns the names of the editors that are installed; it may wait for the disk.
        reset_theme: shows the saved theme after a preview.
    """

    theme: Theme
    settings: LiveSettings
    tasks: Tasks
    agents: LiveAgents
    keys: Keymap
    update_path: Callable[[], Awaitable[object]]
    import_theme: Callable[[], object]
    open_file: Callable[[str], object]
    editors: Callable[[], list[str]]
    reset_theme: Callable[[], object]
