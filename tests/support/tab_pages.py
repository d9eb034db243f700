"""Shows pages that are tabs of a window, each alone in a window of its own."""

from __future__ import annotations

from collections.abc import Callable

from gui.window.widgets.activation import raise_window
from gui.window.widgets.tab_page import TabPage


class ShownAlone:
    """Shows pages by their keys; a page is made when it is first shown.

    Attributes:
        make: makes the page with a key.
        size_px: width and height of the pages.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        self.size_px = width_px, height_px
        self.make: Callable[[str], TabPage] | None = None
        self._pages: dict[str, TabPage] = {}

    def show(self, key: str) -> None:
        """Show a page in front."""
        page = self._pages.get(key)
        if page is None:
            assert self.make is not None
            page = self._pages[key] = self.make(key)
            page.closed.connect(lambda: self._pages.pop(key, None))
            page.resize(*self.size_px)
        raise_window(page)

    def close(self) -> None:
        """Close all pages."""
        for page in list(self._pages.values()):
            page.close()
