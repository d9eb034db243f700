"""The settings in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.table import SETTINGS
from gui.theme.theme import Theme
from gui.window.actions.tab_pages import SettingsOpener
from gui.window.settings.page import SettingRow
from gui.window.settings.tab import SettingsTab
from tests.support.area import Area
from tests.support.qt_waiting import delete_now, show_active
from tests.support.tab_pages import ShownAlone
from tests.support.themes import OWN


class FewTasks:
    """A fake of the tasks that runs only the work named in ``runs``; it does not ask agents for their versions."""

    runs = ""
    """The name of the work to run."""
    is_slow = False
    """If true, work is kept in ``waiting`` instead of running."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def start(self, work: Any, name: str = "") -> None:
        if self.is_slow:
            self.waiting.append(work)
        elif name == self.runs:
            asyncio.run(work)
        else:
            work.close()


async def _update_path() -> None:
    """The login shell is not asked."""


class Opened:
    """The open settings page, its settings and agents."""

    def __init__(self, theme: Theme, area: Area) -> None:
        self.settings = LiveSettings(area.config)
        self.agents = LiveAgents(self.settings)
        self.tasks = FewTasks()
        self._alone = ShownAlone(880, 660)
        opener = SettingsOpener(
            theme,
            self.settings,
            self.agents,
            self.tasks,  # type: ignore[arg-type]
            update_path=_update_path,
            import_theme=lambda: None,
            open_file=lambda _path: None,
        )
        self._alone.make = lambda _key: opener.make()
        opener.wanted.connect(self._alone.show)
        self.window: SettingsTab = opener.open()
        self.opener = opener

    def row(self, key: str) -> SettingRow:
        """Return a setting's row."""
        self.window.page(next(setting.place.page for setting in SETTINGS if setting.key == key))
        rows = [row for row in self.window.findChildren(SettingRow) if row.setting.key == key]
        assert rows, key
        return rows[0]

    def close(self) -> None:
        self._alone.close()
        delete_now(self.opener, self.settings)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The theme that the settings have by default: at its end, the window resets a theme that it previewed."""
    theme = Theme(qapp, OWN, "desktop")
    yield theme
    theme.disconnect(theme)
    theme.deleteLater()


@pytest.fixture
def opened(theme: Theme, area: Area, window_manager: None) -> Iterator[Opened]:
    opened = Opened(theme, area)
    show_active(opened.window)
    yield opened
    opened.close()
