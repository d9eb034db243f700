"""Whom a session tells what happens: its clients, and what waits for something here."""

from __future__ import annotations

from typing import Protocol, Self

from session_host.protocol.messages import Event, Resized


class SessionObserver(Protocol):
    """A client as the session sees it."""

    def deliver_resize(self, message: Resized) -> None:
        """The grid changed at this point of the output."""

    def deliver_event(self, event: Event) -> None:
        """Something else happened."""

    def deliver_started(self) -> None:
        """The program runs now."""


class SilentObserver:
    """A follower that is no client, and waits for something of its own; it does nothing with what it is told.

    It follows while it is entered.
    """

    def __init__(self, followers: set[SessionObserver]) -> None:
        self._followers = followers

    def __enter__(self) -> Self:
        self._followers.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._followers.discard(self)

    def deliver_resize(self, message: Resized) -> None:
        """See Follower."""

    def deliver_event(self, event: Event) -> None:
        """See Follower."""

    def deliver_started(self) -> None:
        """See Follower."""
