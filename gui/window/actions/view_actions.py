"""Actions on the look of a window: the size of the text, the sidebar, the status line, full screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gui.settings.layout import ZOOM_RANGE, WindowLayout
from gui.settings.live import LiveSettings
from gui.terminal.cell_metrics import default_size_px
from gui.window.frame import WindowFrame
from gui.window.page.chat_page import ChatPage
from gui.window.page.terminal_page import TerminalPage
from gui.window.panes.panes import Panes
from gui.window.saving import LayoutSaving


class ViewActions:
    """The actions on the look of a window; also gives pages their fonts."""

    def __init__(
        self,
        window: QWidget,
        layout: WindowLayout,
        frame: WindowFrame,
        tabs: Panes,
        saving: LayoutSaving,
        settings: LiveSettings,
        describe: Callable[[], object],
    ) -> None:
        """Set up the actions; ``describe`` shows or hides the window's status line as the layout says."""
        self._window = window
        self._layout = layout
        self._frame = frame
        self._tabs = tabs
        self._saving = saving
        self._settings = settings
        self._describe = describe

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions on the look of the window."""
        return {
            "zoom_in": lambda: self.set_zoom(self._layout.zoom + 1),
            "zoom_out": lambda: self.set_zoom(self._layout.zoom - 1),
            "zoom_reset": lambda: self.set_zoom(0),
            "sidebar": self.toggle_sidebar,
            "status_line": self.toggle_status_line,
            "full_screen": self.toggle_full_screen,
        }

    def set_fonts(self, pages: Iterable[ChatPage]) -> None:
        """Give pages the configured font, in its size with the zoom, and terminals their spacing."""
        preferences = self._settings.preferences
        window = preferences.window
        for page in pages:
            if isinstance(page, TerminalPage):
                page.view.set_spacing(window.line_height, window.padding)
            page.set_font(preferences.terminal_font, window.font_size or default_size_px(), self._layout.zoom)

    def set_zoom(self, steps: int) -> None:
        """Set the zoom: the text is this many steps larger than configured."""
        self._layout.zoom = min(max(steps, ZOOM_RANGE[0]), ZOOM_RANGE[1])
        for page in self._tabs.pages():
            page.set_zoom(self._layout.zoom)
        self._saving.save_soon()

    def toggle_sidebar(self) -> None:
        """Collapse the sidebar to marks, or expand it."""
        self._frame.toggle_sidebar()
        self._saving.save_soon()

    def toggle_status_line(self) -> None:
        """Show or hide the status line."""
        self._layout.status_line = not self._layout.status_line
        self._describe()
        self._saving.save_soon()

    def toggle_full_screen(self) -> None:
        """Let the window fill the screen, or leave that."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)
