"""Prints lines for people, JSON for programs, and one-line errors, in any locale."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from session_host.protocol.untrusted_text import ended_by_user, escaped, one_line

if TYPE_CHECKING:
    from session_host.protocol.values import GridSize

FALLBACK_COLUMNS = 80


def prepare_streams() -> None:
    """Make the standard streams replace characters that the locale lacks; open a closed stream on /dev/null."""
    # Python sets a stream to None that was closed before the start (`outlive ls >&-`).
    sys.stdin = sys.stdin or _null_stream("r")
    sys.stdout = sys.stdout or _null_stream("w")
    sys.stderr = sys.stderr or _null_stream("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _null_stream(mode: str) -> io.TextIOWrapper:
    stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open as long as the process
    assert isinstance(stream, io.TextIOWrapper)
    return stream


def print_error(message: str) -> None:
    """Print a message as one line on standard error; control characters are replaced."""
    try:
        print(f"outlive: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:
        pass  # Nobody can read the message; the exit code remains.


def print_line(message: str) -> None:
    """Print one line on standard output."""
    print(one_line(message), flush=True)


def print_json(value: object) -> None:
    """Print builtins, structs, lists and dicts as JSON: UTF-8, or ASCII if the locale is not UTF-8.

    Characters that would control a terminal are escaped.
    """
    import json

    import msgspec

    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(escaped(json.dumps(msgspec.to_builtins(value), ensure_ascii=not is_unicode, indent=2)))


def terminal_columns() -> int | None:
    """The width of the terminal on standard output; None if there is no terminal: then lines are not cut."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or FALLBACK_COLUMNS
    except (OSError, ValueError):
        return None


def own_size() -> GridSize | None:
    """The size of this terminal, for a program's first screen; None if there is no terminal."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    from session_host.protocol.values import GridSize

    return GridSize(size.columns, size.lines) if size.columns and size.lines else None


__all__ = [
    "ending_text",
    "exit_text",
    "one_line",
    "own_size",
    "prepare_streams",
    "print_error",
    "print_json",
    "print_line",
    "terminal_columns",
]


class Ended(Protocol):
    """An object with the exit status of a program."""

    @property
    def exit_code(self) -> int | None:
        """The program's exit code."""

    @property
    def exit_signal(self) -> int | None:
        """The signal that ended it."""

    @property
    def end_request(self) -> str | None:
        """The user's request that ended the program: "stop" or "kill"."""


def exit_text(ended: Ended) -> str:
    """A program's exit status as text: ``exit code 3``, ``signal 9 (SIGKILL)``, ``killed by you``."""
    if by_user := ended_by_user(ended.end_request):
        return by_user
    if ended.exit_signal is not None:
        import signal

        try:
            return f"signal {ended.exit_signal} ({signal.Signals(ended.exit_signal).name})"
        except ValueError:
            return f"signal {ended.exit_signal}"
    if ended.exit_code is not None:
        return f"exit code {ended.exit_code}"
    return "unknown cause"


class EndedSession(Ended, Protocol):
    """An object with the end of a session."""

    @property
    def reason(self) -> str | None:
        """The reason why the exit status is unknown, see ``client.sessions.session_info``; None if it is known."""


def ending_text(info: EndedSession) -> str:
    """A session's end as text to print after its name: ``has ended (exit code 3)``."""
    if info.reason == "interrupted":
        return "was interrupted by a restart"
    if info.reason == "unstarted":
        return "did not start: the command that started it was interrupted; start it again"
    if info.reason == "lost":
        return "ended unexpectedly: its background process is gone"
    if by_user := ended_by_user(info.end_request):
        return f"was {by_user}"
    return f"has ended ({exit_text(info)})"
