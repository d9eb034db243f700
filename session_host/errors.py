"""Outlive's exceptions: one class per reaction of the caller.

::

    OutliveError                 say the message; exit code 1
    ├── UsageError               the call's own words are wrong; exit code 2
    │   └── NoSuchAgent          the catalog has none of this name; exit code 2
    ├── NoSuchSession            name another one; exit code 3
    ├── AmbiguousSession         name it more exactly; exit code 4
    ├── TimedOut                 wait longer, or do something else; exit code 5
    ├── SessionEnded             show how it ended; exit code 6
    ├── HostUnavailable          retry, or start it again; exit code 7
    │   └── ProtocolMismatch     the two sides are of different versions: upgrade one
    ├── NotAllowed               an agent may not control this chat: the user can allow it; exit code 8
    ├── NeedsInput               the chat asks something: answer it first, or send the text anyway
    ├── ProtocolViolation        drop the peer
    ├── NameTaken                a running chat has this name: choose another
    ├── LaunchFailed             the program could not be started; nothing is left behind
    │   └── AgentNotFound        install it: the message says how
    ├── NotResumable             this conversation cannot be gone on with; the message says why
    │   ├── ConversationUnknown  which one it is was never known: let the agent's own picker find it
    │   └── ConversationOpen     it is open elsewhere: end that, or resume all the same
    ├── WorktreeError            git is missing or refuses; the directory is as it was
    ├── UnsafeDirectory          the runtime or state directory cannot be trusted
    ├── ConfigError              a file of the user's cannot be read; names it and the place
    └── StoreError               the record cannot be written (disk full, read-only)
        └── StoreCorrupt         set aside and rebuilt from the running sessions

Every message is one line that says what is wrong and what to do about it.
"""

from __future__ import annotations


class OutliveError(Exception):
    """Base of all errors that are shown to the user as one line."""

    exit_code = 1


class UsageError(OutliveError):
    """The command line's own words are wrong."""

    exit_code = 2


class NoSuchAgent(UsageError):
    """No agent of the catalog has this name."""


class NoSuchSession(OutliveError):
    """No session has this name, id or prefix."""

    exit_code = 3


class AmbiguousSession(OutliveError):
    """More than one session fits."""

    exit_code = 4


class TimedOut(OutliveError):
    """A wait timed out."""

    exit_code = 5


class SessionEnded(OutliveError):
    """The session has ended; what was asked needs a running one."""

    exit_code = 6


class NotAllowed(OutliveError):
    """An agent may not control this chat."""

    exit_code = 8


class NeedsInput(OutliveError):
    """The chat asks something, which a text would answer."""


class HostUnavailable(OutliveError):
    """The session's host does not answer."""

    exit_code = 7


class ProtocolMismatch(HostUnavailable):
    """The host speaks another version of the protocol."""


class ProtocolViolation(OutliveError):
    """A peer sent what the protocol does not allow; it is dropped.

    Attributes:
        code: the protocol's error code, one of ``protocol.messages.ErrorCode``.
    """

    def __init__(self, message: str, code: str = "violation") -> None:
        super().__init__(message)
        self.code = code


class NameTaken(OutliveError):
    """A running chat has this name already."""


class LaunchFailed(OutliveError):
    """A program could not be started; no session came of it."""


class AgentNotFound(LaunchFailed):
    """The agent's program is not installed."""


class NotResumable(OutliveError):
    """A chat's conversation cannot be gone on with."""


class ConversationUnknown(NotResumable):
    """The agent never told which conversation it was in."""


class ConversationOpen(NotResumable):
    """Somebody else has the conversation open; two at once would spoil it."""


class WorktreeError(OutliveError):
    """git is missing, or refuses; nothing was made and nothing lost."""


class UnsafeDirectory(OutliveError):
    """A directory that we keep sockets or records in cannot be trusted."""


class ConfigError(OutliveError):
    """A configuration file cannot be read."""


class StoreError(OutliveError):
    """The store cannot be read or written."""


class StoreCorrupt(StoreError):
    """The store's file is damaged."""
