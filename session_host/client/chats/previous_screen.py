"""The last screen of an ended shell: the terminal of the shell that replaces it begins with it. Blocks on the disk."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate, takewhile
from typing import Final

from session_host.client.sessions.last_screen import last_screen
from session_host.errors import OutliveError
from session_host.storage.store import SessionRecord
from session_host.terminal.text import logical_ansi_lines

MAX_BYTES: Final = 512 * 1024
"""The newest part is kept: an engine interprets it before the new shell's prompt is shown."""

_LEAVE_ALTERNATE_SCREEN: Final = b"\x1b[?1049l"


def previous_screen(record: SessionRecord) -> bytes:
    """The main screen of an ended session with its history, and a line about its end.

    It is text with colours, without cursor movements and modes, so that it fits a terminal of any size.

    Returns:
        The text with CR LF after each line; b"" if the session showed nothing, or nothing was kept.
    """
    try:
        emulator = last_screen(record.id)
    except OutliveError:
        return b""  # The shell starts all the same, and the ended chat's own page says what is wrong.
    if emulator is None:
        return b""
    try:
        emulator.feed(_LEAVE_ALTERNATE_SCREEN)
        rows = emulator.history(0, emulator.scrollback_rows) + emulator.rows()
        lines = logical_ansi_lines(rows, emulator.size.columns)
    finally:
        emulator.close()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return b""
    encoded = [line.encode("utf-8", "replace") + b"\r\n" for line in (*lines, f"\x1b[2m{_separator(record)}\x1b[m")]
    sizes = accumulate(len(line) for line in reversed(encoded))
    return b"".join(encoded[-max(sum(1 for _ in takewhile(lambda size: size <= MAX_BYTES, sizes)), 1) :])


def _separator(record: SessionRecord) -> str:
    try:
        ended = datetime.fromisoformat(record.ended_at or "").astimezone()
    except ValueError:
        return "The shell above has ended. A new shell starts here."
    return f"The shell above ended on {ended:%Y-%m-%d} at {ended:%H:%M}. A new shell starts here."
