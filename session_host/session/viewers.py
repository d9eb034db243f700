"""The viewers of a session: attachments, and their effect on grid size and focus; the clients, which get its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from session_host.protocol.messages import Event, Resized
from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.log_state import LogState

from .attachments import AttachedClient, Attachment, Attachments
from .effects import Effect
from .focus import FocusReporter
from .sizing import Sizing


class Viewers:
    """Passes each event to the rules for attachments, grid size and focus, in order.

    Attributes:
        attachments, sizing, focus: the rules.
        changed: called when a viewer shows the session, or not any more.
    """

    def __init__(self, effects: list[Effect], log_state: LogState, size: GridSize, new_id: Callable[[], str]) -> None:
        """Start with the state that a previous host left.

        Args:
            effects: the session's list of effects.
            log_state: the state that a previous host left.
            size: the grid size at the session's start.
            new_id: see ``Attachments``.
        """
        cell = CellSize()
        if log_state.resizes:
            size, cell = log_state.resizes[-1].size, log_state.resizes[-1].cell
        self.attachments = Attachments(effects, log_state.attachments, new_id)
        self.sizing = Sizing(self.attachments, effects, size, cell)
        self.focus = FocusReporter(self.attachments, effects, log_state.focus)
        self.changed: Callable[[], object] = lambda: None

    def attach(self, client: AttachedClient, *, resume: str, read_only: bool, kind: str = "") -> Attachment:
        """Attach a client; returns its previous attachment, or a new one."""
        attachment = self.attachments.attach(client, resume=resume, read_only=read_only)
        attachment.kind = kind
        return attachment

    def detach(self, attachment: Attachment) -> None:
        """Remove the attachment of a viewer that detached."""
        self.attachments.detach(attachment)
        self._viewer_left(attachment, is_cut_off=False)

    def disconnect(self, attachment: Attachment, client: AttachedClient) -> None:
        """Keep a viewer's attachment after it lost its connection."""
        if self.attachments.disconnect(attachment, client):
            self._viewer_left(attachment, is_cut_off=True)

    def _viewer_left(self, attachment: Attachment, *, is_cut_off: bool) -> None:
        self.sizing.viewer_left(attachment, is_cut_off=is_cut_off)
        self.focus.viewers_changed()
        self.changed()

    def set_follows_output(self, attachment: Attachment, *, output: bool) -> None:
        """Note whether a viewer shows the screen, or follows events only."""
        attachment.follows_output = output
        self.focus.viewers_changed()
        self.changed()

    def attached(self, attachment: Attachment, size: GridSize, cell: CellSize, *, is_in_use: bool = True) -> None:
        """Note the grid of a viewer that has just attached; ``is_in_use``: it is in use from now on.

        A terminal that does not know its size says 0×0, which changes nothing.
        """
        if not (size.columns and size.rows):
            return
        attachment.size, attachment.cell = size, cell
        if is_in_use:
            self.sizing.viewer_used(attachment)

    def resized(self, attachment: Attachment, size: GridSize, cell: CellSize) -> None:
        """Note a changed grid of a viewer; one of 0×0 changes nothing, see ``attached``."""
        if not (size.columns and size.rows):
            return
        attachment.size, attachment.cell = size, cell
        self.sizing.viewer_resized(attachment)

    def program_ended(self) -> None:
        """Pass the program's end to the rules for size and focus."""
        self.sizing.program_ended()
        self.focus.stop()


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
