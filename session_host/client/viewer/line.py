"""The line to the host: its states, and what the user sees of them. Pure.

States::

    CONNECTING ──greeted──▶ ATTACHING ──attached──▶ SERVING
    CONNECTING ──no host──▶ LOOKING ──the chat runs──▶ CONNECTING, after a longer wait
    CONNECTING, LOOKING ──no machine──▶ AWAY ──it is back──▶ CONNECTING
    LOOKING ──the chat has ended──▶ OVER, or first LOADING its last screen
    ATTACHING, SERVING ──lost──▶ CONNECTING
    any ──the chat's end, a refusal──▶ OVER
    any ──the viewer detaches──▶ DETACHED
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from session_host.protocol.facts import Outcome
from session_host.protocol.values import State

from .effects import Connect, Effect, LoadScreen, NotifyState, ReadOutcome, WaitReachable
from .state import ViewerState

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Delays before each attempt to connect; the last one repeats while the host's process lives."""

RUNNING = Outcome(State.RUNNING)


class LineState(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the states."""

    is_connected: bool = False
    """Whether the host gets messages."""
    end: Outcome = RUNNING
    """The program's end, once it has ended."""
    refusal: str = ""
    """The ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal."""


class Connecting(LineState, frozen=True):
    """A connection is made, after a wait."""


class Looking(LineState, frozen=True):
    """The host cannot be reached, for this reason: the session's outcome is looked up in the store."""

    reason: str
    is_hanging: bool
    """Whether the host accepted the connection, and did not greet."""


class Away(LineState, frozen=True):
    """The session's machine cannot be reached; the viewer waits for it."""


class Attaching(LineState, frozen=True, kw_only=True):
    """The host has greeted, and was asked to attach the viewer."""

    is_connected: bool = True
    asked_output: bool
    """Whether Attach asked for output; the user's wish may change before the host has answered."""


class Serving(LineState, frozen=True, kw_only=True):
    """The viewer is attached."""

    is_connected: bool = True
    asked_output: bool
    is_silent: bool = False
    """Whether the user sees that the machine does not answer, though the line to it is not lost."""


class Loading(LineState, frozen=True):
    """The chat ended while there was no connection, and its last screen is read."""


class Over(LineState, frozen=True):
    """The chat has ended, its host is gone, or the host refuses the viewer; the last output may still come."""


class Detached(LineState, frozen=True):
    """The viewer follows the session no more."""


class Line:
    """The line's state.

    Attributes:
        now: the present state.
        shown, message: the viewer's state, and the reason for it.
        host_version: the code version of the host that greeted last, "" before.
    """

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects
        self.now: LineState = Connecting()
        self.shown = ViewerState.CONNECTING
        self.message = self.host_version = ""
        self._tries = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing but the last output can come."""
        return isinstance(self.now, Over)

    def show(self, state: ViewerState, message: str = "") -> None:
        """Show the user another state."""
        self.shown, self.message = state, message
        self.show_again()

    def show_again(self) -> None:
        """Show the state anew, since the kept input is another."""
        self._effects.append(NotifyState(self.shown, self.message))

    # ------------------------------------------------------------ events

    def connect(self) -> None:
        """Connect to the host, after a wait that grows with each attempt."""
        self.now = Connecting()
        self._effects.append(Connect(RETRY_S[min(self._tries, len(RETRY_S) - 1)]))
        self._tries += 1

    def failed(self, reason: str, *, is_hanging: bool = False) -> None:
        """The host cannot be reached: the session has ended, the host is gone, or the host ``is_hanging``."""
        self.now = Looking(reason=reason, is_hanging=is_hanging)
        self._effects.append(ReadOutcome())

    def unreachable(self, reason: str) -> None:
        """The session's machine cannot be reached: nothing is known about the session."""
        self.now = Away()
        if (self.shown, self.message) != (ViewerState.UNREACHABLE, reason):
            self.show(ViewerState.UNREACHABLE, reason)
        self._effects.append(WaitReachable())

    def host_lives(self) -> None:
        """The store says that the host that cannot be reached lives: try again."""
        if isinstance(self.now, Looking):
            state = ViewerState.UNRESPONSIVE if self.now.is_hanging else ViewerState.RECONNECTING
            if self.shown is not state:
                self.show(state, self.now.reason)
        self.connect()

    def load(self, end: Outcome, offset: int) -> None:
        """The chat has ended: its last screen has the output after this offset."""
        self.now = Loading(end=end)
        self._effects.append(LoadScreen(offset))

    def greeted(self, host_version: str, *, asked_output: bool) -> None:
        """The connection is open, and the host is asked to attach the viewer."""
        self.host_version = host_version
        self.now = Attaching(asked_output=asked_output)

    def note_silence(self, is_silent: bool) -> bool:
        """The machine does not answer, or does again; returns whether the user is to see that it does."""
        now = self.now
        if not isinstance(now, Serving) or (is_silent and self.shown is not ViewerState.LIVE):
            return False
        self.now = replace(now, is_silent=is_silent)
        if is_silent:
            self.show(ViewerState.UNRESPONSIVE)
        return now.is_silent and not is_silent and self.shown is ViewerState.UNRESPONSIVE

    def lost(self) -> None:
        """The connection is closed: make another one, unless nothing more can come."""
        if self.is_over:
            self.now = replace(self.now, is_connected=False)
        elif self.now.is_connected:
            if self.shown in {ViewerState.LIVE, ViewerState.UNRESPONSIVE}:
                self._tries = 0
            self.show(ViewerState.RECONNECTING)
            self.connect()

    def finish(self, state: ViewerState, message: str = "", *, end: Outcome = RUNNING, refusal: str = "") -> None:
        """Nothing but the last output can come, for this reason; a second one changes nothing."""
        if not self.is_over:
            # A host that refuses the viewer has closed the connection.
            is_connected = self.now.is_connected and state is ViewerState.ENDED
            self.now = Over(is_connected=is_connected, end=end, refusal=refusal)
            self.show(state, message)

    def detach(self) -> None:
        """The viewer follows the session no more."""
        self.now = replace(self.now, is_connected=False) if self.is_over else Detached(end=self.now.end)
