"""Messages between keeper, hosts and commands; frames as in ``codec``, some with descriptors.

From a command::

    → Launch(spec)                                   ← LaunchReport
    → Status()                                       ← KeeperStatus
    → ReplaceKeeper(argv)                            ← Replaced | NotReplaced       (by the new one)
    → ReplaceHost(session_id)                        ← Replaced | NotReplaced
    → EndSession(session_id)                         ← EndBegun | NotReplaced

From a host, on the channel that it was forked with, or on a connection of its own that begins with Adopt::

    → Adopt(…) + the session descriptors             to a keeper that knows nothing of it
                                                     ← KeptBy, on the channel that came as one descriptor more
    → Running | Refused                              how the launch went
    → Rehearsed | Prepared                           see below
    → Rest(…) + descriptors                          nothing happens: a host that only waits is to take its place
    → Over()                                         the end is recorded; nothing is to be kept any more
                                                     ← ChildEnded    the input log has its status
                                                     ← KeptBy        another process is the keeper now
                                                     ← Prepare, Go, Yield
                                                     ← BoundAgain + the new listening socket

A host is replaced in steps, each of which may fail and leave all as it was: the one that runs makes a
checkpoint which any version can read (Prepare, Prepared); its replacement is forked and proves that it can
take over (Rehearsed); then the previous host leaves (Yield), and the replacement begins (Go). One that rests goes the
same way from Rehearsed on.
"""

from __future__ import annotations

import msgspec

from .launch import LaunchReport, LaunchSpec

KEEPER_PROTOCOL_VERSION = 3
"""2 knows BoundAgain; 3 knows KeptBy, and its channels carry packets."""


class KeeperMessage(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base; fields are only ever added at the end, with defaults, so that versions understand each other."""


class Launch(KeeperMessage, frozen=True):
    """Start a session. One that is known already is not started twice: its report is given again."""

    spec: LaunchSpec


class Launched(KeeperMessage, frozen=True):
    """How that went."""

    report: LaunchReport


class Status(KeeperMessage, frozen=True):
    """Ask for KeeperStatus. Sockets that somebody removed are bound again before the answer."""


class SessionSummary(msgspec.Struct, frozen=True, array_like=True):
    """A session as the keeper sees it."""

    session_id: str
    host_pid: int
    child_pid: int
    version: str
    """Of the code that its host runs."""
    name: str = ""
    """As the session was started; this and the rest are "" from a keeper that does not tell them."""
    agent: str = ""
    cwd: str = ""
    created_at: str = ""
    engine: str = ""


class KeeperStatus(KeeperMessage, frozen=True):
    """What the keeper has."""

    pid: int
    version: str
    sessions: list[SessionSummary]


class ReplaceKeeper(KeeperMessage, frozen=True):
    """Become the program ``argv``, with all that is kept; ``environment`` is added to what there is."""

    argv: list[str]
    environment: dict[str, str]


class ReplaceHost(KeeperMessage, frozen=True):
    """Let a host of the keeper's version take over the session."""

    session_id: str


class EndSession(KeeperMessage, frozen=True):
    """End a session with an unresponsive host: kill its program and the host. A new host saves the exit."""

    session_id: str


class EndBegun(KeeperMessage, frozen=True):
    """Both are killed.

    Attributes:
        host_pid: the host that was killed; 0 if there was none.
    """

    host_pid: int


class Replaced(KeeperMessage, frozen=True):
    """It was done."""

    version: str


class NotReplaced(KeeperMessage, frozen=True):
    """All is as it was; one line says why."""

    why: str
    passing: bool = False
    """The reason passes within moments: the same may be asked again."""
    refused: bool = False
    """An agent asked, and may not."""


class Adopt(KeeperMessage, frozen=True):
    """A host's first word to a keeper that did not fork it; the session descriptors travel with it."""

    protocol: int
    spec: LaunchSpec
    host_pid: int
    child_pid: int
    version: str


class KeptBy(KeeperMessage, frozen=True):
    """This process is the keeper: of an adopted session, or since the former process of its pair died.

    To a replacement host, it means Go as well.
    """

    pid: int


class Running(KeeperMessage, frozen=True):
    """The program is exec'd, and that is recorded; or a replacement host has taken over."""

    host_pid: int
    child_pid: int
    version: str
    protocol: int = 1
    """KEEPER_PROTOCOL_VERSION of the host."""


class BoundAgain(KeeperMessage, frozen=True):
    """Somebody removed the session's socket, and it is bound again; the new listening socket travels with this."""


class Refused(KeeperMessage, frozen=True):
    """The program could not be started; there is no session."""

    report: LaunchReport


class Over(KeeperMessage, frozen=True):
    """The session has ended and that is recorded."""


class ChildEnded(KeeperMessage, frozen=True):
    """The program's status stands in the input log: the keeper was its parent."""


class Prepare(KeeperMessage, frozen=True):
    """Make a checkpoint that any version can read."""


class Prepared(KeeperMessage, frozen=True):
    """It is made."""


class Rest(KeeperMessage, frozen=True):
    """The session has been idle for long; the descriptors that its replacement waits with travel with this.

    Attributes:
        description: a ``messages.Description`` as a frame, which is true until something happens.
        patience_s: so long nothing happened.
        descriptors: how many come: the clients' connections, and whatever else tells that something happens.
    """

    description: bytes
    patience_s: float
    descriptors: int


class Rehearsed(KeeperMessage, frozen=True):
    """A replacement host has tried to restore the session; ``why`` says what failed, "" if nothing did."""

    why: str = ""


class Yield(KeeperMessage, frozen=True):
    """Leave at once, and leave the session as it is."""


class Go(KeeperMessage, frozen=True):
    """The previous host is gone: the session is yours."""


ToKeeper = (
    Launch | Status | ReplaceKeeper | ReplaceHost | EndSession
    | Adopt | Running | Refused | Over | Prepared | Rest | Rehearsed
)  # fmt: skip
FromKeeper = (
    Launched | KeeperStatus | Replaced | NotReplaced | EndBegun | ChildEnded | Prepare | Yield | Go | BoundAgain
    | KeptBy
)  # fmt: skip
