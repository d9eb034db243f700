"""Whether the user has seen what is asked, to its end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gui.input.refused_keys import KEYS_AFTER_MS
from gui.timers import single_shot
from gui.wording import chat_texts

_EDGE_PX = 4
"""The end of a subject is in view if at most this much of it is cut off."""


class SeenSubject(QObject):
    """Watches what the user sees of a request's subject: the command, the text, or the changes.

    Attributes:
        is_seen: whether the user has seen the subject to its end.

    Signals:
        checked: the subject was examined, when it had been in its place for a moment.
    """

    checked = Signal()

    def __init__(self, card: QWidget, subject: QPlainTextEdit | None) -> None:
        """Watch a request's widget; without ``subject``, there is nothing to see but the widget."""
        super().__init__(card)
        self.is_seen = False
        self._card = card
        self._subject = subject
        self._visible_ends: Callable[[], tuple[bool, bool]] | None = None
        self._on_page = self._seen_ends = (False, False)
        self._timer = single_shot(self, KEYS_AFTER_MS)
        self._timer.timeout.connect(self._check)
        if subject is not None:
            subject.verticalScrollBar().valueChanged.connect(lambda _value: self._timer.start())
            subject.verticalScrollBar().rangeChanged.connect(lambda _least, _most: self._timer.start())

    def set_visible_ends(self, visible_ends: Callable[[], tuple[bool, bool]]) -> None:
        """Set that the page shows the subject; ``visible_ends`` returns whether its first and last line are visible."""
        self._visible_ends = visible_ends

    def check_soon(self) -> None:
        """Check later whether the end of the subject is visible, since the widget may have moved."""
        if self.is_seen:
            return
        on_page = self._on_page if self._visible_ends is None else self._visible_ends()
        if on_page != self._on_page or not self._timer.isActive():
            self._on_page = on_page
            self._timer.start()

    def _check(self) -> None:
        if self.is_seen:
            return
        if self._visible_ends is not None:
            self._on_page = self._visible_ends()
            self._seen_ends = self._with(self._on_page)
            self.is_seen = all(self._seen_ends)
        elif self._card.isVisible():
            self.is_seen = self._is_end_in_view
        else:
            return
        self.checked.emit()

    def _with(self, ends: tuple[bool, bool]) -> tuple[bool, bool]:
        return self._seen_ends[0] or ends[0], self._seen_ends[1] or ends[1]

    @property
    def _is_end_in_view(self) -> bool:
        if self._subject is None:
            return True
        bar, viewport = self._subject.verticalScrollBar(), self._subject.viewport()
        shown = viewport.visibleRegion().boundingRect()
        return bar.value() >= bar.maximum() and shown.bottom() >= viewport.rect().bottom() - _EDGE_PX

    @property
    def is_soon_seen(self) -> bool:
        """Whether the subject counts as seen in a moment, if nothing moves."""
        return self._is_end_in_view if self._visible_ends is None else all(self._with(self._visible_ends()))

    @property
    def is_partly_seen(self) -> bool:
        """Whether the user has seen the beginning or the end, or a part of a subject that has to be scrolled."""
        scrolls = self._subject is not None and self._subject.verticalScrollBar().maximum() > 0
        return scrolls if self._visible_ends is None else any(self._seen_ends)

    @property
    def hint(self) -> str:
        """How the user gets to see the subject; "" if it was seen."""
        if self.is_seen:
            return ""
        if self._visible_ends is not None:
            return chat_texts.LOOK_THROUGH_TO_ALLOW()
        bar = self._subject.verticalScrollBar() if self._subject is not None else None
        is_cut = bar is not None and bar.value() < bar.maximum()
        return chat_texts.SCROLL_TO_ALLOW() if is_cut else chat_texts.SCROLL_UP_TO_ALLOW()
