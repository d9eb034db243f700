"""The bar or notice of a page while its chat starts, reconnects or does not answer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.bridge.additional_viewer import PageViewer
from gui.bridge.chat import SHOW_WAITING_AFTER_MS
from gui.theme.marks import Mark
from gui.theme.theme import Theme
from gui.window.page.state_bars import ConnectionBar, Notice, TypedAreas
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import LazyWidget
from gui.wording import common_texts, page_texts, phrases


class Waiting(QObject):
    """A bar over a page that shows something, or a notice in the middle of an empty one.

    Both cover a part of the view; the view keeps the keyboard focus, and typed text is kept for the host.

    Signals:
        bar_moved: the bar was shown, moved or hidden.
    """

    bar_moved = Signal()

    def __init__(
        self,
        theme: Theme,
        page: QWidget,
        source: PageViewer,
        *,
        is_empty: Callable[[], bool],
        bottom_px: Callable[[], int],
        typed_areas: TypedAreas,
    ) -> None:
        """Create it without showing anything.

        Args:
            theme: the theme.
            page: the page below it.
            source: the viewer of the chat that the page shows.
            is_empty: returns whether the page shows nothing of the chat.
            bottom_px: returns the upper edge of the bars below the view, or the page's lower edge without them.
            typed_areas: returns the parts of the page that the user types into.
        """
        super().__init__(page)
        self._page = page
        self._source = source
        self._is_empty = is_empty
        self._bottom_px = bottom_px
        self._bar = LazyWidget(lambda: ConnectionBar(theme, page, typed_areas, bottom_px))
        self._notice = LazyWidget(lambda: Notice(page))
        self._shows_unresponsive = False
        self._show_timer = QTimer(self, singleShot=True, interval=SHOW_WAITING_AFTER_MS)
        self._show_timer.timeout.connect(self._show)

    @property
    def bar(self) -> ConnectionBar:
        """The line over a screen."""
        return self._bar.get()

    @property
    def notice(self) -> Notice:
        """The text over an empty page."""
        return self._notice.get()

    def wait(self) -> None:
        """Show that the chat is not live: at once if its host does not answer, else after a delay."""
        is_shown = self._bar.is_open or self._notice.is_open
        if self._source.is_unresponsive != (is_shown and self._shows_unresponsive):
            self._show()
        elif not is_shown and not self._show_timer.isActive():
            self._show_timer.start()

    def stop(self) -> None:
        """Stop the delay; a shown bar or notice stays."""
        self._show_timer.stop()

    def end(self, *, keep_notice: bool = False) -> None:
        """Stop the delay, and hide the bar and the notice."""
        self._show_timer.stop()
        if self._bar.is_open:
            self.bar.hide()
            self.bar_moved.emit()
        if not keep_notice:
            self._notice.hide()

    def show_notice(self, title: str, detail: str) -> None:
        """Show a text in the middle of the page."""
        self.notice.show_text(title, detail)
        self._show_overlay(self.notice)

    def place(self) -> None:
        """Place the bar and the notice, after a change of the page's size or end bar."""
        if self._bar.widget is not None:
            self.bar.place()
        if self._notice.widget is not None:
            self.notice.setGeometry(0, 0, self._page.width(), self._bottom_px())

    def _show(self) -> None:
        source = self._source
        if source.chat.has_ended:
            return
        self._show_timer.stop()
        self._shows_unresponsive = source.is_unresponsive
        overlay: Notice | ConnectionBar
        if self._is_empty():
            overlay = self.notice
            overlay.show_text(*self._texts())
        else:
            self._notice.hide()
            overlay = self.bar
            if self._shows_unresponsive:
                overlay.show_text(Mark.UNRESPONSIVE, page_texts.CHAT_DOES_NOT_ANSWER())
            else:
                overlay.show_text(Mark.RECONNECTING, page_texts.TYPING_IS_KEPT())
        self._show_overlay(overlay)
        self.bar_moved.emit()
        if self._shows_unresponsive:
            announce(overlay, overlay.accessibleName())

    def _texts(self) -> tuple[str, str]:
        """The notice's title and detail."""
        source = self._source
        if self._shows_unresponsive:
            return page_texts.DOES_NOT_ANSWER(), page_texts.CHAT_DOES_NOT_ANSWER()
        again = source.connection is not None and source.connection == "reconnecting"
        return (
            page_texts.RECONNECTING() if again else common_texts.STARTING(),
            page_texts.COMMAND_IN(
                command=source.chat.command, directory=phrases.short_directory(source.chat.record.cwd)
            ),
        )

    def _show_overlay(self, overlay: QWidget) -> None:
        self.place()
        overlay.show()
        overlay.raise_()
