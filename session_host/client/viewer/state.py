"""The states of a viewer, and the protocol of its delegate."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from session_host.protocol.messages import Event, InputRefused


class ViewerState(StrEnum):
    """The states of a viewer; all but the last three may follow each other."""

    CONNECTING = "connecting"
    """There was no connection yet."""

    STARTING = "starting"
    """The viewer is attached, and the program does not run yet."""

    LIVE = "live"
    """The replica has the screen."""

    RECONNECTING = "reconnecting"
    """The connection is lost, and the viewer tries again."""

    UNREACHABLE = "unreachable"
    """The session's machine cannot be reached, so nothing is known about the session."""

    UNRESPONSIVE = "unresponsive"
    """The host does not answer."""

    ENDED = "ended"
    """The program has ended."""

    LOST = "lost"
    """The host is gone, without the program's end."""

    FAILED = "failed"
    """The host refuses the viewer."""


FINAL_STATES = frozenset({ViewerState.ENDED, ViewerState.LOST, ViewerState.FAILED})


class ViewerDelegate(Protocol):
    """Callbacks of a viewer. Called on the event loop; must not block."""

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """The viewer's state changed; ``message`` gives the reason in one line, or is ""."""

    def viewer_replaced(self) -> None:
        """The replica was replaced; paint everything again."""

    def viewer_damaged(self) -> None:
        """The replica changed; ask it for a frame when it is time to paint."""

    def viewer_event(self, event: Event) -> None:
        """Another event happened in the session."""

    def viewer_refused(self, refusal: InputRefused) -> None:
        """The host or the viewer refused an input; tell the user."""


class _NoDelegate:
    """The delegate of a closed viewer."""

    def viewer_state(self, state: ViewerState, message: str) -> None:
        pass

    def viewer_replaced(self) -> None:
        pass

    def viewer_damaged(self) -> None:
        pass

    def viewer_event(self, event: Event) -> None:
        pass

    def viewer_refused(self, refusal: InputRefused) -> None:
        pass


NO_DELEGATE = _NoDelegate()
