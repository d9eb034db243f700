"""The bar or notice of a page while its chat starts, reconnects or does not answer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import SHOW_WAITING_AFTER_MS
from gui.bridge.chat_viewer import ChatViewer
from gui.theme.follow import Theme
from gui.theme.marks import Mark
from gui.window.page.state_bars import ConnectionBar, Notice, TypedAreas
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import Late
from gui.wording import common_texts, page_texts, phrases


class Waiting(QObject):
    """A bar over a page that shows something, or a notice in the middle of an empty one.

    Both cover a part of the view, which keeps the keyboard focus: typed text is kept in order.

    Signals:
        bar_moved: the bar covers a part of the page, or no longer.
    """

    bar_moved = Signal()

    def __init__(
        self,
        theme: Theme,
        page: QWidget,
        source: ChatViewer,
        *,
        is_empty: Callable[[], bool],
        bottom_px: Callable[[], int],
        typed_areas: TypedAreas,
    ) -> None:
        """Show nothing yet.

        Args:
            theme: gives the colours.
            page: the page to lie over.
            source: the viewer of the chat that the page shows.
            is_empty: returns whether the page shows nothing of the chat.
            bottom_px: returns the upper edge of the page's end bar, or the page's lower edge without that bar.
            typed_areas: returns the parts of the page that the user types into.
        """
        super().__init__(page)
        self._page = page
        self._source = source
        self._is_empty = is_empty
        self._bottom_px = bottom_px
        self._bar = Late(lambda: ConnectionBar(theme, page, typed_areas))
        self._notice = Late(lambda: Notice(page))
        self._says_unresponsive = False
        self._patience = QTimer(self, singleShot=True, interval=SHOW_WAITING_AFTER_MS)
        self._patience.timeout.connect(self._show)

    @property
    def bar(self) -> ConnectionBar:
        """The line over a screen."""
        return self._bar.get()

    @property
    def notice(self) -> Notice:
        """The text over an empty page."""
        return self._notice.get()

    @property
    def is_patient(self) -> bool:
        """Whether the chat is waited for, and nothing is shown yet."""
        return self._patience.isActive()

    def wait(self) -> None:
        """The chat is not live: show it, at once if its host does not answer, else if that lasts."""
        is_shown = self._bar.is_open or self._notice.is_open
        if self._source.is_unresponsive != (is_shown and self._says_unresponsive):
            self._show()
        elif not is_shown and not self._patience.isActive():
            self._patience.start()

    def stop(self) -> None:
        """Wait no longer; what is shown stays."""
        self._patience.stop()

    def end(self, *, keep_notice: bool = False) -> None:
        """Wait no longer, and hide the bar and the notice."""
        self._patience.stop()
        if self._bar.is_open:
            self.bar.hide()
            self.bar_moved.emit()
        if not keep_notice:
            self._notice.hide()

    def show_notice(self, title: str, detail: str) -> None:
        """Show a text in the middle of the page."""
        self.notice.show_text(title, detail)
        self._lay_over(self.notice)

    def place(self) -> None:
        """The page has another size, or another end bar."""
        if self._bar.made is not None:
            self.bar.place()
        if self._notice.made is not None:
            self.notice.setGeometry(0, 0, self._page.width(), self._bottom_px())

    def _show(self) -> None:
        source = self._source
        if source.chat.has_ended:
            return
        self._patience.stop()
        self._says_unresponsive = source.is_unresponsive
        overlay: Notice | ConnectionBar
        if self._is_empty():
            overlay = self.notice
            overlay.show_text(*self._texts())
        else:
            self._notice.hide()
            overlay = self.bar
            if self._says_unresponsive:
                overlay.show_text(Mark.UNRESPONSIVE, page_texts.chat_does_not_answer())
            else:
                overlay.show_text(Mark.RECONNECTING, page_texts.typing_is_kept())
        self._lay_over(overlay)
        self.bar_moved.emit()
        if self._says_unresponsive:
            announce(overlay)

    def _texts(self) -> tuple[str, str]:
        """The notice's title and detail."""
        source = self._source
        if self._says_unresponsive:
            return page_texts.does_not_answer(), page_texts.chat_does_not_answer()
        again = source.connection is not None and source.connection == "reconnecting"
        return (
            page_texts.reconnecting() if again else common_texts.starting(),
            page_texts.command_in(source.chat.command, phrases.short_directory(source.chat.record.cwd)),
        )

    def _lay_over(self, overlay: QWidget) -> None:
        self.place()
        overlay.show()
        overlay.raise_()
