"""Broadcast: what the user types in one pane goes to the other panes of the window, too.

The chats are those that the panes showed when it was switched on. A chat leaves when its pane shows another tab or is
covered, or when it ends; with fewer than two, broadcast is off. What is typed in a pane outside goes only there.
An agent's question is answered only in its own pane: a chat that needs the user gets nothing from other panes, and what
is typed in its pane goes nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from gui.bridge.sessions import Sessions
from gui.terminal.view import TerminalView
from gui.window.page.banners import BannerArea
from gui.window.page.terminal_page import TerminalPage
from gui.window.panes.panes import Panes
from gui.window.widgets.accessibility import announce
from gui.wording import window_texts


class Broadcasting(QObject):
    """Switches broadcast on and off, and marks the panes."""

    def __init__(self, sessions: Sessions, tabs: Panes, banners: BannerArea) -> None:
        super().__init__(tabs)
        self._tabs = tabs
        self._banners = banners
        self._pages: list[TerminalPage] = []
        """The pages that take part; empty while broadcast is off."""
        tabs.changed.connect(self._update)
        tabs.active_changed.connect(self._update)
        sessions.changed.connect(self._update)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The handlers of the table's actions."""
        return {"broadcast": self.toggle}

    @property
    def is_on(self) -> bool:
        """Whether typing goes to several panes."""
        return bool(self._pages)

    def toggle(self) -> None:
        """Switch broadcast on for the shown terminals, or off."""
        if self._pages:
            self._stop()
            self._banners.inform(window_texts.BROADCAST_IS_OFF(), key="broadcast")
            return
        pages = self._shown()
        if len(pages) < 2:
            self._banners.inform(window_texts.NEEDS_TWO_TERMINALS(), key="broadcast")
            return
        self._pages = pages
        for page in pages:
            page.view.set_receivers(partial(self._receivers_of, page))
            page.broadcast_left.connect(self._on_left)
        self._banners.withdraw("broadcast")
        self._show()
        announce(self._tabs.area, window_texts.BROADCAST_IS_ON(count=len(pages)))

    def _shown(self) -> list[TerminalPage]:
        """The visible pages with running terminals; the first one of each chat."""
        found: dict[str, TerminalPage] = {}
        panes = [self._tabs.active] if self._tabs.is_maximised else self._tabs.panes()
        for page in (pane.tabs.active_page for pane in panes):
            if isinstance(page, TerminalPage) and not page.chat.has_ended:
                found.setdefault(page.chat.id, page)
        return list(found.values())

    def _receivers_of(self, page: TerminalPage) -> list[TerminalView]:
        """The views that now get the input of this page."""
        if page.chat.needs_you:
            return []
        return [other.view for other in self._pages if other is not page and not _is_left_out(other)]

    def _update(self) -> None:
        """Drop the pages that are not shown any more, and show the current state."""
        if not self._pages:
            return
        shown = self._shown()
        for page in [page for page in self._pages if page not in shown]:
            self._drop(page)
        self._end_if_alone()
        self._show()

    def _on_left(self, page: TerminalPage) -> None:
        self._drop(page)
        self._end_if_alone()
        self._show()

    def _drop(self, page: TerminalPage) -> None:
        self._pages.remove(page)
        page.broadcast_left.disconnect(self._on_left)
        page.view.set_receivers(None)
        page.show_broadcast("", is_left_out=False)

    def _end_if_alone(self) -> None:
        if len(self._pages) == 1:
            self._stop()
            self._banners.inform(window_texts.BROADCAST_IS_OFF(), key="broadcast")

    def _stop(self) -> None:
        for page in list(self._pages):
            self._drop(page)

    def _show(self) -> None:
        active = self._tabs.active_page
        asks_here = active is not None and active in self._pages and active.chat.needs_you
        types_outside = active not in self._pages
        count = sum(page is active or not _is_left_out(page) for page in self._pages)
        for page in self._pages:
            if page is active:
                text = window_texts.ONLY_HERE() if asks_here else window_texts.typing_goes_to(count)
                page.show_broadcast(text, is_left_out=False)
            elif asks_here or types_outside or _is_left_out(page):
                page.show_broadcast(_why_left_out(page), is_left_out=True)
            else:
                page.show_broadcast(window_texts.TYPED_HERE_TOO(), is_left_out=False)


def _is_left_out(page: TerminalPage) -> bool:
    """Whether a page gets nothing from others now."""
    source = page.source
    return page.chat.needs_you or page.is_question_open or not source.is_live or source.is_unresponsive


def _why_left_out(page: TerminalPage) -> str:
    return window_texts.NEEDS_YOUR_ANSWER() if page.chat.needs_you else window_texts.NOT_TYPED_HERE()
