"""The settings window: its pages on the left, the rows of one page, or of all that the search finds, on the right."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.settings.table import PAGES, PageName
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.settings.agent_form import AgentForm
from gui.window.settings.context import SettingsContext
from gui.window.settings.page import Page
from gui.window.settings.pages import PageMaker
from gui.window.settings.setup_form import SetupForm
from gui.window.settings.values import FILES, Values
from gui.window.widgets.paged_window import PagedWindow, PageList
from gui.window.widgets.parts import Area, label, sentence
from gui.wording import settings_texts

SIZE = QSize(880, 660)
MIN_SIZE = QSize(500, 360)
NAVIGATION_PX, NARROW_NAVIGATION_PX = 196, 164
NARROW_PX = 600
"""In a narrower window, the list of the pages is narrow, too."""
MAX_PAGE_WIDTH_PX = 760
"""The rows' width in a wide window: a control stays near its label."""
HEAD_PX = 100
"""No part of a page's title and hint is cut off at its first row; they are at most this high."""

_NAMES = tuple(PAGES)


class SettingsWindow(PagedWindow):
    """The window; its right side scrolls."""

    def __init__(self, context: SettingsContext) -> None:
        titles = [title() for title in PAGES.values()]
        side = PageList(
            context.theme, NAVIGATION_PX, titles,
            search=settings_texts.SEARCH_SETTINGS(), pages=settings_texts.LIST_OF_PAGES(),
        )  # fmt: skip
        super().__init__(settings_texts.SETTINGS(), side, size=SIZE, min_size=MIN_SIZE)
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
        self.problem = label("", "problem")
        self.problem.setWordWrap(True)
        self.problem.setContentsMargins(GAP_L_PX, GAP_S_PX, GAP_L_PX, GAP_S_PX)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem.hide()
        column.addWidget(self.problem)
        self.notice = label("", "secondary")
        self.notice.setWordWrap(True)
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
        self._row = QHBoxLayout(inner)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(holder)
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
        self._row.setContentsMargins(0, 0, room_px, 0)

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

    def inform(self, text: str) -> None:
        """Show a line until the user goes to another page; "" removes it."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.setFixedWidth(NARROW_NAVIGATION_PX if self.width() < NARROW_PX else NAVIGATION_PX)

    def closeEvent(self, event: QCloseEvent) -> None:
        focused = self.focusWidget()
        if focused is not None:
            focused.clearFocus()  # A field that is being changed sets its value.
        self._maker.release()
        self._context.reset_theme()
        super().closeEvent(event)
