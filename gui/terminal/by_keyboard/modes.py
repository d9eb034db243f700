"""The keyboard's modes of one view: which one is on, its keys and its line."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.screen_readers import announce
from gui.terminal.display import TerminalDisplay
from gui.terminal.drawing.canvas import least_covering
from gui.terminal.input.selection import Selection
from gui.terminal.links.link_pointer import LinkPointer
from gui.terminal.scrolling import Scroller
from gui.theme.controls import PlainLabel
from gui.wording import page_texts

from .hints import Hints
from .mode import Mode
from .selecting import FindPrompts, KeyboardSelection

_MARGIN_PX = 12
_PADDING_PX = 10
_SPACING_PX = 12


class _Line(QFrame):
    """The line as a widget: the mode, and its keys."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.title, self.keys = PlainLabel(), PlainLabel()
        self.title.setProperty("kind", "title")
        self.keys.setProperty("kind", "secondary")
        self.setProperty("area", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(_PADDING_PX, 4, _PADDING_PX, 4)
        row.setSpacing(_SPACING_PX)
        row.addWidget(self.title)
        row.addWidget(self.keys, 1)

    def fit(self, width_px: int) -> None:
        """Show the keys if there is room for them."""
        needed = self.title.sizeHint().width() + self.keys.sizeHint().width() + _SPACING_PX
        self.keys.setVisible(needed + 2 * (_PADDING_PX + _MARGIN_PX) <= width_px)


class ModeLine:
    """The line of one view, created when it is first shown.

    Attributes:
        title: the mode; "" if the line was never shown.
    """

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self._line: _Line | None = None
        self._avoided: list[QRect] = []
        self.title = ""

    @property
    def is_shown(self) -> bool:
        """Whether the line is shown."""
        return self._line is not None and not self._line.isHidden()

    def show_texts(self, title: str, keys: str) -> None:
        """Show the line with these texts."""
        if title != self.title or not self.is_shown:
            for text in (title, keys):
                announce(self._view, text)
        if self._line is None:
            self._line = _Line(self._view)
        self.title = title
        self._line.title.setText(title)
        self._line.keys.setText(keys)
        self._line.setAccessibleName(title)
        self._line.setAccessibleDescription(keys)
        self.place(self._avoided)
        self._line.show()
        self._line.raise_()

    def hide(self) -> None:
        """Hide the line."""
        if self._line is not None:
            self._line.hide()

    def place(self, avoided: list[QRect]) -> None:
        """Move the line to the view's lower end, or to the position that covers least of the ``avoided`` rectangles."""
        self._avoided = avoided
        if self._line is None:
            return
        room = self._view.size()
        self._line.fit(room.width())
        size = self._line.sizeHint()
        middle, right = (room.width() - size.width()) // 2, room.width() - size.width() - _MARGIN_PX
        top, bottom = _MARGIN_PX, room.height() - size.height() - _MARGIN_PX
        candidates = [QRect(x, y, size.width(), size.height()) for x in (middle, right) for y in (bottom, top)]
        self._line.setGeometry(least_covering(candidates, avoided))


class KeyboardModes:
    """The keyboard's modes of one view; at most one is on.

    Attributes:
        selecting: the mode that selects with a caret.
        hints: the mode that opens and copies by letters.
        line: the line that names the mode and its keys.
    """

    def __init__(
        self,
        display: TerminalDisplay,
        scroller: Scroller,
        links: LinkPointer,
        selection: Selection,
        find_prompts: FindPrompts,
        notify: Callable[[str], object],
        *,
        is_covered: Callable[[], bool],
        on_change: Callable[[], object],
        request_find: Callable[[], object],
    ) -> None:
        """Set up the modes.

        Args:
            display: the view.
            scroller: scrolls it.
            links: opens links, and knows which names are files.
            selection: the view's selection; cells that other code selects take the caret along.
            find_prompts: returns the prompts of an emulator, oldest first.
            notify: gets one line for the user.
            is_covered: whether the find bar covers a part of the view.
            on_change: called after a mode was entered or left: the keys go to the mode or to the program.
            request_find: opens the find bar.
        """
        self._display = display
        self._is_covered = is_covered
        self._on_change = on_change
        self._was_on = False
        this = weakref.ref(self)  # A cycle would keep a closed page until garbage is collected.

        def update_line() -> None:
            if (modes := this()) is not None:
                modes.update_line()

        self.selecting = KeyboardSelection(display, update_line, find_prompts, request_find)
        self.hints = Hints(display, update_line, links, notify)
        self.line = ModeLine(display.widget)
        for signal in (scroller.scrolled, scroller.jumped):
            signal.connect(self.on_scrolled)
        selection.cells_selected.connect(self.selecting.go_to)

    @property
    def active(self) -> Mode | None:
        """The mode that is on."""
        if self.selecting.is_on:
            return self.selecting
        return self.hints if self.hints.is_on else None

    def select(self) -> None:
        """Enter or leave the selecting mode."""
        self.hints.leave_in_place()
        if self.selecting.is_on:
            self.selecting.leave()
        else:
            self.selecting.enter()

    def show_hints(self) -> None:
        """Enter or leave the mode that opens and copies by letters."""
        self.selecting.leave_in_place()
        if self.hints.is_on:
            self.hints.leave()
        else:
            self.hints.enter()

    def press(self, event: QKeyEvent) -> None:
        """Handle a key while a mode is on."""
        if (active := self.active) is not None:
            active.press(event)

    def leave_in_place(self) -> None:
        """End the mode without scrolling."""
        if (active := self.active) is not None:
            active.leave_in_place()

    # ------------------------------------------------------------ frames and scrolling

    def before_frame(self) -> None:
        """Keep the view's scroll position."""
        if (active := self.active) is not None:
            active.before_frame()

    def after_frame(self) -> None:
        """Place the line so that it does not cover the caret or the labels."""
        if self.active is not None:
            self._place_line()

    def on_scrolled(self) -> None:
        """The view was scrolled: keep the new position, and keep the caret in view unless the find bar is open."""
        if (active := self.active) is not None:
            active.on_scrolled()
            if not self._is_covered():
                self.selecting.keep_caret_in_view()

    def update_line(self) -> None:
        """Name the mode and its keys; a mode was entered or left, or its state has changed."""
        selecting, hints = self.selecting, self.hints
        if self._is_covered():
            self.line.hide()  # The open find bar explains the keys.
        elif selecting.is_on:
            title = {
                "": page_texts.SELECT(),
                "characters": page_texts.SELECTING_CHARACTERS(),
                "lines": page_texts.SELECTING_LINES(),
                "block": page_texts.SELECTING_A_BLOCK(),
            }[selecting.kind]
            keys = page_texts.KEYS_WHILE_SELECTING() if selecting.kind else page_texts.KEYS_TO_BEGIN_SELECTING()
            self.line.show_texts(title, keys)
        elif hints.is_on and not hints.is_looking:
            self.line.show_texts(page_texts.TYPE_THE_LETTERS(), page_texts.KEYS_OF_HINTS())
        else:
            self.line.hide()
        is_on = self.active is not None
        if is_on != self._was_on:
            self._was_on = is_on
            self._on_change()

    def _place_line(self) -> None:
        surface = self._display.surface
        if self._is_covered():
            self.line.hide()
            return
        if not self.line.is_shown:
            self.update_line()
        rects = [surface.cells_rect(*span) for span in self.hints.spans()]
        if self.selecting.is_on:
            caret, height = surface.cursor_rect(), surface.layout.cell_height
            rects = [caret.adjusted(0, -height, 0, height)]
        self.line.place([self._display.logical_rect(rect) for rect in rects])
