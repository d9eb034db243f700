"""A tab with a list on the left and a page of text on the right; the user sets the text's size."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.chat.page.page import DocumentPage
from gui.settings.layout import ZOOM_RANGE
from gui.theme.terminal import TerminalFont

from .paged_tab import PagedTab, PageList

_ZOOM_KEYS: dict[int, int] = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1, Qt.Key.Key_0: 0}
"""The steps by which keys with Ctrl zoom; 0 is the usual size."""


class TextTab(PagedTab):
    """The tab; the keys of browsers and Ctrl with the wheel zoom its page."""

    own_keys: tuple[str, ...] = ("Ctrl++", "Ctrl+=", "Ctrl+Shift++", "Ctrl+Shift+=", "Ctrl+-", "Ctrl+0")

    def __init__(self, name: str, side: PageList, page: DocumentPage) -> None:
        """Make the tab; see ``PagedTab``."""
        super().__init__(name, side)
        self._text = page
        self._font_px, self._zoom = 0, 0
        page.zoom_requested.connect(lambda steps: self._set_zoom(self._zoom + steps))
        page.typed.connect(self._on_typed)

    def set_font(self, font: TerminalFont, size_px: int) -> None:
        """Set the font of code, and the size of the text before it is zoomed."""
        self._font_px = size_px
        self._text.set_mono_font(font)
        self._set_zoom(self._zoom)

    def _set_zoom(self, steps: int) -> None:
        smallest, largest = ZOOM_RANGE
        self._zoom = min(max(steps, smallest), largest)
        self._text.set_font_size(self._font_px + self._zoom)

    def scroll_pages(self, pages: int) -> None:
        """Scroll down, or up with negative pages; a part of the previous page stays visible."""
        self._text.scroll_pages(pages)

    def _on_typed(self, text: str) -> None:
        """Put what is typed into the page into the search field; Space goes a page further, as in a browser."""
        if text == " ":
            self.scroll_pages(1)
        else:
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
            self.search.setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Shift is ignored: many keyboards have "+" above "=".
        modifiers = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        key = event.key()
        if modifiers != Qt.KeyboardModifier.ControlModifier or key not in _ZOOM_KEYS:
            super().keyPressEvent(event)
        else:
            self._set_zoom(self._zoom + step if (step := _ZOOM_KEYS[key]) else 0)
