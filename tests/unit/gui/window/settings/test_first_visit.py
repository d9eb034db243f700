"""A page of the settings when it is shown for the first time."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget

from gui.settings.table import PAGES, PageName
from gui.window.settings.page import PlainRow
from tests.unit.gui.window.settings.conftest import Opened


class Watch(QObject):
    """Notes where the rows are each time that the page is painted, and the windows that are shown."""

    def __init__(self, opened: Opened, name: PageName) -> None:
        super().__init__()
        self._window, self._name = opened.window, name
        self.painted: list[dict[str, QRect]] = []
        self.shown: list[QWidget] = []

    def rows(self) -> list[PlainRow]:
        """The visible rows of the page."""
        return [row for row in self._window.page(self._name).findChildren(PlainRow) if row.isVisible()]

    def places(self) -> dict[str, QRect]:
        """Where the rows are, by their names."""
        return {row.name: QRect(row.mapTo(self._window, QPoint()), row.size()) for row in self.rows()}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint and watched is self._window.area.widget():
            self.painted.append(self.places())
        elif event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(watched)
        return False


@pytest.mark.parametrize("name", [name for name in PAGES if name != "general"])
def test_a_page_is_in_place_when_it_is_first_painted(opened: Opened, qapp: QApplication, name: PageName) -> None:
    watch = Watch(opened, name)
    qapp.installEventFilter(watch)
    opened.window.show_page(name)
    opened.window.page(name).repaint()  # As when the X server asks for it at once.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    qapp.removeEventFilter(watch)
    assert not watch.shown, "no part of a page is a window of its own for a moment"
    assert watch.painted[0] == watch.places(), "no row moves after the first sight"
    for row in watch.rows():
        layout = row.layout()
        assert layout is not None
        assert row.height() == layout.totalHeightForWidth(row.width()), row.name
