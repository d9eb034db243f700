"""Actions on the look of a window: the size of the text, sidebar, status line, full screen, and the theme."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

from gui.settings.layout import ZOOM_RANGE
from gui.settings.live import LiveSettings
from gui.settings.theme_files import own_themes
from gui.theme.scheme import SchemePair
from gui.theme.theme import Appearance
from gui.timers import single_shot
from gui.window.frame import WindowFrame
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.saving import LayoutSaving
from gui.window.sheets.chooser import Choice
from gui.window.sheets.sheet import Sheet
from gui.wording import action_texts, notice_texts, settings_texts
from gui.wording.chat_texts import joined
from gui.wording.phrases import short_directory
from session_host.errors import ConfigError

from .context import WindowContext

_ONCE = Qt.ConnectionType(Qt.ConnectionType.AutoConnection.value | Qt.ConnectionType.SingleShotConnection.value)


class LookActions:
    """The actions on the look of a window; also gives pages the settings."""

    def __init__(
        self,
        context: WindowContext,
        frame: WindowFrame,
        saving: LayoutSaving,
        settings: LiveSettings,
        describe: Callable[[], object],
    ) -> None:
        """Set up the actions; ``describe`` shows or hides the window's status line as the layout says."""
        self._window, self._layout, self._tabs = context.window, context.layout, context.tabs
        self._frame, self._saving, self._settings, self._describe = frame, saving, settings, describe

    def apply_settings(self, pages: Iterable[ChatPage]) -> None:
        """Apply the current settings to pages, with the zoom."""
        for page in pages:
            page.content.apply_settings(self._settings.preferences, self._layout.zoom)

    def zoom_by(self, steps: int) -> None:
        """Make the text larger, or smaller, by steps."""
        self.set_zoom(self._layout.zoom + steps)

    def set_zoom(self, steps: int) -> None:
        """Set the zoom: the text is this many steps larger than configured."""
        self._layout.zoom = min(max(steps, ZOOM_RANGE[0]), ZOOM_RANGE[1])
        for page in self._tabs.pages():
            page.content.set_zoom(self._layout.zoom)
        self._saving.save_soon()

    def toggle_sidebar(self) -> None:
        """Collapse the sidebar to marks, or expand it."""
        self._frame.toggle_sidebar()
        self._saving.save_soon()

    def toggle_status_line(self) -> None:
        """Show or hide the status line."""
        self._layout.status_line = not self._layout.status_line
        self._describe()
        self._saving.save_soon()

    def toggle_full_screen(self) -> None:
        """Let the window fill the screen, or leave that."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)


class ThemeActions(QObject):
    """The actions on the theme; also applies the theme of the settings."""

    def __init__(self, context: WindowContext, settings: LiveSettings) -> None:
        super().__init__(context.window)
        self._theme, self._settings = context.theme, settings
        self._sheets, self._banners = context.sheets, context.banners
        self._previewed: tuple[SchemePair, Appearance] | None = None
        self._after_import: Callable[[str], object] | None = None
        self._imported = ""
        """The line about an imported theme, for the window that asked for it."""
        # Deferred, so that a held arrow key does not preview every line.
        self._preview_soon = single_shot(self)
        self._preview_soon.timeout.connect(self._show_preview)
        settings.changed.connect(self.apply_settings)
        settings.problems.connect(self._show_problems)

    def _show_problems(self, lines: list[str]) -> None:
        self._banners.show_problems(lines, "settings")

    def apply_settings(self) -> None:
        """Show the theme that the settings name."""
        self._preview_soon.stop()
        preferences = self._settings.preferences
        self._theme.use(preferences.schemes, preferences.window.appearance, preferences.look)

    # ------------------------------------------------------------ choosing

    def choose_theme(self) -> None:
        """List all themes; the marked one is shown at once. The last line imports one."""
        pairs, problems = self._settings.library.pairs()
        if problems:
            self._banners.inform(problems[0], kind="failed", key="theme")
        preferences = self._settings.preferences
        dark, appearance = self._theme.wants_dark, preferences.window.appearance
        current = next((at for at, pair in enumerate(pairs) if pair == preferences.schemes), 0)
        choices = [
            Choice(
                pair.side(dark=dark).name,
                _other_side(pair, dark=dark),
                partial(self._keep, {"theme": pair.side(dark=dark).id}),
                preview=partial(self._preview, pair, appearance),
            )
            for pair in pairs
        ]
        choices.append(Choice(settings_texts.IMPORT_THEME(), "", self._import_instead, preview=self.apply_settings))
        self._sheets.chooser.ask(
            action_texts.CHOOSE_THEME(),
            action_texts.SEARCH_THEMES(),
            choices,
            marked=current,
            restore=self.apply_settings,
        )

    def _import_instead(self) -> None:
        self.apply_settings()
        self.import_theme()

    def choose_appearance(self) -> None:
        """List the appearances; the marked one is shown at once."""
        preferences = self._settings.preferences
        offered: list[tuple[Appearance, str]] = [
            ("desktop", action_texts.FOLLOW_THE_DESKTOP()),
            ("light", action_texts.ALWAYS_LIGHT()),
            ("dark", action_texts.ALWAYS_DARK()),
        ]
        current = [each for each, _title in offered].index(preferences.window.appearance)
        choices = [
            Choice(
                title,
                joined(action_texts.IN_USE() if at == current else "", _missing(preferences.schemes, each)),
                partial(self._keep, {"appearance": each}),
                preview=partial(self._preview, preferences.schemes, each),
            )
            for at, (each, title) in enumerate(offered)
        ]
        self._sheets.chooser.ask(
            action_texts.CHOOSE_APPEARANCE(),
            action_texts.SEARCH_APPEARANCES(),
            choices,
            marked=current,
            restore=self.apply_settings,
        )

    def _preview(self, pair: SchemePair, appearance: Appearance) -> None:
        self._previewed = (pair, appearance)
        self._preview_soon.start()

    def _show_preview(self) -> None:
        if self._previewed is not None and self._sheets.chooser.is_open:
            self._theme.preview(*self._previewed)

    def _keep(self, values: Mapping[str, str]) -> None:
        """Write the choice into the user's file, and use it."""
        try:
            self._settings.write(values)
        except ConfigError as error:
            self._banners.show_banner(Banner(notice_texts.SETTING_NOT_SAVED(error=error), lasting=True, kind="failed"))
        self.apply_settings()

    # ------------------------------------------------------------ themes of other terminals

    def import_theme(self, then: Callable[[str], object] | None = None) -> None:
        """Ask for another terminal's theme: one of those that are usual, or any file.

        ``then`` is called when the user has finished or cancelled that, but not if another sheet is open by then. It
        gets the line about an imported theme, "" if none was, to show it; without ``then``, a banner shows the line.
        """
        from gui.settings.foreign_themes import find_foreign_themes  # the window's start does not need it

        self._after_import, self._imported = then, ""
        home = Path.home()
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
        nearby = find_foreign_themes(config, data)
        if not nearby:
            self._ask_for_file("~/")
            return
        choices = [
            Choice(path.stem or path.name, short_directory(str(path)), partial(self._import_listed, path))
            for path in nearby
        ]
        choices.append(Choice(action_texts.ANOTHER_FILE(), "", partial(self._ask_for_file, "~/")))
        self._sheets.chooser.ask(action_texts.IMPORT_A_THEME(), action_texts.SEARCH_FILES(), choices)
        self._end_with(self._sheets.chooser)

    def _ask_for_file(self, path: str, problem: str = "") -> None:
        self._sheets.import_theme.ask(path, self._import, problem)
        self._end_with(self._sheets.import_theme)

    def _import_listed(self, path: Path) -> None:
        if problem := self._import(path):
            self._ask_for_file(short_directory(str(path)), problem)

    def _end_with(self, sheet: Sheet) -> None:
        """End the import when a sheet is closed, unless the next sheet of the import opens in the same turn."""
        sheet.closed.connect(lambda: QTimer.singleShot(0, self, self._end_import), _ONCE)

    def _end_import(self) -> None:
        if self._sheets.import_theme.is_open:
            return
        then, self._after_import = self._after_import, None
        imported, self._imported = self._imported, ""
        if then is not None and not self._sheets.is_any_open:
            then(imported)
        elif imported:
            self._banners.inform(imported, key="theme")

    def _import(self, path: Path) -> str:
        """Import a file and use the theme; returns the problem, "" for none."""
        from gui.settings.foreign_themes import import_theme

        directory = own_themes(self._settings.directory)
        try:
            identifier = import_theme(path, directory)
            self._settings.write({"theme": identifier})
        except ConfigError as error:
            return str(error)
        self.apply_settings()
        written = short_directory(str(directory / f"{identifier}.toml"))
        self._imported = notice_texts.THEME_IMPORTED(path=written)
        return ""


def _missing(pair: SchemePair, appearance: Appearance) -> str:
    """A note on a theme that has no version for this appearance."""
    shown = pair.substitute(appearance)
    return "" if shown is None else settings_texts.no_version(shown.name, dark=not shown.dark)


def _other_side(pair: SchemePair, *, dark: bool) -> str:
    """A note on a theme's counterpart for the other appearance."""
    if pair.dark.id == pair.light.id:
        return action_texts.no_counterpart(dark=pair.dark.dark)
    return action_texts.counterpart(pair.side(dark=not dark).name, dark=not dark)
