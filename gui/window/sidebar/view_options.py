"""The choices of how the list of chats looks: menus with them, and the actions that switch them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from gui.settings.live import LiveSettings
from gui.theme.menu import temporary_menu
from gui.wording import window_texts
from session_host.errors import ConfigError


class ViewOptions:
    """The choices of how the list looks."""

    def __init__(self, settings: LiveSettings, problem: Callable[[str], object]) -> None:
        """``problem`` gets one line for the user about a choice that could not be saved."""
        self._settings = settings
        self._problem = problem

    def fill(self, menu: QMenu) -> None:
        """Add the choices to a menu."""
        chosen = self._settings.preferences.window.group_chats
        for grouping, text in (("state", window_texts.BY_STATE()), ("project", window_texts.BY_PROJECT())):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(chosen == grouping)
            action.triggered.connect(partial(self._choose, {"group_chats": grouping}))
        menu.addSeparator()
        compact = menu.addAction(window_texts.COMPACT_ROWS())
        compact.setCheckable(True)
        compact.setChecked(self.switched_on()["compact_rows"])
        compact.triggered.connect(lambda _checked: self._toggle_rows())

    def switched_on(self) -> dict[str, bool]:
        """Whether each switch of the table of actions on the list is on."""
        window = self._settings.preferences.window
        return {"group_by_project": window.group_chats == "project", "compact_rows": window.compact_rows}

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of these switches."""
        return {"group_by_project": self._toggle_grouping, "compact_rows": self._toggle_rows}

    def _toggle_grouping(self) -> None:
        self._choose({"group_chats": "state" if self.switched_on()["group_by_project"] else "project"})

    def _toggle_rows(self) -> None:
        self._choose({"compact_rows": not self.switched_on()["compact_rows"]})

    def show_below(self, button: QWidget) -> None:
        """Show the choices below their button."""
        menu = temporary_menu(button)
        self.fill(menu)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _choose(self, values: dict[str, str | bool], _checked: bool = False) -> None:
        try:
            self._settings.write(values)
        except ConfigError as error:
            self._problem(str(error))
