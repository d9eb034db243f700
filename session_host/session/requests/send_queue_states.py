"""The states of the queue of ``outlive send``, as a table.

States::

    IDLE ──a request is next──▶ TYPING
    TYPING ──done, or refused──▶ IDLE
    TYPING ──wait until the agent has started──▶ STARTING
    TYPING ──wait until the text is shown──▶ SEARCHING
    TYPING ──wait for output──▶ UNCHANGED
    TYPING ──wait for a quiet screen──▶ QUIET
    STARTING ──the timer expires──▶ TYPING
    SEARCHING ──done, or refused──▶ IDLE
    SEARCHING ──the text is not shown──▶ UNSHOWN
    SEARCHING ──wait for a quiet screen──▶ QUIET
    SEARCHING ──it is time for Enter──▶ ENTERING
    UNSHOWN ──the screen changes──▶ CHANGING
    UNSHOWN ──the timer expires──▶ SEARCHING
    CHANGING ──the timer expires──▶ SEARCHING
    UNCHANGED ──the screen changes──▶ QUIET
    UNCHANGED ──the timer expires──▶ LATE
    QUIET ──the screen changes──▶ UNSETTLED
    QUIET ──the timer expires──▶ LATE
    QUIET ──it is time for Enter──▶ ENTERING
    LATE ──it is time for Enter──▶ ENTERING
    UNSETTLED ──it is time for Enter──▶ ENTERING
    ENTERING ──done, or refused──▶ IDLE
    ENTERING ──a pause follows──▶ PAUSING
    PAUSING ──the timer expires──▶ IDLE
"""

from __future__ import annotations

from enum import StrEnum

from session_host.session.states import TransitionTable


class State(StrEnum):
    """The states of the queue."""

    IDLE = "IDLE"  # There is no request.
    TYPING = "TYPING"  # Waits for the emulator, to type the text.
    STARTING = "STARTING"  # The agent does not take a text yet: waits READING_POLL_S, then looks again.
    SEARCHING = "SEARCHING"  # Waits for the emulator, to search the screen for the text.
    UNSHOWN = "UNSHOWN"  # The screen did not show the text: waits for output.
    CHANGING = "CHANGING"  # Output came after that search: waits SEARCH_DELAY_S, then searches again.
    UNCHANGED = "UNCHANGED"  # The text was typed: waits for the first output.
    QUIET = "QUIET"  # The text is shown, or the first output came: waits for a pause without output, then for Enter.
    LATE = "LATE"  # ENTER_ANYWAY_S passed without more output: Enter follows the next output, or the pause.
    UNSETTLED = "UNSETTLED"  # More output came: each output restarts the pause, until ENTER_ANYWAY_S is over.
    ENTERING = "ENTERING"  # Waits for the emulator, to type Enter.
    PAUSING = "PAUSING"  # Enter was typed: waits, then takes the next request.


class Change(StrEnum):
    """The events that change the state."""

    NEXT = "a request is next"
    OVER = "done, or refused"
    AWAIT_START = "wait until the agent has started"
    AWAIT_ECHO = "wait until the text is shown"
    AWAIT_OUTPUT = "wait for output"
    AWAIT_QUIET = "wait for a quiet screen"
    NOT_SHOWN = "the text is not shown"
    CHANGES = "the screen changes"
    TIMER_EXPIRED = "the timer expires"
    ENTER = "it is time for Enter"
    PAUSE = "a pause follows"


TABLE = TransitionTable(
    {
        State.IDLE: {Change.NEXT: State.TYPING},
        State.TYPING: {
            Change.OVER: State.IDLE,
            Change.AWAIT_START: State.STARTING,
            Change.AWAIT_ECHO: State.SEARCHING,
            Change.AWAIT_OUTPUT: State.UNCHANGED,
            Change.AWAIT_QUIET: State.QUIET,
        },
        State.STARTING: {Change.TIMER_EXPIRED: State.TYPING},
        State.SEARCHING: {
            Change.OVER: State.IDLE,
            Change.NOT_SHOWN: State.UNSHOWN,
            Change.AWAIT_QUIET: State.QUIET,
            Change.ENTER: State.ENTERING,
        },
        State.UNSHOWN: {Change.CHANGES: State.CHANGING, Change.TIMER_EXPIRED: State.SEARCHING},
        State.CHANGING: {Change.TIMER_EXPIRED: State.SEARCHING},
        State.UNCHANGED: {Change.CHANGES: State.QUIET, Change.TIMER_EXPIRED: State.LATE},
        State.QUIET: {Change.CHANGES: State.UNSETTLED, Change.TIMER_EXPIRED: State.LATE, Change.ENTER: State.ENTERING},
        State.LATE: {Change.ENTER: State.ENTERING},
        State.UNSETTLED: {Change.ENTER: State.ENTERING},
        State.ENTERING: {Change.OVER: State.IDLE, Change.PAUSE: State.PAUSING},
        State.PAUSING: {Change.TIMER_EXPIRED: State.IDLE},
    }
)
