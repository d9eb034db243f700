"""Makes the pages: rows from the table of settings, and the special widgets of single pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFont, QFontInfo
from PySide6.QtWidgets import QPushButton

from gui.settings.table import PAGES, SETTINGS, THEME, Choice, Named, Names, Number, PageName, Place, Setting, Toggle
from gui.terminal.cell_metrics import default_family, default_size_px, monospace_families
from gui.window.settings.agents_page import AgentsPage
from gui.window.settings.context import SettingsContext
from gui.window.settings.controls import (
    ChoiceControl,
    Control,
    EditorControl,
    FontsControl,
    NamesControl,
    NumberControl,
    TextControl,
    ToggleControl,
)
from gui.window.settings.keys_page import KeysPage
from gui.window.settings.page import Page, Section
from gui.window.settings.preview import Preview
from gui.window.settings.row import SettingRow
from gui.window.settings.setup_list import SetupList
from gui.window.settings.values import Values
from gui.window.widgets.parts import button
from gui.wording import settings_texts

if TYPE_CHECKING:
    from gui.theme.scheme import SchemePair


class PageMaker:
    """Makes each page when it is first shown."""

    def __init__(self, context: SettingsContext, values: Values) -> None:
        self._context = context
        self._values = values
        self._preview: Preview | None = None

    def release(self) -> None:
        """Free the resources of pages that are not widgets."""
        if self._preview is not None:
            self._preview.release()
            self._preview = None

    def make(self, name: PageName) -> Page:
        """Make a page."""
        title = PAGES[name]()
        if name == "keys":
            return KeysPage(self._context.theme, self._context.settings, self._context.keys, title)
        page = Page(title)
        if name == "appearance":
            self._preview = Preview(self._context.theme, self._context.settings)
            page.add_unfiltered(self._preview)
        if name == "agents":
            page = AgentsPage(self._context, title)
        settings = [setting for setting in SETTINGS if setting.place.page == name]
        for place, grouped in groupby(settings, key=lambda setting: setting.place):
            rows = [self._row(setting) for setting in grouped]
            heading = place.heading() if place.heading else ""
            page.add_section(Section(self._context.theme, heading, rows, self._below(place)))
        if name == "general":
            SetupList(page, self._context, self._values)
        return page

    def _below(self, place: Place) -> Sequence[QPushButton]:
        if place is THEME:
            return (button(settings_texts.IMPORT_THEME(), "link", self._context.import_theme),)
        return ()

    def _row(self, setting: Setting) -> SettingRow:
        return SettingRow(self._context.theme, self._values, setting, self._control(setting))

    def _control(self, setting: Setting) -> Control:
        theme, kind = self._context.theme, setting.kind
        match kind:
            case Toggle():
                return ToggleControl(theme)
            case Number():
                return NumberControl(theme, kind, default_size_px() if setting.key == "font_size" else 0)
            case Choice():
                choices = [(value, text()) for value, text in kind.texts.items()]
                if setting.key == "appearance":
                    return _AppearanceControl(self._context, choices)
                return ChoiceControl(theme, choices)
            case Named(of="font"):
                desktop = ("", settings_texts.AS_THE_DESKTOP(what=QFontInfo(QFont(default_family())).family()))
                return ChoiceControl(theme, [desktop, *((family, family) for family in monospace_families())])
            case Named(of="agent"):
                return _AgentControl(self._context)
            case Names(of="font"):
                return FontsControl()
            case Names():
                return NamesControl()
            case Named():
                return _ThemeControl(self._context)
            case _ if setting.key == "editor":
                return EditorControl(theme, self._context.tasks, self._context.editors)
            case _:
                return TextControl()


class _ThemeControl(ChoiceControl):
    """The themes; the one that is marked in the open list is shown in the whole window."""

    def __init__(self, context: SettingsContext) -> None:
        super().__init__(context.theme, ())
        self._context = context
        self._pairs: dict[str, SchemePair] = {}
        self._read()
        self._marked = ""
        # While an arrow key is held, only the theme at which it stops for a moment is shown.
        self._debounce = QTimer(self, singleShot=True, interval=0)
        self._debounce.timeout.connect(self._preview)
        self.previewed.connect(self._mark)
        self.box.popup_closed.connect(context.reset_theme)

    def _read(self) -> None:
        pairs, _problems = self._context.settings.library.pairs()
        self._pairs = {pair.side(dark=self._context.theme.wants_dark).id: pair for pair in pairs}
        self.set_choices([(name, _pair_text(pair)) for name, pair in self._pairs.items()])

    def _mark(self, identifier: object) -> None:
        self._marked = str(identifier)
        self._debounce.start()

    def _preview(self) -> None:
        pair = self._pairs.get(self._marked)
        if pair is not None and self.is_edited:
            self._context.theme.preview(pair, self._context.settings.preferences.window.appearance)

    def show_value(self, value: object) -> None:
        """A theme is shown under the pair that it belongs to."""
        if self._named(value) is None:
            self._read()  # It may have been imported just now.
        super().show_value(self._named(value) or value)

    def _named(self, value: object) -> str | None:
        return next((name for name, pair in self._pairs.items() if value in {pair.dark.id, pair.light.id}), None)


class _AgentControl(ChoiceControl):
    """The agents, and the last one used."""

    def __init__(self, context: SettingsContext) -> None:
        super().__init__(context.theme, ())
        self._agents = context.agents
        self._agents.changed.connect(self._read)
        self._read()

    def _read(self) -> None:
        value = self.box.currentData()
        agents = [(agent.name, agent.title) for agent in self._agents.values()]
        self.set_choices([("", settings_texts.LAST_AGENT()), *agents])
        self.show_value(value)


class _AppearanceControl(ChoiceControl):
    """Light or dark, with a warning if the theme has no version for it."""

    def __init__(self, context: SettingsContext, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(context.theme, choices)
        self._settings = context.settings

    def warning(self, value: object) -> str:
        shown = self._settings.preferences.schemes.substitute(str(value))
        return "" if shown is None else settings_texts.no_version(shown.name, dark=not shown.dark)


def _pair_text(pair: SchemePair) -> str:
    dark, light = pair.dark.name, pair.light.name
    return dark if dark == light else settings_texts.PAIR_OF_THEMES(dark=dark, light=light)
