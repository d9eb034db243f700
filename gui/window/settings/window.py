"""The settings window: its pages on the left, the rows of one page, or of all that the search finds, on the right."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QStringListModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QCloseEvent, QIcon, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListView, QScrollArea, QVBoxLayout, QWidget

from gui.settings.table import PAGES, PageName
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, font
from gui.window.settings.agent_form import AgentForm
from gui.window.settings.context import SettingsContext
from gui.window.settings.page import Page
from gui.window.settings.pages import PageMaker
from gui.window.settings.values import FILES, Values, as_problem
from gui.window.widgets.parts import Area, Hairline, label
from gui.window.widgets.result_list import RowDelegate
from gui.wording import settings_texts

SIZE_PX = (880, 660)
MIN_SIZE_PX = (560, 360)
NAVIGATION_PX = 196
PAGE_ROW_PX = 32
MAX_PAGE_WIDTH_PX = 760
"""The rows' width in a wide window: a control stays near its label."""


class _PageDelegate(RowDelegate):
    """Paints a page's name."""

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        painter.setFont(font())
        painter.setPen(self._theme.tokens.color("text"))
        text = area.adjusted(GAP_L_PX, 0, -GAP_S_PX, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(index.data()))


class SettingsWindow(QWidget):
    """The window.

    Signals:
        closed: the window is closed, and about to be deleted.
    """

    closed = Signal()

    def __init__(self, context: SettingsContext) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._context = context
        self._theme = theme = context.theme
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("area", "page")
        self.setWindowTitle(settings_texts.title())
        self.setAccessibleName(settings_texts.settings())
        self.setMinimumSize(*MIN_SIZE_PX)
        self.resize(*SIZE_PX)
        self.values = Values(context.settings, self)
        self._maker = PageMaker(context, self.values)
        self._pages: dict[PageName, Page] = {}
        self._current: PageName = "appearance"
        self._make_navigation()
        self._make_content()
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._side)
        outer.addWidget(Hairline(theme, Qt.Orientation.Vertical))
        outer.addWidget(self._content, 1)
        self.values.changed.connect(self._show_problems)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()
        self._show_problems()
        self.show_page("appearance")

    def _make_navigation(self) -> None:
        self.search = QLineEdit()
        self.search.setProperty("kind", "filter")
        self.search.setPlaceholderText(settings_texts.search())
        self.search.setAccessibleName(settings_texts.search())
        self._search_icon = QAction(settings_texts.search(), self)
        self.search.addAction(self._search_icon, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._apply_filter)
        self.navigation = QListView()
        self.navigation.setProperty("kind", "pages")
        self.navigation.setItemDelegate(_PageDelegate(self._theme, PAGE_ROW_PX, self.navigation))
        self.navigation.setMouseTracking(True)
        self.navigation.setAccessibleName(settings_texts.pages())
        self.navigation.setModel(QStringListModel([settings_texts.page(name) for name in PAGES], self))
        self.navigation.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.navigation.selectionModel().currentChanged.connect(self._on_page)
        self.navigation.clicked.connect(self._on_page)
        self._side = Area("sidebar")
        self._side.setFixedWidth(NAVIGATION_PX)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, GAP_S_PX, 0, GAP_S_PX)
        column.setSpacing(GAP_S_PX)
        field_row = QHBoxLayout()
        field_row.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        field_row.addWidget(self.search)
        column.addLayout(field_row)
        column.addWidget(self.navigation, 1)

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
        inner = QWidget()
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.nothing = label(settings_texts.nothing_found(), "secondary")
        self.nothing.setContentsMargins(0, GAP_L_PX, 0, 0)
        self.nothing.hide()
        self._column.addWidget(self.nothing)
        holder = QWidget()
        holder.setMaximumWidth(MAX_PAGE_WIDTH_PX)
        holder_column = QVBoxLayout(holder)
        holder_column.setContentsMargins(GAP_L_PX + 4, 0, GAP_M_PX, 0)
        holder_column.addLayout(self._column)
        holder_column.addStretch(1)
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(holder)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.area.viewport().setAutoFillBackground(False)
        column.addWidget(self.area, 1)

    def _apply_theme(self) -> None:
        self._search_icon.setIcon(QIcon(glyph_icon(Glyph.SEARCH, self._theme.tokens)))

    def sizeHint(self) -> QSize:
        return QSize(*SIZE_PX)

    # ------------------------------------------------------------ pages

    def page(self, name: PageName) -> Page:
        """A page, which is made when it is first needed."""
        if name not in self._pages:
            page = self._pages[name] = self._maker.make(name)
            page.hide()
            at = sum(PAGES.index(other) < PAGES.index(name) for other in self._pages)
            self._column.insertWidget(at, page)
            for each in page.findChildren(QWidget):
                each.installEventFilter(self)
        return self._pages[name]

    def show_page(self, name: PageName) -> None:
        """Show a page whole."""
        self._current = name
        self.navigation.blockSignals(True)
        self.navigation.setCurrentIndex(self.navigation.model().index(PAGES.index(name), 0))
        self.navigation.blockSignals(False)
        if self.search.text():
            self.search.clear()
        self._show_pages()

    def _on_page(self, index: QModelIndex) -> None:
        if index.isValid() and (PAGES[index.row()] != self._current or self.search.text()):
            self.show_page(PAGES[index.row()])

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
        chosen = self.navigation.selectionModel()
        command = chosen.SelectionFlag.Deselect if words else chosen.SelectionFlag.Select
        chosen.select(self.navigation.currentIndex(), command)
        self.nothing.setVisible(not any(shown.values()))
        self.area.verticalScrollBar().setValue(0)

    def _show_problems(self) -> None:
        problems = [problem for name in FILES if (problem := self.values.problem_of_file(name))]
        self.problem.setText("\n".join(as_problem(self.values.shortened(problem)) for problem in problems))
        self.problem.setVisible(bool(problems))

    # ------------------------------------------------------------ keyboard

    def start(self) -> None:
        """Show the window, with the keyboard in the search field."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scroll to the control that gets the keyboard focus, and to all of the form that opened or grew."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            self.area.ensureWidgetVisible(watched, 0, 40)
        elif event.type() == QEvent.Type.Resize and isinstance(watched, AgentForm):
            # The page that it is on gets its size after it.
            QTimer.singleShot(0, watched, lambda: self.area.ensureWidgetVisible(watched, 0, GAP_L_PX))
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.search.text():
                self.search.clear()
                self.search.setFocus(Qt.FocusReason.OtherFocusReason)
            else:
                self.close()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()
        elif event.matches(QKeySequence.StandardKey.Close):
            self.close()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.navigation.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        focused = self.focusWidget()
        if focused is not None:
            focused.clearFocus()  # A field that is being changed sets its value.
        self._maker.release()
        self._context.reset_theme()
        self.closed.emit()
