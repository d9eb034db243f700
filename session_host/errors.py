"""Outlive's exceptions: one class per reaction of the caller.

::

    OutliveError                 show the message; exit code 1
    ├── UsageError               the command line is wrong; exit code 2
    │   └── NoSuchAgent          no agent of the catalog has this name; exit code 2
    ├── NoSuchSession            name another session; exit code 3
    ├── AmbiguousSession         name the session more exactly; exit code 4
    ├── TimedOut                 wait longer, or do something else; exit code 5
    ├── SessionEnded             show how the session ended; exit code 6
    ├── NoSuchMachine            name another machine; exit code 3
    ├── NoSuchDevice             name another device of the page; exit code 3
    ├── NoSuchQuestion           name another question of the chat; exit code 3
    ├── NoSuchPoint              name another restore point of the chat; exit code 3
    ├── SeveralQuestions         name the question that is meant; exit code 4
    ├── AlreadyAnswered          the chat's question is over; exit code 6
    ├── HostUnavailable          retry, or start the session again; exit code 7
    │   ├── AlreadyEnding        the host answers, and ends the chat: ask it again
    │   ├── RunsElsewhere        another machine or container has it: use it there
    │   ├── ProtocolMismatch     client and host are of different versions: upgrade one
    │   └── Unreachable          another machine cannot be reached; its chats may run on
    │       ├── LoginNeeded      the user must log in to that machine
    │       ├── HostKeyChanged   the user must say which host key is right
    │       └── NotInstalled     that machine has no Outlive that this one can use
    │           └── OldVersion   its Outlive is too old: install this version there
    ├── NotAllowed               an agent may not control this chat: the user can allow it; exit code 8
    ├── NeedsInput               the chat asks something: answer first, or send the text anyway; exit code 9
    ├── Outdated                 what the user saw has changed meanwhile: look at it again
    ├── StaysAwake               the chat is not put to sleep: wait, or do it anyway
    ├── LineInUse                the input line has a text: send or delete it, or send anyway; exit code 12
    ├── TextTaken                a text was typed without Enter: look whether its user has sent it
    ├── WrongRuntime             a terminal takes keys, a structured chat prompts: use the other
    ├── ProtocolViolation        drop the peer
    ├── NameTaken                a running chat has this name: choose another
    ├── LaunchFailed             the program could not be started; nothing remains
    │   └── AgentNotFound        install the agent: the message says how
    ├── NotResumable             the conversation cannot be resumed; the message says why
    │   ├── ConversationUnknown  the conversation's id is unknown: it can be chosen from a list
    │   └── ConversationOpen     the conversation is open elsewhere: end that, or resume anyway
    ├── NoAnswer                 the agent's record has no such answer; the message says why
    │   ├── NoRecord             Outlive reads no record of this agent; exit code 2
    │   └── NoSuchTurn           name another turn of the chat; exit code 2
    ├── TurnFailed               look at the answer, or send the prompt again; exit code 10
    ├── WorktreeError            git is missing or refuses; the directory is unchanged
    │   └── FilesChanged         what the user saw differs now: look at it again
    ├── UnsafeDirectory          the runtime or state directory cannot be trusted
    ├── ConfigError              a user's file cannot be read; the message names the file and the line
    └── StoreError               the store cannot be written (disk full, read-only)
        ├── StoreNewer           a newer version has changed the store: use that one
        ├── StoreBusy            another process writes it: wait, or try again
        ├── StoreRefused         it takes no such value: write the rest without it
        ├── StoreIncomplete      the store is new: add the running sessions, and try again
        ├── AlreadyContinued     another chat continues the conversation: use that one
        ├── LedgerLost           read all states again, and go on from there; exit code 11
        └── StoreCorrupt         the store is moved away and rebuilt from the running sessions

Every message is one line with the problem and its remedy.
"""

from __future__ import annotations

import errno
import re

_WORD = re.compile("(?<=[a-z])(?=[A-Z])")


class OutliveError(Exception):
    """Base of all errors that the user sees as one line."""

    exit_code = 1

    @classmethod
    def stable_code(cls) -> str:
        """The error's name for programs, by its class here: ``no_such_session``."""
        known = next(each for each in cls.__mro__ if each.__module__ == __name__)
        return "failed" if known is OutliveError else _WORD.sub("_", known.__name__).lower()


_LIMITS = {
    errno.EMFILE: "too many open files; raise the limit (ulimit -n)",
    errno.EAGAIN: "too many processes; end some, or raise the limit (ulimit -u)",
}


def why_not_started(error: OSError) -> str:
    """Why the system refused to start a process, or to open what it needs; with the remedy if a limit was reached."""
    return _LIMITS.get(error.errno or 0, error.strerror or str(error))


def unexpected(error: Exception, logs: str) -> str:
    """The answer to a request that failed by an error of ours; ``logs``: the command that prints its traceback."""
    return f"unexpected error ({type(error).__name__}); `{logs}` has the details"


class UsageError(OutliveError):
    """The command line is wrong."""

    exit_code = 2


class NoSuchAgent(UsageError):
    """No agent of the catalog has this name."""


