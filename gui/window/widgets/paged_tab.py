"""A tab with a list of pages on the left, and what is shown of them on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QIcon, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLineEdit, QListView, QVBoxLayout, QWidget

from gui.screen_readers import announce
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX, font

from .parts import Area, Hairline, label
from .result_list import RowDelegate
from .tab_page import TabPage

PAGE_ROW_PX = 32
_NARROW_PX = 500
"""In a narrower tab, the list is above the content,"""
_ABOVE_PX = 44 + 3 * PAGE_ROW_PX
"""and so high."""


class PageList(Area):
    """A search field above a list of pages.

    Attributes:
        search: the field.
        found: a line below the field, for the number of matches; hidden while it has no text.
        list: the list of the pages.

    Signals:
        chosen(int): the user chose the page with this number, by keyboard or by a click.
    """

    chosen = Signal(int)

    def __init__(self, theme: Theme, width_px: int, titles: Sequence[str], *, search: str, pages: str) -> None:
        """Make the list of the pages with these titles; ``search`` and ``pages`` name its parts."""
        super().__init__("sidebar")
        self._theme = theme
        self._titles = list(titles)
        self._listed = list(range(len(titles)))
        """The pages in the list, by their numbers."""
        self._is_being_set = False
        self.setFixedWidth(width_px)
        self.search = QLineEdit()
        self.search.setProperty("kind", "filter")
        self.search.setPlaceholderText(search)
        self.search.setAccessibleName(search)
        self._search_icon = QAction(search, self)
        self.search.addAction(self._search_icon, QLineEdit.ActionPosition.LeadingPosition)
        self.found = label("", "secondary")
        self.found.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        self.found.hide()
        self.list = QListView()
        self.list.setProperty("kind", "pages")
        self.list.setItemDelegate(RowDelegate(theme, PAGE_ROW_PX, self.list))
        self.list.setMouseTracking(True)
        self.list.setAccessibleName(pages)
        self._model = QStringListModel(self._titles, self)
        self.list.setModel(self._model)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        self.list.clicked.connect(self._on_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP_S_PX, 0, GAP_S_PX)
        column.setSpacing(GAP_S_PX)
        above = QVBoxLayout()
        above.setContentsMargins(GAP_S_PX, 0, GAP_S_PX, 0)
        above.setSpacing(4)
        above.addWidget(self.search)
        above.addWidget(self.found)
        column.addLayout(above)
        column.addWidget(self.list, 1)
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    def _apply_theme(self) -> None:
        self._search_icon.setIcon(QIcon(glyph_icon(Glyph.SEARCH, self._theme.tokens)))

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid() and not self._is_being_set:
            self.chosen.emit(self._listed[index.row()])

    def set_current(self, page: int) -> None:
        """Mark a page, which the user did not choose here; none if the list does not have it."""
        self._is_being_set = True
        row = self._listed.index(page) if page in self._listed else -1
        self.list.setCurrentIndex(self._model.index(row, 0))
        self._is_being_set = False

    def set_titles(self, titles: Sequence[str]) -> None:
        """Replace the pages; all are listed, and none is marked."""
        self._titles = list(titles)
        self.set_listed(range(len(titles)))

    def widen_for_titles(self, max_px: int) -> None:
        """Make the list wide enough for its titles beside a scroll bar, but not wider than ``max_px``."""
        bar = self.list.verticalScrollBar()
        bar.ensurePolished()
        titles = max(map(QFontMetrics(font()).horizontalAdvance, self._titles), default=0)
        wanted = titles + GAP_L_PX + GAP_S_PX + bar.sizeHint().width() + 2 * self.list.frameWidth()
        self.setFixedWidth(min(max(self.width(), wanted), max_px))

    def page_at(self, row: int) -> int:
        """The number of the page in a row of the list."""
        return self._listed[row]

    def set_listed(self, pages: Sequence[int]) -> None:
        """List only these pages; none is marked."""
        self._is_being_set = True
        self._listed = list(pages)
        self._model.setStringList([self._titles[page] for page in pages])
        self._is_being_set = False

    def mark_current(self, *, marked: bool) -> None:
        """Show which page is current, or not while the window shows parts of several."""
        selection = self.list.selectionModel()
        command = selection.SelectionFlag.Select if marked else selection.SelectionFlag.Deselect
        selection.select(self.list.currentIndex(), command)

    def say_found(self, text: str) -> None:
        """Show a line below the field, and let screen readers read it; "" for none."""
        self.found.setText(text)
        self.found.setVisible(bool(text))
        if text:
            announce(self.found, text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)


class PagedTab(TabPage):
    """The tab.

    Attributes:
        search: the field above the list.
        navigation: the list of the pages.
    """

    def __init__(self, name: str, side: PageList) -> None:
        """Make the tab without its right side; ``name``: for screen readers."""
        super().__init__(name)
        self._side = side
        self.search, self.navigation = side.search, side.list
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.setFocusProxy(self.search)

    def _lay_out(self, theme: Theme, content: QWidget) -> None:
        """Lay out both sides; ``content`` is the right one."""
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(0)
        self._sides.addWidget(self._side)
        self._line = Hairline(theme, Qt.Orientation.Vertical)
        self._sides.addWidget(self._line)
        self._sides.addWidget(content, 1)

    def _list_px(self) -> int:
        """How wide the list is now, beside the content."""
        return self._side.width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW_PX
        direction = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        if self._sides.direction() != direction:
            self._sides.setDirection(direction)
            self._line.set_orientation(Qt.Orientation.Horizontal if is_narrow else Qt.Orientation.Vertical)
        width_px, height_px = (self.width(), _ABOVE_PX) if is_narrow else (self._list_px(), self.height())
        self._side.setFixedSize(width_px, height_px)

    def open_find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        elif event.matches(QKeySequence.StandardKey.Find):
            self.open_find()
        else:
            super().keyPressEvent(event)
