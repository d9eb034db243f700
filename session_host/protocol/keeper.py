"""Messages between keeper, hosts and commands; frames as in ``codec``, some with descriptors.

From a command::

    → Launch(spec)                                   ← Launched(report)
    → Status()                                       ← KeeperStatus
    → ReplaceKeeper(argv)                            ← Replaced | NotReplaced       (from the new one)
    → ReplaceHost(session_id)                        ← Replaced | NotReplaced
    → EndSession(session_id)                         ← EndBegun | NotReplaced

From a host, on the channel that it was forked with, or on its own connection that begins with Adopt::

    → Adopt(…) + the session descriptors             to a keeper that does not know the session
                                                     ← KeeperChanged, on a channel that comes with Adopt
    → Running | Refused                              the result of the launch
    → Rehearsed | Prepared                           see below
    → ExitSaved()                                    the end is saved; the keeper may forget the session
                                                     ← ChildEnded    the input log has the exit status
                                                     ← KeeperChanged    another process is the keeper now
                                                     ← Prepare, TakeOver, Leave
                                                     ← SocketRebound + the new listening socket

A host is replaced in steps; if one fails, everything stays as it was. The running host makes a checkpoint that any
version can read (Prepare, Prepared). The keeper forks a replacement, which restores the session without taking it over
(Rehearsed). Then the old host exits (Leave), and the replacement begins (TakeOver).
"""

from __future__ import annotations

import msgspec

from .facts import ChatFacts
from .launch import LaunchReport, LaunchSpec

KEEPER_PROTOCOL_VERSION = 1
"""Increased with a change that a keeper or host of another version would misread; see CONTRIBUTING.md."""


class KeeperMessage(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of keeper messages; versions only add fields at the end, with defaults, and so understand each other.

    The tag on the wire is the class's name.
    """


class Launch(KeeperMessage, frozen=True):
    """Start a session. A known session is not started twice: the keeper repeats its report."""

    spec: LaunchSpec


class Launched(KeeperMessage, frozen=True):
    """The result of a Launch."""

    report: LaunchReport


class Status(KeeperMessage, frozen=True):
    """Ask for KeeperStatus. The keeper binds removed sockets again before it answers."""


class SessionSummary(msgspec.Struct, frozen=True, array_like=True):
    """A session as the keeper sees it."""

    facts: ChatFacts
    version: str
    """The code version of the session's host."""


class KeeperStatus(KeeperMessage, frozen=True):
    """The keeper's sessions and state."""

    pid: int
    version: str
    sessions: list[SessionSummary]


class ReplaceKeeper(KeeperMessage, frozen=True):
    """Become the program ``argv``, with all sessions; ``environment`` is added to the current one."""

    argv: list[str]
    environment: dict[str, str]


class ReplaceHost(KeeperMessage, frozen=True):
    """Replace the session's host by one of the keeper's version."""

    session_id: str


class EndSession(KeeperMessage, frozen=True):
    """End a session with an unresponsive host: kill its program and the host. A new host saves the exit."""

    session_id: str
    gracefully: bool = False
    """Whether the program may exit by itself: for a session without a host, since its hosts die."""


class EndBegun(KeeperMessage, frozen=True):
    """The program and the host are killed.

    Attributes:
        host_pid: the killed host; 0 if there was none.
    """

    host_pid: int


class Replaced(KeeperMessage, frozen=True):
    """The replacement succeeded."""

    version: str


class NotReplaced(KeeperMessage, frozen=True):
    """The request failed without an effect; ``why`` is one line."""

    why: str
    passing: bool = False
    """Whether the reason is temporary, so that the request may be repeated."""
    refused: bool = False
    """Whether the request came from an agent that may not make it."""


class Adopt(KeeperMessage, frozen=True):
    """The first message of a host to a keeper that did not fork it, with the session descriptors."""

    protocol: int
    spec: LaunchSpec
    host_pid: int
    child_pid: int
    version: str


class KeeperChanged(KeeperMessage, frozen=True):
    """This process is the keeper: of an adopted session, or since the previous process of its pair died.

    For a replacement host, it also means TakeOver: the previous keeper may have died before it sent that.
    """

    pid: int


class Running(KeeperMessage, frozen=True):
    """The program is exec'd, and this is recorded; or a replacement host has taken over."""

    host_pid: int
    child_pid: int
    version: str
    protocol: int = 1
    """KEEPER_PROTOCOL_VERSION of the host."""


class SocketRebound(KeeperMessage, frozen=True):
    """The removed socket of the session is bound again; the new listening socket comes with this message."""


class Refused(KeeperMessage, frozen=True):
    """The program could not be started; the session does not exist."""

    report: LaunchReport


class ExitSaved(KeeperMessage, frozen=True):
    """The session has ended, and its end is recorded."""


class ChildEnded(KeeperMessage, frozen=True):
    """The input log has the program's exit status, which the keeper read as its parent."""


class Prepare(KeeperMessage, frozen=True):
    """Make a checkpoint that any version can read."""


class Prepared(KeeperMessage, frozen=True):
    """The checkpoint is made."""


class Rehearsed(KeeperMessage, frozen=True):
    """A replacement host has tried to restore the session; ``why`` is the failure, "" for success."""

    why: str = ""


class Leave(KeeperMessage, frozen=True):
    """Exit at once, and leave the session unchanged."""


class TakeOver(KeeperMessage, frozen=True):
    """The previous host is gone: take over the session."""


# fmt: off
ToKeeper = (
    Launch | Status | ReplaceKeeper | ReplaceHost | EndSession
    | Adopt | Running | Refused | ExitSaved | Prepared | Rehearsed
)
FromKeeper = (
    Launched | KeeperStatus | Replaced | NotReplaced | EndBegun
    | ChildEnded | Prepare | Leave | TakeOver | SocketRebound | KeeperChanged
)
# fmt: on