class NoSuchSession(OutliveError):
    """No session has this name, id or prefix."""

    exit_code = 3

    @classmethod
    def of(cls, session_id: str) -> NoSuchSession:
        """The error for an id."""
        return cls(f"no chat has the id {session_id}; `outlive ls --all` lists all chats")


class AmbiguousSession(OutliveError):
    """More than one session matches."""

    exit_code = 4


class TimedOut(OutliveError):
    """A wait timed out."""

    exit_code = 5


class SessionEnded(OutliveError):
    """The session has ended; the request needs a running one."""

    exit_code = 6


class StaysAwake(OutliveError):
    """The chat is not put to sleep: something would end with its agent that the user may still want."""


class NoSuchMachine(OutliveError):
    """No machine has this name."""

    exit_code = 3


class NoSuchDevice(OutliveError):
    """No device of the page for the phone has this name."""

    exit_code = 3


class NoSuchQuestion(OutliveError):
    """The chat has no question with this id, or no question at all."""

    exit_code = 3


class NoSuchPoint(OutliveError):
    """The chat has no such restore point, or no restore to undo."""

    exit_code = 3


class SeveralQuestions(OutliveError):
    """The chat asks several questions, and none is named."""

    exit_code = 4


class AlreadyAnswered(OutliveError):
    """Another client has answered the chat's question, or the agent took it back."""

    exit_code = 6


class WrongRuntime(OutliveError):
    """A terminal takes no prompts, and a structured chat no keys."""


class NotAllowed(OutliveError):
    """An agent may not control this chat."""

    exit_code = 8


class NeedsInput(OutliveError):
    """The chat asks something, which a text would answer, or for which its turn waits."""

    exit_code = 9


class Outdated(OutliveError):
    """The question or the screen that the user saw has changed meanwhile."""


class LineInUse(OutliveError):
    """The chat's input line has a text that the new one would join."""

    exit_code = 12


class TextTaken(OutliveError):
    """A text was typed before and not sent, and is not in the input line any more."""


class HostUnavailable(OutliveError):
    """The session's host does not answer."""

    exit_code = 7


class AlreadyEnding(HostUnavailable):
    """The session's host is slow, and ends it already."""


class RunsElsewhere(HostUnavailable):
    """The session runs on another machine, or in another container, which shares our directories."""


class ProtocolMismatch(HostUnavailable):
    """The host speaks another version of the protocol."""


class Unreachable(HostUnavailable):
    """Another machine cannot be reached now; what runs there runs on."""


class LoginNeeded(Unreachable):
    """ssh needs the user: a password, a host key to confirm, a second factor."""


class HostKeyChanged(Unreachable):
    """The machine's host key is not the known one; only the user can say which one is right."""


class NotInstalled(Unreachable):
    """The machine has no Outlive."""


class OldVersion(NotInstalled):
    """The machine's Outlive is so old that this one cannot talk to it."""


class ProtocolViolation(OutliveError):
    """A peer violated the protocol; it is dropped.

    Attributes:
        code: the protocol's error code, one of ``protocol.values.ErrorCode``.
    """

    def __init__(self, message: str, code: str = "violation") -> None:
        super().__init__(message)
        self.code = code


class NameTaken(OutliveError):
    """A running chat has this name already."""


class LaunchFailed(OutliveError):
    """A program could not be started; there is no session."""


class AgentNotFound(LaunchFailed):
    """The agent's program is not installed."""


class NotResumable(OutliveError):
    """A chat's conversation cannot be resumed."""


class ConversationUnknown(NotResumable):
    """The agent never reported its conversation."""


class ConversationOpen(NotResumable):
    """Another process has the conversation open; two at once would damage it."""


class NoAnswer(OutliveError):
    """The agent's record has no such answer, or cannot be read."""


class NoRecord(NoAnswer):
    """Outlive reads no record of this agent's answers."""

    exit_code = 2


class NoSuchTurn(NoAnswer):
    """The chat has no such turn, and no prompt that would begin it."""

    exit_code = 2


class TurnFailed(OutliveError):
    """An error, a limit or the user stopped the turn."""

    exit_code = 10


class WorktreeError(OutliveError):
    """git is missing, or it failed; nothing was created, and nothing was lost."""


class FilesChanged(WorktreeError):
    """Other files differ than those that the user was asked about; nothing was restored."""


class UnsafeDirectory(OutliveError):
    """A directory of sockets or records cannot be trusted."""


class ConfigError(OutliveError):
    """A configuration file cannot be read."""


class StoreError(OutliveError):
    """The store cannot be read or written."""


class StoreNewer(StoreError):
    """The store was changed by a newer version of Outlive."""


class AlreadyContinued(StoreError):
    """Another chat continues the conversation of the ended one."""


class StoreBusy(StoreError):
    """Another process has been writing for longer than SQLite waits."""


class StoreRefused(StoreError):
    """The store takes no such value, however often it is written."""


class StoreIncomplete(StoreError):
    """The store's file is new, and may lack running sessions."""


class LedgerLost(StoreError):
    """Events after a cursor are gone, or it is of another store."""

    exit_code = 11


class StoreCorrupt(StoreError):
    """The store's file is damaged."""


def codes() -> set[str]:
    """The codes of all errors."""
    return {
        each.stable_code() for each in globals().values() if isinstance(each, type) and issubclass(each, OutliveError)
    }
