"""The viewers of a session: attachments, and their effect on grid size and focus."""

from __future__ import annotations

from collections.abc import Callable

from session_host.protocol.values import CellSize, GridSize
from session_host.storage.descriptors.log_state import LogState

from .attachments import AttachedClient, Attachment, Attachments
from .effects import Effect
from .focus import FocusReporter
from .sizing import Sizing


class Viewers:
    """Passes each event on to the rules that it concerns, in order.

    Attributes:
        attachments, sizing, focus: the rules.
    """

    def __init__(self, effects: list[Effect], log_state: LogState, size: GridSize, new_id: Callable[[], str]) -> None:
        """Start with the state that a previous host left.

        Args:
            effects: the session's list of effects.
            log_state: what a previous host knew.
            size: the grid's at the session's start.
            new_id: see ``Attachments``.
        """
        cell = CellSize()
        if log_state.resizes:
            size, cell = log_state.resizes[-1].size, log_state.resizes[-1].cell
        self.attachments = Attachments(effects, log_state.attachments, new_id)
        self.sizing = Sizing(self.attachments, effects, size, cell)
        self.focus = FocusReporter(self.attachments, effects, log_state.focus)

    def attach(
        self, client: AttachedClient, *, resume: str, read_only: bool, kind: str = "", may_hold: bool = False
    ) -> Attachment:
        """A client begins to follow: it gets the attachment it had before, or a new one."""
        attachment = self.attachments.attach(client, resume=resume, read_only=read_only)
        attachment.kind, attachment.may_hold = kind, may_hold
        return attachment

    def detach(self, attachment: Attachment) -> None:
        """Remove a viewer's attachment, because it detached."""
        self.attachments.detach(attachment)
        self._left(attachment)

    def park(self, attachment: Attachment, client: AttachedClient) -> None:
        """Keep a viewer's attachment after it lost its connection."""
        if self.attachments.park(attachment, client):
            self._left(attachment)

    def _left(self, attachment: Attachment) -> None:
        self.sizing.left(attachment)
        self.focus.viewers_changed()

    def shows(self, attachment: Attachment, *, output: bool) -> None:
        """Note that a viewer now shows the screen, or follows events only."""
        attachment.follows_output = output
        self.focus.viewers_changed()

    def came(self, attachment: Attachment, size: GridSize, cell: CellSize, *, counts: bool = True) -> None:
        """A viewer that has just attached shows this grid; ``counts``: it is in use from now on."""
        attachment.size, attachment.cell = size, cell
        if counts:
            self.sizing.used(attachment)

    def resized(self, attachment: Attachment, size: GridSize, cell: CellSize) -> None:
        """A viewer's grid changed."""
        attachment.size, attachment.cell = size, cell
        self.sizing.resized(attachment)

    def program_ended(self) -> None:
        """The program ended."""
        self.sizing.program_ended()
        self.focus.program_ended()
