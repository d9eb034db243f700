"""The settings: their pages on the left, the rows of one page, or of all that the search finds, on the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QFont, QFontInfo, QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui.settings.live import LiveSettings
from gui.settings.table import PAGES, SETTINGS, THEME, Choice, Named, Names, Number, PageName, Place, Setting, Toggle
from gui.terminal.cell_metrics import default_family, default_size_px, monospace_families
from gui.terminal.view import TerminalView
from gui.theme.icons import paint_mark
from gui.theme.painting import paint_frame
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, RADIUS_PX, SECONDARY_PX, font
from gui.timers import single_shot
from gui.window.widgets.paged_tab import PagedTab, PageList
from gui.window.widgets.parts import Area, button, label, sentence, show_text
from gui.wording import settings_texts
from session_host.client.viewer.replica import Replica
from session_host.client.viewer.state import NO_DELEGATE
from session_host.protocol.values import CellSize, GridSize, KeyAction, MouseAction, MouseButton
from session_host.standing.groups import Mark
from session_host.terminal import create

from .agents_page import AgentForm, AgentsPage
from .context import FILES, SettingsContext, Values
from .controls import (
    ChoiceControl,
    Control,
    EditorControl,
    NumberControl,
    TextControl,
    ToggleControl,
    missing_fonts,
    names_control,
)
from .keys_page import KeysPage
from .page import Page, Section, SettingRow
from .setup_page import SetupForm, SetupList

if TYPE_CHECKING:
    from gui.theme.scheme import SchemePair


HEIGHT_PX = 188
SIDE_PX = 132
BAR_PX = 28

_SAMPLE = (
    "\x1b[32m~/src/api\x1b[0m \x1b[34mmain\x1b[0m $ pytest -q\r\n"
    "\x1b[32m..........\x1b[31mF\x1b[32m....\x1b[0m  \x1b[90m[100%]\x1b[0m  -> != >=\r\n"
    "\x1b[1;31mFAILED\x1b[0m tests/test_keys.py - \x1b[33mKeyError\x1b[0m: 'Enter'\r\n"
    "\x1b[36mdef\x1b[0m \x1b[1mfirst\x1b[0m(keys): \x1b[35mreturn\x1b[0m keys[\x1b[33m0\x1b[0m]"
    "  \x1b[90m# 0O 1lI ├─┤ →\x1b[0m\r\n"
    "\x1b[41;97m red \x1b[42;30m green \x1b[43;30m yellow \x1b[44;97m blue "
    "\x1b[45;97m magenta \x1b[46;30m cyan \x1b[0m\r\n"
    "\x1b[32m~/src/api\x1b[0m \x1b[34mmain\x1b[0m $ "
)


class _SampleSession:
    """An ``InputSink`` that shows a sample and takes no input."""

    takes_mouse = False

    def __init__(self) -> None:
        emulator = create(None, GridSize(80, 12))
        emulator.feed(_SAMPLE.encode())
        self.replica = Replica(NO_DELEGATE)
        self.replica.replace(emulator)

    def key(self, key: str, text: str, modifiers: int, action: KeyAction) -> None:
        """Nothing: a sample takes no input."""

    def text(self, text: str) -> None:
        """Nothing."""

    def paste(self, text: str) -> None:
        """Nothing."""

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int) -> None:
        """Nothing."""

    def focus(self, focused: bool) -> None:
        """Nothing."""

    def resize(self, size: GridSize, cell: CellSize) -> None:
        """Nothing: what does not fit is cut off."""


class Preview(QWidget):
    """The sample; it follows the theme and the settings."""

    def __init__(self, theme: Theme, settings: LiveSettings) -> None:
        super().__init__()
        self._theme = theme
        self._settings = settings
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName(settings_texts.PREVIEW())
        self._session = _SampleSession()
        self._view = TerminalView(theme.terminal, self)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view.setAccessibleName(settings_texts.PREVIEW())
        self._view.display.set_viewer(self._session)
        self._view.display.set_focused(focused=True)
        theme.changed.connect(self._apply_theme)
        settings.changed.connect(self._apply_settings)
        self._apply_settings()

    def release(self) -> None:
        """Free the sample; the preview is not used afterwards."""
        self._view.display.set_viewer(None)
        self._session.replica.close()

    def _apply_theme(self) -> None:
        self._view.set_theme(self._theme.terminal)
        self.update()

    def _apply_settings(self) -> None:
        window = self._settings.preferences.window
        self._view.sizing.set_spacing(window.line_height, window.padding)
        self._view.sizing.set_font(self._settings.preferences.terminal_font)
        self._view.sizing.set_font_size(window.font_size or default_size_px())
        self._apply_theme()

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._view.setGeometry(SIDE_PX + 1, BAR_PX + 1, self.width() - SIDE_PX - 3, self.height() - BAR_PX - 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(whole, RADIUS_PX, RADIUS_PX)
        painter.fillPath(path, tokens.color("sidebar"))
        painter.setClipPath(path)
        page = QRectF(SIDE_PX, 0, self.width() - SIDE_PX, self.height())
        painter.fillRect(page.adjusted(0, BAR_PX, 0, 0), self._theme.terminal.background)
        tab = QRectF(SIDE_PX, 0, 96, BAR_PX)
        painter.fillRect(tab, tokens.color("page"))
        painter.fillRect(QRectF(SIDE_PX, 0, 1, self.height()), tokens.color("hairline"))
        painter.fillRect(QRectF(tab.right(), BAR_PX, self.width() - tab.right(), 1), tokens.color("hairline"))
        names = settings_texts.sample_chats()
        marks = (Mark.NEEDS_YOU, Mark.WORKING, Mark.IDLE)
        painter.setFont(font(SECONDARY_PX))
        for at, (mark, name) in enumerate(zip(marks, names, strict=True)):
            row = QRect(4, 8 + at * 30, SIDE_PX - 8, 26)
            if at == 1:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(tokens.color("selected"))
                painter.drawRoundedRect(row, RADIUS_PX, RADIUS_PX)
            paint_mark(painter, mark, QPointF(row.left() + 14, row.center().y() + 0.5), tokens)
            painter.setPen(tokens.color("text"))
            text = row.adjusted(28, 0, 0, 0)
            painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        paint_mark(painter, marks[1], QPointF(tab.left() + 16, tab.center().y() + 0.5), tokens)
        painter.setPen(tokens.color("text"))
        painter.drawText(
            tab.adjusted(28, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, names[1]
        )
        painter.setClipping(False)
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"))
        painter.end()


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
                    return ChoiceControl(theme, choices, self._missing_version)
                return ChoiceControl(theme, choices)
            case Named(of="font"):
                desktop = ("", settings_texts.AS_THE_DESKTOP(what=QFontInfo(QFont(default_family())).family()))
                return ChoiceControl(theme, [desktop, *((family, family) for family in monospace_families())])
            case Named(of="agent"):
                return _AgentControl(self._context)
            case Names(of="font"):
                return names_control(missing_fonts)
            case Names():
                return names_control()
            case Named():
                return _ThemeControl(self._context)
            case _ if setting.key == "editor":
                return EditorControl(theme, self._context.tasks, self._context.editors)
            case _ if setting.key == "remote_editor":
                return EditorControl(theme, self._context.tasks, self._context.far_editors)
            case _:
                return TextControl()

    def _missing_version(self, appearance: str) -> str:
        """A line about a theme without a version for an appearance; "" if it has one."""
        shown = self._context.settings.preferences.schemes.substitute(appearance)
        return "" if shown is None else settings_texts.no_version(shown.name, dark=not shown.dark)


class _ThemeControl(ChoiceControl):
    """The themes; the one that is marked in the open list is shown in the whole window."""

    def __init__(self, context: SettingsContext) -> None:
        super().__init__(context.theme, ())
        self._context = context
        self._pairs: dict[str, SchemePair] = {}
        self._read()
        self._marked = ""
        # While an arrow key is held, only the theme at which it stops for a moment is shown.
        self._debounce = single_shot(self)
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


def _pair_text(pair: SchemePair) -> str:
    dark, light = pair.dark.name, pair.light.name
    return dark if dark == light else settings_texts.PAIR_OF_THEMES(dark=dark, light=light)


NAVIGATION_PX, NARROW_NAVIGATION_PX = 196, 164
NARROW_PX = 600
"""In a narrower tab, the list of the pages is narrow, too."""
MAX_PAGE_WIDTH_PX = 760
"""The rows' width in a wide tab: a control stays near its label."""
HEAD_PX = 100
"""No part of a page's title and hint is cut off at its first row; they are at most this high."""

