"""Operations: work outside of the chat that a dialect asks its host for, and the results. Pure.

An operation's result is the cause of a later step, and so it is in the transcript log: a new host repeats the step, and
not the operation. An operation without a result when its host dies is not repeated, except for reading; its result is
``LOST``.
"""

from __future__ import annotations

from typing import Final

import msgspec

LOST: Final = "the client was restarted; it is not known whether this was done"


class Operation(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all operations; the tag is the class's name. The rules set ``id``."""

    id: int


class ReadText(Operation, frozen=True):
    """Read a text file. The result is an ``OperationDone``."""

    path: str
    line: int = 1
    """The first line, counted from 1."""
    lines: int | None = None
    """The number of lines; None for all."""


class WriteText(Operation, frozen=True):
    """Write a text file. The result is an ``OperationDone``."""

    path: str
    text: str


class StartTerminal(Operation, frozen=True):
    """Start a program in a terminal. The results: ``OperationDone``, ``TerminalOutput``, ``TerminalEnded``."""

    terminal: str
    argv: tuple[str, ...]
    directory: str = ""
    """The working directory, absolute; "" for the chat's."""
    environment: dict[str, str] = {}
    """Variables in addition to the agent's."""
    kept_bytes: int = 65536
    """The most output to report at once; of more, the newest part."""


class LookAtAmount(Operation, frozen=True):
    """Look whether an amount of money is reached at which the user wants to be asked before the next turn.

    The result is an ``OperationDone`` with the words for the user, "" if none is.
    """


class CountTokens(Operation, frozen=True):
    """Count the tokens of the turn that has just ended, in the agent's own record.

    The result is an ``OperationDone`` with three numbers: those that the model read, without the cached ones, had
    cached, and wrote. It has "" if they are not in the record.
    """

    conversation: str
    began_ms: int
    """When the turn began, in milliseconds since 1970."""


class EndTerminal(Operation, frozen=True):
    """End a terminal's program and all that it started, if they run. The result is a ``TerminalEnded``, or nothing."""

    terminal: str


class Result(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all results."""


class OperationDone(Result, frozen=True):
    """An operation was done, or failed."""

    id: int
    text: str = ""
    """The text that was read."""
    error: str = ""
    """The reason why it failed, one line; "" if it was done."""
    missing: bool = False
    """Whether it failed because the file does not exist."""


class TerminalOutput(Result, frozen=True):
    """A terminal's program has written."""

    terminal: str
    text: str
    dropped: int = 0
    """How many bytes before this text were dropped."""


class TerminalEnded(Result, frozen=True):
    """A terminal's program has ended, after its last output."""

    terminal: str
    exit_code: int | None = None
    signal: str | None = None
    """The name of the signal that ended it."""
    lost: bool = False
    """Whether it ended because its host died."""


AnyOperation = ReadText | WriteText | StartTerminal | EndTerminal | LookAtAmount | CountTokens
AnyResult = OperationDone | TerminalOutput | TerminalEnded
