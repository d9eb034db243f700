"""Whose size the grid has: that of the viewer which was last used, not sooner than it stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import CellSize, GridSize

from .attachments import Attachment, Attachments

RESIZE_DEBOUNCE_S = 0.03
LEAVING_DEBOUNCE_S = 0.3
"""A viewer that left may be back at once, after a broken connection; then its size stays."""

Sizes = tuple[GridSize, CellSize]


class Sizing:
    """Decides on the grid's size; a window that flaps does not make the program repaint each time."""

    def __init__(
        self,
        attachments: Attachments,
        current: Callable[[], Sizes],
        resize: Callable[[GridSize, CellSize], None],
        tell: Callable[[SizeEvent], None],
    ) -> None:
        self.told: SizeEvent | None = None
        """The size that a viewer set last, None if this host knows of none."""
        self.is_live = False
        """Whether changes are told. Before, the program does not run: each viewer learns the size with Attached."""
        self._tell = tell
        self._attachments = attachments
        self._current = current
        self._resize = resize
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._uses = 0
        attachments.left = self._viewer_left

    def use(self, attachment: Attachment) -> None:
        """This viewer is the one in use."""
        if self._attachments.in_use is not attachment:
            self._come_into_use(attachment)
            self._schedule()

    def _come_into_use(self, attachment: Attachment) -> None:
        self._attachments.in_use = attachment
        self._uses += 1
        attachment.used = self._uses

    def _viewer_left(self) -> None:
        """The viewer in use is gone: soon the grid takes the size of the one that was in use before it."""
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(LEAVING_DEBOUNCE_S, self._follow_another)

    def _follow_another(self) -> None:
        self._leaving = None
        other = self._attachments.last_used()
        if self._attachments.in_use is None and other is not None:
            self._come_into_use(other)
            self.apply()

    def viewer_resized(self, attachment: Attachment) -> None:
        """A viewer's grid changed; it counts if that viewer is in use, or none is."""
        if attachment.read_only:
            return
        if self._attachments.in_use is None:
            self._come_into_use(attachment)
        if self._attachments.in_use is attachment:
            self._schedule()

    def close(self) -> None:
        """No more."""
        self._cancel()
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _cancel(self) -> None:
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
        self._cancel()
        wanted = self._wanted()
        if wanted != self._current():
            self._resize(*wanted)
        attachment = self._attachments.in_use
        if attachment is not None and attachment.size is not None and wanted == self._current():
            self._tell_size(SizeEvent(wanted[0], attachment.kind))

    def _tell_size(self, event: SizeEvent) -> None:
        if event != self.told:
            self.told = event
            if self.is_live:
                self._tell(event)
