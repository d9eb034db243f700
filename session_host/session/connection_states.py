"""States of a client's connection, as a table.

States::

    EXPECT_HELLO ──Hello──▶ GREETED
    EXPECT_HELLO ──it is over──▶ CLOSED
    GREETED ──Attach, before the program runs──▶ ATTACHING
    GREETED ──Attach──▶ ATTACHED
    GREETED ──it is over──▶ CLOSED
    ATTACHING ──the program runs──▶ ATTACHED
    ATTACHING ──Detach──▶ GREETED
    ATTACHING ──it is over──▶ CLOSED
    ATTACHED ──Detach──▶ GREETED
    ATTACHED ──the session is over, the client is behind──▶ FINISHING
    ATTACHED ──it is over──▶ CLOSED
    FINISHING ──it is over──▶ CLOSED

"It is over" when the client leaves or breaks a rule, and when the client has all output of an ended session.
"""

from __future__ import annotations

from enum import StrEnum

from .states import TransitionTable


class State(StrEnum):
    """The states of a connection."""

    EXPECT_HELLO = "EXPECT_HELLO"
    GREETED = "GREETED"
    ATTACHING = "ATTACHING"
    ATTACHED = "ATTACHED"
    FINISHING = "FINISHING"
    CLOSED = "CLOSED"


class Trigger(StrEnum):
    """The triggers of a change of state."""

    GREETS = "Hello"
    ATTACHES_EARLY = "Attach, before the program runs"
    ATTACHES = "Attach"
    RUNS = "the program runs"
    DETACHES = "Detach"
    ENDS_BEHIND = "the session is over, the client is behind"
    CLOSES = "it is over"


TABLE = TransitionTable(
    {
        State.EXPECT_HELLO: {Trigger.GREETS: State.GREETED, Trigger.CLOSES: State.CLOSED},
        State.GREETED: {
            Trigger.ATTACHES_EARLY: State.ATTACHING,
            Trigger.ATTACHES: State.ATTACHED,
            Trigger.CLOSES: State.CLOSED,
        },
        State.ATTACHING: {
            Trigger.RUNS: State.ATTACHED,
            Trigger.DETACHES: State.GREETED,
            Trigger.CLOSES: State.CLOSED,
        },
        State.ATTACHED: {
            Trigger.DETACHES: State.GREETED,
            Trigger.ENDS_BEHIND: State.FINISHING,
            Trigger.CLOSES: State.CLOSED,
        },
        State.FINISHING: {Trigger.CLOSES: State.CLOSED},
        State.CLOSED: {},
    }
)
