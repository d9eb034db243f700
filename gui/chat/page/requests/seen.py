"""Whether the user has seen what is asked, to its end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui.input.refused_keys import KEYS_AFTER_MS
from gui.timers import single_shot
from gui.wording import chat_texts


class SeenSubject(QObject):
    """Watches what the user sees of a request's subject: the command, the text, or the changes.

    Attributes:
        is_seen: whether the user has seen the subject to its end.
        visible_ends: returns whether its first and its last line are on the page.

    Signals:
        checked: the subject was examined, when it had been in its place for a moment.
    """

    checked = Signal()

    def __init__(self, card: QWidget) -> None:
        """Watch the subject of a request's widget."""
        super().__init__(card)
        self.is_seen = False
        self.visible_ends: Callable[[], tuple[bool, bool]] = lambda: (False, False)
        self._on_page = self._seen_ends = (False, False)
        self._timer = single_shot(self, KEYS_AFTER_MS)
        self._timer.timeout.connect(self._check)

    def check_soon(self) -> None:
        """Check later whether the ends of the subject are visible, since it may have moved."""
        if self.is_seen:
            return
        on_page = self.visible_ends()
        if on_page != self._on_page or not self._timer.isActive():
            self._on_page = on_page
            self._timer.start()

    def _check(self) -> None:
        if not self.is_seen:
            self._on_page = self.visible_ends()
            self._seen_ends = self._with(self._on_page)
            self.is_seen = all(self._seen_ends)
            self.checked.emit()

    def _with(self, ends: tuple[bool, bool]) -> tuple[bool, bool]:
        return self._seen_ends[0] or ends[0], self._seen_ends[1] or ends[1]

    @property
    def is_soon_seen(self) -> bool:
        """Whether the subject counts as seen in a moment, if nothing moves."""
        return all(self._with(self.visible_ends()))

    @property
    def hint(self) -> str:
        """How the user gets to see the subject; "" if it was seen."""
        return "" if self.is_seen else chat_texts.READ_TO_ALLOW()
