"""The attached clients of a session, which get its events."""

from __future__ import annotations

from typing import Protocol

from session_host.protocol.messages import Event, Resized


class EventReceiver(Protocol):
    """Callbacks on an attached client's connection, for the rules of its session."""

    def event(self, event: Event) -> None:
        """Send an event to the client."""

    def resized(self, message: Resized) -> None:
        """Report a resize of the grid at this point of the output."""

    def program_started(self) -> None:
        """Send Attached to a client that waited for the program's start."""


class Clients:
    """Passes each event to all clients, in the order in which they have attached."""

    def __init__(self) -> None:
        self._attached: list[EventReceiver] = []

    def add(self, client: EventReceiver) -> None:
        """Send all events to a client from now on, since it has attached."""
        self._attached.append(client)

    def remove(self, client: EventReceiver) -> None:
        """Send no more events to a client that detached or disconnected."""
        if client in self._attached:
            self._attached.remove(client)

    def broadcast(self, event: Event) -> None:
        """Send an event to all clients."""
        for client in tuple(self._attached):
            client.event(event)

    def resized(self, message: Resized) -> None:
        """Report a resize of the grid to all clients."""
        for client in tuple(self._attached):
            client.resized(message)

    def program_started(self) -> None:
        """Report the program's start to all clients."""
        for client in tuple(self._attached):
            client.program_started()
