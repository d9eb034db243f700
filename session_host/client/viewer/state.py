"""Viewer states, as a table, and the delegate protocol.

States::

    connecting ──Starting──▶ starting
    connecting ──the screen is complete──▶ live
    connecting ──there is no connection──▶ reconnecting
    connecting ──the host does not answer──▶ unresponsive
    connecting ──the program ended──▶ ended
    connecting ──the host is gone──▶ lost
    connecting ──the host refuses──▶ failed
    starting ──the screen is complete──▶ live
    starting ──there is no connection──▶ reconnecting
    starting ──the program ended──▶ ended
    starting ──the host refuses──▶ failed
    live ──there is no connection──▶ reconnecting
    live ──the host does not answer──▶ unresponsive
    live ──the program ended──▶ ended
    live ──the host refuses──▶ failed
    reconnecting ──Starting──▶ starting
    reconnecting ──the screen is complete──▶ live
    reconnecting ──the host does not answer──▶ unresponsive
    reconnecting ──the program ended──▶ ended
    reconnecting ──the host is gone──▶ lost
    reconnecting ──the host refuses──▶ failed
    unresponsive ──Starting──▶ starting
    unresponsive ──the screen is complete──▶ live
    unresponsive ──the host answers──▶ live
    unresponsive ──there is no connection──▶ reconnecting
    unresponsive ──the program ended──▶ ended
    unresponsive ──the host is gone──▶ lost
    unresponsive ──the host refuses──▶ failed
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from session_host.protocol.messages import Event, InputRefused
from session_host.session.states import TransitionTable


class ViewerState(StrEnum):
    """The states of a viewer."""

    CONNECTING = "connecting"
    STARTING = "starting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    UNRESPONSIVE = "unresponsive"
    ENDED = "ended"
    LOST = "lost"
    FAILED = "failed"


FINAL_STATES = frozenset({ViewerState.ENDED, ViewerState.LOST, ViewerState.FAILED})


class Trigger(StrEnum):
    """The triggers of a change of state."""

    STARTS = "Starting"
    SHOWS = "the screen is complete"
    DISCONNECTS = "there is no connection"
    HANGS = "the host does not answer"
    ANSWERS = "the host answers"
    ENDS = "the program ended"
    VANISHES = "the host is gone"
    REFUSES = "the host refuses"


TABLE = TransitionTable(
    {
        ViewerState.CONNECTING: {
            Trigger.STARTS: ViewerState.STARTING,
            Trigger.SHOWS: ViewerState.LIVE,
            Trigger.DISCONNECTS: ViewerState.RECONNECTING,
            Trigger.HANGS: ViewerState.UNRESPONSIVE,
            Trigger.ENDS: ViewerState.ENDED,
            Trigger.VANISHES: ViewerState.LOST,
            Trigger.REFUSES: ViewerState.FAILED,
        },
        ViewerState.STARTING: {
            Trigger.SHOWS: ViewerState.LIVE,
            Trigger.DISCONNECTS: ViewerState.RECONNECTING,
            Trigger.ENDS: ViewerState.ENDED,
            Trigger.REFUSES: ViewerState.FAILED,
        },
        ViewerState.LIVE: {
            Trigger.DISCONNECTS: ViewerState.RECONNECTING,
            Trigger.HANGS: ViewerState.UNRESPONSIVE,
            Trigger.ENDS: ViewerState.ENDED,
            Trigger.REFUSES: ViewerState.FAILED,
        },
        ViewerState.RECONNECTING: {
            Trigger.STARTS: ViewerState.STARTING,
            Trigger.SHOWS: ViewerState.LIVE,
            Trigger.HANGS: ViewerState.UNRESPONSIVE,
            Trigger.ENDS: ViewerState.ENDED,
            Trigger.VANISHES: ViewerState.LOST,
            Trigger.REFUSES: ViewerState.FAILED,
        },
        ViewerState.UNRESPONSIVE: {
            Trigger.STARTS: ViewerState.STARTING,
            Trigger.SHOWS: ViewerState.LIVE,
            Trigger.ANSWERS: ViewerState.LIVE,
            Trigger.DISCONNECTS: ViewerState.RECONNECTING,
            Trigger.ENDS: ViewerState.ENDED,
            Trigger.VANISHES: ViewerState.LOST,
            Trigger.REFUSES: ViewerState.FAILED,
        },
        ViewerState.ENDED: {},
        ViewerState.LOST: {},
        ViewerState.FAILED: {},
    }
)


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
