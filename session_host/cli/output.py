"""Prints lines for people, JSON for programs, and one-line errors, in any locale."""

from __future__ import annotations

import io
import math
import os
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from session_host.protocol.untrusted_text import escaped, one_line
from session_host.system.clock import parse_time

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

    Characters that would control a terminal are escaped. A number that is not finite is null: JSON has none.
    """
    import json

    import msgspec

    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(escaped(json.dumps(finite(msgspec.to_builtins(value)), ensure_ascii=not is_unicode, indent=2)))


def finite(value: Any) -> Any:
    """Builtins for JSON, which has only numbers that are finite: others are None."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def terminal_columns() -> int | None:
    """The width of the terminal on standard output; None if there is no terminal: then lines are not cut."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or FALLBACK_COLUMNS
    except (OSError, ValueError):
        return None


def has_colors() -> bool:
    """Whether to print colours: standard output is a terminal, and NO_COLOR is not set (https://no-color.org)."""
    return terminal_columns() is not None and not os.environ.get("NO_COLOR")


def own_size() -> GridSize | None:
    """The size of this terminal, for a program's first screen; None if there is no terminal."""
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    from session_host.protocol.values import GridSize

    return GridSize(size.columns, size.lines) if size.columns and size.lines else None


def local_time(moment: datetime, now: datetime) -> str:
    """A local time: the time of day today, else the date and time."""
    local = moment.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == now.astimezone().date() else "%Y-%m-%d %H:%M:%S")


def time_of_day(moment: str | None) -> str:
    """The local time of an ISO 8601 time; "?" if it is none."""
    parsed = parse_time(moment)
    return "?" if parsed is None else local_time(parsed, datetime.now(UTC))


_CHANGING = frozenset({"Mn", "Me", "Cf", "Sk"})
"""The categories of characters that change the one before them: accents, joiners, skin tones."""
_LEAD_SHARE = 3
"""A line that is cut shows a third of its width before the first match."""


def cut(text: str, spans: list[tuple[int, int]], columns: int) -> str:
    """The part of a text that fits, with its first match."""
    if width(text) <= columns:
        return text
    start = max(0, (spans[0][0] if spans else 0) - columns // _LEAD_SHARE)
    kept = ("…" if start else "") + text[start:]
    if width(kept) <= columns:
        return kept
    while width(kept) > columns - 1:
        kept = kept[: -max(1, (width(kept) - columns) // 2)]
    return f"{kept}…"


def width(text: str) -> int:
    """The number of terminal columns.

    wcwidth is asked only about texts with characters that change others, as in an emoji of several: its import takes
    longer than ``outlive ls``.
    """
    if text.isascii():
        return len(text)
    if not any(unicodedata.category(character) in _CHANGING for character in text if not character.isascii()):
        return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    from wcwidth import wcswidth

    columns: int = wcswidth(text)
    return columns if columns >= 0 else len(text)


YES_OR_NO = " [y/N] "
"""The end of a question."""


def can_ask() -> bool:
    """Whether there is a user who can answer a question: at this terminal, or at that of another machine's command."""
    if sys.stdin.isatty():
        return True
    from session_host.protocol.bridge import ANSWERED_ELSEWHERE  # rarely needed

    return ANSWERED_ELSEWHERE in os.environ


def confirmed(question: str) -> bool:
    """Ask a question; whether the user answers "y" or "yes". Any other answer, and the end of the input, is no."""
    try:
        return is_yes(answer_to(f"{one_line(question)}{YES_OR_NO}"))
    except EOFError:
        return False


def is_yes(answer: str) -> bool:
    """Whether the answer to a question is yes."""
    return answer.strip().lower() in {"y", "yes"}


def answer_to(question: str) -> str:
    """Ask a question; the line that the user types, without blanks at its ends.

    Raises:
        EOFError: the input has ended.
        KeyboardInterrupt: Ctrl+C was pressed.
    """
    line = ""
    try:
        print(question, end="", flush=True)
        if sys.stdin.isatty():
            from session_host.ending_signals import SignalWakeup  # most commands ask nothing

            with SignalWakeup() as wakeup:
                while not wakeup.wait([sys.stdin.fileno()]):
                    pass
        line = sys.stdin.readline()
    finally:
        if not line:
            print(flush=True)  # What follows, such as the shell's prompt, begins on a line of its own.
    if not line:
        raise EOFError
    return line.strip()