_NAMES = tuple(PAGES)


class SettingsTab(PagedTab):
    """The tab; its right side scrolls."""

    def __init__(self, context: SettingsContext) -> None:
        titles = [title() for title in PAGES.values()]
        side = PageList(
            context.theme,
            NAVIGATION_PX,
            titles,
            search=settings_texts.SEARCH_SETTINGS(),
            pages=settings_texts.LIST_OF_PAGES(),
        )
        super().__init__(settings_texts.SETTINGS(), side)
        self._context = context
        self.setWindowTitle(settings_texts.TITLE())
        self.values = Values(context.settings, self)
        self._maker = PageMaker(context, self.values)
        self._pages: dict[PageName, Page] = {}
        self._current: PageName = "general"
        self.search.textChanged.connect(self._apply_filter)
        side.chosen.connect(self._on_page)
        self._make_content()
        self._lay_out(context.theme, self._content)
        self.values.changed.connect(self._show_problems)
        self._show_problems()
        self.show_page("general")

    def _make_content(self) -> None:
        self._content = Area("page")
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.problem = label("", "problem", wraps=True)
        self.problem.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_L_PX, GAP_S_PX)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem.hide()
        column.addWidget(self.problem)
        self.notice = label("", "secondary", wraps=True)
        self.notice.setContentsMargins(GAP_L_PX + 4, GAP_S_PX, GAP_L_PX, GAP_S_PX)
        self.notice.hide()
        column.addWidget(self.notice)
        inner = QWidget()
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.nothing = label(settings_texts.NOTHING_FOUND(), "secondary")
        self.nothing.setContentsMargins(0, GAP_L_PX, 0, 0)
        self.nothing.hide()
        self._column.addWidget(self.nothing)
        holder = QWidget()
        holder.setMaximumWidth(MAX_PAGE_WIDTH_PX)
        holder_column = QVBoxLayout(holder)
        holder_column.setContentsMargins(GAP_L_PX + 4, 0, GAP_M_PX, 0)
        holder_column.addLayout(self._column)
        holder_column.addStretch(1)
        self._rows = QHBoxLayout(inner)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addWidget(holder)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.area.viewport().setAutoFillBackground(False)
        self.area.verticalScrollBar().rangeChanged.connect(self._keep_right_edge)
        column.addWidget(self.area, 1)

    def _keep_right_edge(self, _minimum: int, maximum: int) -> None:
        """Leave the scroll bar's room free while there is none, so that all pages have one right edge."""
        room_px = 0 if maximum else self.area.verticalScrollBar().sizeHint().width()
        self._rows.setContentsMargins(0, 0, room_px, 0)
        self._rows.activate()  # Before the page is painted, or its right edge would be seen to move.

    # ------------------------------------------------------------ pages

    def page(self, name: PageName) -> Page:
        """A page, which is made when it is first needed."""
        if name not in self._pages:
            page = self._pages[name] = self._maker.make(name)
            page.hide()
            at = sum(_NAMES.index(other) < _NAMES.index(name) for other in self._pages)
            self._column.insertWidget(at, page)
            for each in page.findChildren(QWidget):
                each.installEventFilter(self)
        return self._pages[name]

    def show_page(self, name: PageName) -> None:
        """Show a page whole."""
        self._current = name
        self._side.set_current(_NAMES.index(name))
        if self.search.text():
            self.search.clear()
        self._show_pages()

    def _on_page(self, row: int) -> None:
        if _NAMES[row] != self._current or self.search.text():
            self.show_page(_NAMES[row])

    def _apply_filter(self, _text: str) -> None:
        self._show_pages()

    def _show_pages(self) -> None:
        words = self.search.text().casefold().split()
        shown: dict[PageName, bool] = {}
        if words:
            shown = {name: self.page(name).apply_filter(words) for name in PAGES}
        else:
            self.page(self._current).apply_filter(())
            shown = {name: name == self._current for name in self._pages}
        for name, page in self._pages.items():
            page.setVisible(shown[name])
        self.inform("")
        self._side.mark_current(marked=not words)
        self.nothing.setVisible(not any(shown.values()))
        self.area.verticalScrollBar().setValue(0)
        # Now, not when it is its turn: a paint may come before, and rows would be seen to move.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    def inform(self, text: str) -> None:
        """Show a line until the user goes to another page; "" removes it."""
        show_text(self.notice, text)

    def _show_problems(self) -> None:
        problems = [problem for name in FILES if (problem := self.values.problem_of_file(name))]
        self.problem.setText("\n".join(sentence(self.values.shortened(problem)) for problem in problems))
        self.problem.setVisible(bool(problems))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scroll to the control that gets the keyboard focus, and to all of the form that opened or grew."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            bar = self.area.verticalScrollBar()
            previous = bar.value()
            self.area.ensureWidgetVisible(watched, 0, 40)
            if bar.value() < min(previous, HEAD_PX):
                bar.setValue(0)
        elif event.type() == QEvent.Type.Resize and isinstance(watched, AgentForm | SetupForm):
            # The page that it is on gets its size after it.
            QTimer.singleShot(0, watched, lambda: self.area.ensureWidgetVisible(watched, 0, GAP_L_PX))
        return False

    def _list_px(self) -> int:
        return NARROW_NAVIGATION_PX if self.width() < NARROW_PX else NAVIGATION_PX

    def closeEvent(self, event: QCloseEvent) -> None:
        focused = self.focusWidget()
        if focused is not None:
            focused.clearFocus()  # A field that is being changed sets its value.
        self._maker.release()
        self._context.reset_theme()
        super().closeEvent(event)
