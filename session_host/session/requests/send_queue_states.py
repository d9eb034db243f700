"""The states of the queue of ``outlive send``, as a table.

States::

    IDLE ──a request is next──▶ TYPING
    TYPING ──done, or refused──▶ IDLE
    TYPING ──wait until the agent has started──▶ STARTING
    TYPING ──wait until the text is shown──▶ SEARCHING
    TYPING ──wait for output──▶ UNCHANGED
    TYPING ──wait for a quiet screen──▶ QUIET
    TYPING ──wait for the turn──▶ ENTERED
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
    UNSETTLED ──the timer expires──▶ LATE
    UNSETTLED ──it is time for Enter──▶ ENTERING
    ENTERING ──done, or refused──▶ IDLE
    ENTERING ──wait for the turn──▶ ENTERED
    ENTERING ──a pause follows──▶ PAUSING
    ENTERED ──done, or refused──▶ IDLE
    ENTERED ──the timer expires──▶ LOOKING
    ENTERED ──a pause follows──▶ PAUSING
    LOOKING ──done, or refused──▶ IDLE
    LOOKING ──a pause follows──▶ PAUSING
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
    LATE = "LATE"  # ENTER_ANYWAY_S passed, or the agent works: Enter follows the next output, or the pause.
    UNSETTLED = "UNSETTLED"  # More output came: each output restarts the pause, until ENTER_ANYWAY_S is over.
    ENTERING = "ENTERING"  # Waits for the emulator, to type Enter.
    ENTERED = "ENTERED"  # Enter was typed: waits until the agent begins a turn.
    LOOKING = "LOOKING"  # No turn began in time: waits for the emulator, to look whether the text is still there.
    PAUSING = "PAUSING"  # Enter was typed: waits, then takes the next request.


class Trigger(StrEnum):
    """The triggers of a change of state."""

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
    AWAIT_TURN = "wait for the turn"
    PAUSE = "a pause follows"


TABLE = TransitionTable(
    {
        State.IDLE: {Trigger.NEXT: State.TYPING},
        State.TYPING: {
            Trigger.OVER: State.IDLE,
            Trigger.AWAIT_START: State.STARTING,
            Trigger.AWAIT_ECHO: State.SEARCHING,
            Trigger.AWAIT_OUTPUT: State.UNCHANGED,
            Trigger.AWAIT_QUIET: State.QUIET,
            Trigger.AWAIT_TURN: State.ENTERED,
        },
        State.STARTING: {Trigger.TIMER_EXPIRED: State.TYPING},
        State.SEARCHING: {
            Trigger.OVER: State.IDLE,
            Trigger.NOT_SHOWN: State.UNSHOWN,
            Trigger.AWAIT_QUIET: State.QUIET,
            Trigger.ENTER: State.ENTERING,
        },
        State.UNSHOWN: {Trigger.CHANGES: State.CHANGING, Trigger.TIMER_EXPIRED: State.SEARCHING},
        State.CHANGING: {Trigger.TIMER_EXPIRED: State.SEARCHING},
        State.UNCHANGED: {Trigger.CHANGES: State.QUIET, Trigger.TIMER_EXPIRED: State.LATE},
        State.QUIET: {
            Trigger.CHANGES: State.UNSETTLED,
            Trigger.TIMER_EXPIRED: State.LATE,
            Trigger.ENTER: State.ENTERING,
        },
        State.LATE: {Trigger.ENTER: State.ENTERING},
        State.UNSETTLED: {Trigger.TIMER_EXPIRED: State.LATE, Trigger.ENTER: State.ENTERING},
        State.ENTERING: {
            Trigger.OVER: State.IDLE,
            Trigger.AWAIT_TURN: State.ENTERED,
            Trigger.PAUSE: State.PAUSING,
        },
        State.ENTERED: {
            Trigger.OVER: State.IDLE,
            Trigger.TIMER_EXPIRED: State.LOOKING,
            Trigger.PAUSE: State.PAUSING,
        },
        State.LOOKING: {Trigger.OVER: State.IDLE, Trigger.PAUSE: State.PAUSING},
        State.PAUSING: {Trigger.TIMER_EXPIRED: State.IDLE},
    }
)
