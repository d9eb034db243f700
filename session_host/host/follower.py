"""A client as the session sees it."""

from __future__ import annotations

from typing import Protocol

from session_host.protocol.messages import Event, Resized


class Follower(Protocol):
    """A client as the session sees it."""

    @property
    def follows_output(self) -> bool:
        """Whether it wants output, and not events alone."""

    def deliver_output(self, frame: bytes, end: int) -> None:
        """Output that ends at the offset ``end``, already a frame; an empty one if nobody follows output."""

    def deliver_resize(self, message: Resized) -> None:
        """The grid changed at this point of the output."""

    def deliver_event(self, event: Event) -> None:
        """Something else happened."""

    def deliver_started(self) -> None:
        """The program runs now."""
