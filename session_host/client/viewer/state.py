"""Viewer states and the delegate protocol."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from session_host.protocol.messages import Event, InputRefused


class ViewerState(StrEnum):
    """Where a viewer stands; see the module."""

    CONNECTING = "connecting"
    STARTING = "starting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    ENDED = "ended"
    LOST = "lost"
    FAILED = "failed"


FINAL_STATES = frozenset({ViewerState.ENDED, ViewerState.LOST, ViewerState.FAILED})


class ViewerDelegate(Protocol):
    """Callbacks of a viewer. Called on the event loop; must not block."""

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's state changed; ``message`` says why, in one line, where there is something to say."""

    def viewer_replaced(self) -> None:
        """There is a new replica: everything that was painted is void."""

    def viewer_damaged(self) -> None:
        """The replica changed; ask it for a frame when it is time to paint."""

    def viewer_event(self, event: Event) -> None:
        """Something else happened in the session."""

    def viewer_refused(self, refusal: InputRefused) -> None:
        """An input was not taken: the user is to be told."""
