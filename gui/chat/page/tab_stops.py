"""The Tab key on a transcript: goes from control to control, and to the names of existing files."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from gui.chat.drawing.segment_layout import Control
from gui.timers import single_shot

from .painting import PaintedPage
from .positions import PlacedSegment
from .scrolling import Scroller

_LOOK_UP_AFTER_MS = 150
"""How long after scrolling the names of files on the page are looked up."""


class TabStops(QObject):
    """The controls on a page at which the Tab key stops."""

    def __init__(self, page: PaintedPage, scroller: Scroller, moved: Callable[[], object]) -> None:
        """Move the focus on a page; ``moved`` is called when another control has it, or none."""
        super().__init__(page)
        self._page, self._moved = page, moved
        self._look_up_soon = single_shot(self, _LOOK_UP_AFTER_MS)
        self._look_up_soon.timeout.connect(self.look_up)
        scroller.arranged.connect(self._look_up_soon.start)

    def look_up(self) -> None:
        """Look up the names of files on the page, because the Tab key may be pressed next."""
        page = self._page
        if page.hasFocus():
            names = [name for placed in page.visible for name in page.file_names(placed)]
            page.names.look_up(name.file.path for name in names if name.is_stop)

    def step(self, *, forward: bool) -> bool:
        """Give the focus to the next control, or to the previous one; returns whether there is one."""
        page = self._page
        focus_order: list[tuple[str, int, int]] = []
        for placed in page.visible:
            for number, control in self._stops(placed):
                top = placed.top + control.area.top()
                if top >= 0 and top + control.area.height() <= page.height():
                    focus_order.append((page.rows.key(placed.position), placed.number, number))
        index = focus_order.index(page.focused) if page.focused in focus_order else None
        following = (0 if forward else len(focus_order) - 1) if index is None else index + (1 if forward else -1)
        is_found = 0 <= following < len(focus_order)
        page.focused = focus_order[following] if is_found else None
        if page.focused is not None:
            page.setAccessibleDescription(page.control_name(page.focused))
            self._show(page.focused)
        self._moved()
        page.update()
        return is_found

    def _stops(self, placed: PlacedSegment) -> list[tuple[int, Control]]:
        """The controls of a segment at which the Tab key stops, and their numbers: all, and the names of files."""
        stops = list(enumerate(placed.laid.controls))
        for number, name in enumerate(self._page.file_names(placed), len(stops)):
            if name.is_stop and self._page.names.path_of(name.file.path):
                stops.append((number, name.control))
        return stops

    def _show(self, target: tuple[str, int, int]) -> None:
        """Scroll a wide table until it shows this control."""
        control, position = self._page.control_of(target), self._page.rows.position(target[0])
        if control is not None and position is not None and not control.stays:
            self._page.rows.show_aside(position, target[1], control.area.left(), control.area.right())
