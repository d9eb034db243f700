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

from dataclasses import dataclass, replace

from session_host.protocol.messages import StateEvent
from session_host.protocol.values import State

from .effects import Connect, Effect, LoadScreen, NotifyState, ReadOutcome, WaitReachable
from .state import ViewerState

RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Delays before each attempt to connect; the last one repeats while the host's process lives."""

RUNNING = StateEvent(State.RUNNING, None, None)


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is made, after a wait."""


@dataclass(frozen=True, slots=True)
class Looking:
    """The host cannot be reached, for this reason: the session's outcome is looked up in the store."""

    reason: str
    is_hanging: bool
    """Whether the host accepted the connection, and did not greet."""


@dataclass(frozen=True, slots=True)
class Away:
    """The session's machine cannot be reached; the viewer waits for it."""


@dataclass(frozen=True, slots=True)
class Attaching:
    """The host has greeted, and was asked to attach the viewer."""

    asked_output: bool
    """Whether Attach asked for output; the user's wish may change before the host has answered."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The viewer is attached."""

    asked_output: bool
    is_silent: bool = False
    """Whether the user sees that the machine does not answer, though the line to it is not lost."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The chat ended while there was no connection, and its last screen is read."""

    end: StateEvent


@dataclass(frozen=True, slots=True)
class Over:
    """The chat has ended, its host is gone, or the host refuses the viewer; the last output may still come."""

    end: StateEvent
    refusal: str
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Detached:
    """The viewer follows the session no more."""

    end: StateEvent


class Line:
    """The line's state.

    Attributes:
        now: the present state.
        shown, message: the viewer's state, and the reason for it.
    """

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects
        self.now: Connecting | Looking | Away | Attaching | Serving | Loading | Over | Detached = Connecting()
        self.shown = ViewerState.CONNECTING
        self.message = ""
        self._tries = 0

    @property
    def is_connected(self) -> bool:
        """Whether the host gets messages."""
        match self.now:
            case Attaching() | Serving() | Over(is_connected=True):
                return True
        return False

    @property
    def is_over(self) -> bool:
        """Whether nothing but the last output can come."""
        return isinstance(self.now, Over)

    @property
    def end(self) -> StateEvent:
        """The program's end, once it has ended."""
        return self.now.end if isinstance(self.now, Loading | Over | Detached) else RUNNING

    @property
    def refusal(self) -> str:
        """The ``ErrorCode`` of the host's refusal to serve the viewer; "" for no refusal."""
        return self.now.refusal if isinstance(self.now, Over) else ""

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
        self.now = Looking(reason, is_hanging)
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

    def load(self, end: StateEvent, offset: int) -> None:
        """The chat has ended: its last screen has the output after this offset."""
        self.now = Loading(end)
        self._effects.append(LoadScreen(offset))

    def greeted(self, *, asked_output: bool) -> None:
        """The connection is open, and the host is asked to attach the viewer."""
        self.now = Attaching(asked_output)

    def attached(self) -> None:
        """The host has attached the viewer."""
        if isinstance(self.now, Attaching):
            self.now = Serving(self.now.asked_output)

    def note_silence(self) -> None:
        """The machine does not answer."""
        if isinstance(self.now, Serving) and self.shown is ViewerState.LIVE:
            self.now = replace(self.now, is_silent=True)
            self.show(ViewerState.UNRESPONSIVE)

    def note_answer(self) -> bool:
        """The machine answers; returns whether the user saw that it did not."""
        match self.now:
            case Serving(is_silent=True) as now:
                self.now = replace(now, is_silent=False)
                return self.shown is ViewerState.UNRESPONSIVE
        return False

    def lost(self) -> None:
        """The connection is closed: make another one, unless nothing more can come."""
        match self.now:
            case Over() as now:
                self.now = replace(now, is_connected=False)
            case Attaching() | Serving():
                if self.shown in {ViewerState.LIVE, ViewerState.UNRESPONSIVE}:
                    self._tries = 0
                self.show(ViewerState.RECONNECTING)
                self.connect()

    def finish(self, state: ViewerState, message: str = "", *, end: StateEvent = RUNNING, refusal: str = "") -> None:
        """Nothing but the last output can come, for this reason; a second one changes nothing."""
        if self.is_over:
            return
        # A host that refuses the viewer has closed the connection.
        self.now = Over(end, refusal, self.is_connected and state is ViewerState.ENDED)
        self.show(state, message)

    def detach(self) -> None:
        """The viewer follows the session no more."""
        self.now = replace(self.now, is_connected=False) if isinstance(self.now, Over) else Detached(self.end)
