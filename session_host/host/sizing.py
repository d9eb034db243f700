"""Whose size the grid has: that of the viewer which was last used, not sooner than it stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.protocol.values import CellSize, GridSize

from .attachments import Attachment, Attachments

RESIZE_DEBOUNCE_S = 0.03

Sizes = tuple[GridSize, CellSize]


class Sizing:
    """Decides on the grid's size; a window that flaps does not make the program repaint each time."""

    def __init__(
        self, attachments: Attachments, current: Callable[[], Sizes], resize: Callable[[GridSize, CellSize], None]
    ) -> None:
        self._attachments = attachments
        self._current = current
        self._resize = resize
        self._timer: asyncio.TimerHandle | None = None

    def use(self, attachment: Attachment) -> None:
        """This viewer is the one in use."""
        if self._attachments.in_use is not attachment:
            self._attachments.in_use = attachment
            self._schedule()

    def viewer_resized(self, attachment: Attachment) -> None:
        """A viewer's grid changed; it counts if that viewer is in use, or none is."""
        if attachment.read_only:
            return
        if self._attachments.in_use is None:
            self._attachments.in_use = attachment
        if self._attachments.in_use is attachment:
            self._schedule()

    def close(self) -> None:
        """No more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        if self._timer is None and self._wanted() != self._current():
            self._timer = asyncio.get_running_loop().call_later(RESIZE_DEBOUNCE_S, self.apply)

    def _wanted(self) -> Sizes:
        attachment = self._attachments.in_use
        if attachment is None or attachment.size is None or attachment.read_only:
            return self._current()
        return attachment.size.clamped(), attachment.cell

    def apply(self) -> None:
        """Let the grid have the size that is wanted now."""
        self.close()
        wanted = self._wanted()
        if wanted != self._current():
            self._resize(*wanted)
