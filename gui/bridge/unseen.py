"""The marks of a chat that has something new for the user. Pure."""

from __future__ import annotations

from collections.abc import Callable


class Unseen:
    """The marks of a chat that its user has not seen since it wrote, rang or notified.

    Attributes:
        output: whether it wrote output since it was last shown, or the user marked it as unread.
        bell: whether it rang the bell since then.
        notification: the last notification of its program since then, one line; "" for none.
        marks_bell: whether a bell sets ``bell``.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        """Begin without a mark; ``changed`` is called when the user's action or setting changes one."""
        self._changed = changed
        self.output = self.bell = False
        self.notification = ""
        self.marks_bell = True

    def note(self, *, rang: bool = False, notification: str = "") -> bool:
        """Mark output, a bell or a notification; returns whether the marks changed."""
        previous = (self.output, self.bell, self.notification)
        self.output, self.bell = True, self.bell or rang
        self.notification = notification or self.notification
        return previous != (self.output, self.bell, self.notification)

    def clear(self) -> None:
        """Remove the marks, since a page of the chat came to the front."""
        if self.output or self.bell:
            self.output = self.bell = False
            self.notification = ""
            self._changed()

    def set_unread(self, *, unread: bool) -> None:
        """Mark the chat as unread at the user's request, until it comes to the front; or as read."""
        if not unread:
            self.clear()
        elif not self.output:
            self.output = True
            self._changed()

    def set_marks_bell(self, *, enabled: bool) -> None:
        """Set whether a bell marks the chat; False also removes the mark."""
        self.marks_bell = enabled
        if self.bell and not enabled:
            self.bell = False
            self._changed()
