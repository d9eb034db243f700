"""The command line: the socket, and the command that listens on it or uses it."""

from __future__ import annotations

from typing import NamedTuple

from session_host.errors import UsageError


class Options(NamedTuple):
    """The options.

    Attributes:
        socket: the path of the server's socket.
        command: the server's command, or that of the agent's own terminal.
        terminal: whether the command is the agent's own terminal.
    """

    socket: str
    command: list[str]
    terminal: bool = False


def read_options(argv: list[str]) -> Options:
    """Parse ``[--terminal] SOCKET -- COMMAND...``.

    Raises:
        UsageError: the command line is invalid.
    """
    terminal = argv[:1] == ["--terminal"]
    rest = argv[1:] if terminal else argv
    if len(rest) < 3 or rest[1] != "--":
        raise UsageError("use [--terminal] SOCKET -- COMMAND...")
    return Options(rest[0], list(rest[2:]), terminal)
