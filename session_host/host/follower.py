"""A client as the session sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from session_host.protocol.messages import Event, Resized


class Follower(Protocol):
    """A client as the session sees it."""

    @property
    def follows_output(self) -> bool:
        """Whether it wants output, and not events alone."""

    @property
    def deliver_output(self) -> Callable[[bytes, int], None]:
        """Takes output, already a frame (an empty one if nobody follows output), and the offset of its end."""

    def deliver_resize(self, message: Resized) -> None:
        """The grid changed at this point of the output."""

    def deliver_event(self, event: Event) -> None:
        """Something else happened."""

    def deliver_started(self) -> None:
        """The program runs now."""
