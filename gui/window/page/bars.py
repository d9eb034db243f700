"""The bars of a page: each is made when it is first needed, and placed so that it leaves room for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.theme.theme import Theme
from gui.window.widgets.parts import LazyWidget

from .end_bar import EndBar
from .find_bar import FindBar
from .sleep_bar import SleepBar
from .state_bars import BroadcastMark, ProblemLine, Waiting
from .terminal_content import TerminalContent

if TYPE_CHECKING:
    from .structured_content import StructuredContent


class PageBars(QObject):
    """The bars below a page's content, and over it.

    Attributes:
        end: the bar under the last screen of an ended chat.
        sleep: the bar under the last screen of a chat that is asleep.
        find: the bar that finds text in the chat.
        problem: the line that shows a problem of the chat.
        broadcast: the mark of a page that takes part in a broadcast.
        waiting: the bar or notice while the chat is not live.

    Signals:
        moved: bars or a question cover another part of the page, or no part.
        end_made, sleep_made: the bar was created; the receiver connects its signals.
        find_used: the user searched for something else in the chat.
        continue_requested: the user continues the suspended program.
        broadcast_left: the user takes the page (the object) out of the broadcast.
    """

    moved = Signal()
    end_made = Signal(EndBar)
    sleep_made = Signal(SleepBar)
    find_used = Signal()
    continue_requested = Signal()
    broadcast_left = Signal(object)

    def __init__(
        self,
        theme: Theme,
        page: QWidget,
        column: QVBoxLayout,
        content: TerminalContent | StructuredContent,
        is_starting: Callable[[], bool],
    ) -> None:
        """Make no bar yet.

        Args:
            theme: the theme.
            page: the page.
            column: its layout; the content's view is the first in it.
            content: its content.
            is_starting: returns whether the live chat's agent starts and has written nothing yet.
        """
        super().__init__(page)
        self._theme, self._page, self._column, self._content = theme, page, column, content
        self.end = LazyWidget(self._make_end)
        self.sleep = LazyWidget(self._make_sleep)
        self.find = LazyWidget(self._make_find)
        self.problem = LazyWidget(self._make_problem)
        self.broadcast = LazyWidget(self._make_broadcast)
        self.waiting = Waiting(
            theme,
            page,
            content,
            bottom_px=self._bottom_px,
            is_starting=is_starting,
        )
        self.waiting.bar_moved.connect(self._on_waiting_moved)

    def _make_end(self) -> EndBar:
        bar = EndBar(self._theme)
        bar.setMaximumHeight(self._page.height())
        self._column.addWidget(bar)
        bar.hide()
        self.end_made.emit(bar)
        return bar

    def _make_sleep(self) -> SleepBar:
        screen = self._content.view if isinstance(self._content, TerminalContent) else None
        bar = SleepBar(self._theme, screen)
        self._column.addWidget(bar)
        bar.hide()
        self.sleep_made.emit(bar)
        return bar

    def _make_find(self) -> FindBar:
        bar = FindBar(self._theme, self._page, self._content.finder)
        bar.resized.connect(self.place)
        bar.used.connect(self.find_used)
        bar.moved.connect(self.moved)
        bar.closed.connect(lambda: self._page.setFocus(Qt.FocusReason.OtherFocusReason))
        return bar

    def _make_problem(self) -> ProblemLine:
        return ProblemLine(self._theme, self._page, self._content.typed_areas, self.continue_requested.emit)

    def _make_broadcast(self) -> BroadcastMark:
        mark = BroadcastMark(self._theme, self._page)
        self._column.insertWidget(1, mark)
        mark.left.connect(lambda: self.broadcast_left.emit(self._page))
        mark.moved.connect(self.place)
        mark.moved.connect(self.moved)
        return mark

    def show_problem(self, text: str, action: str) -> None:
        """Show a problem of the chat; see ``ProblemLine.show_text``."""
        if text or self.problem.widget is not None:
            self.problem.get().show_text(text, action)

    def show_broadcast(self, text: str, *, is_left_out: bool) -> None:
        """Mark the page as a part of a broadcast; see ``BroadcastMark.show_text``."""
        if text or self.broadcast.widget is not None:
            self.broadcast.get().show_text(text, is_left_out=is_left_out)

    # ------------------------------------------------------------ placing

    def place(self) -> None:
        """Place the bars, after a change of the page's size or of another bar."""
        if self.end.widget is not None:
            self.end.widget.setMaximumHeight(self._page.height())
        self.waiting.place()
        self._place_problem()
        if self.find.is_open:
            self.find.get().place(self._page.width(), self._bottom_px())
        if self.broadcast.is_open:
            self.broadcast.get().frame_.place(self._page.rect())

    def _place_problem(self) -> None:
        if self.problem.widget is not None:
            self.problem.widget.place(self.waiting.free_bottom_px)

    def _bottom_px(self) -> int:
        """The upper edge of the bars below the view; the page's lower edge without them. In pixels of the page."""
        shown = [part.get() for part in (self.broadcast, self.end, self.sleep) if part.is_open]
        return max(self._page.height() - sum(bar.sizeHint().height() for bar in shown), 0)

    def _on_waiting_moved(self) -> None:
        if not isinstance(self._content, TerminalContent):  # A terminal keeps its grid.
            self._column.setContentsMargins(0, self.waiting.bar_height_px, 0, 0)
        self._place_problem()
        self.moved.emit()
