"""The last screen of an ended session."""

from __future__ import annotations

import contextlib
from datetime import datetime
from itertools import accumulate, takewhile
from typing import Final

from session_host.errors import OutliveError
from session_host.paths import session_journal, session_screen
from session_host.protocol.facts import ChatFacts
from session_host.storage.journal import restore
from session_host.storage.store.saved_screen import SavedScreen, load_screen
from session_host.structured.engine import TranscriptEngine
from session_host.terminal.base import Emulator, EngineName
from session_host.terminal.clearing import reset_after_exit
from session_host.terminal.text import logical_ansi_lines


def last_screen(session_id: str, engine: EngineName | None = None) -> Emulator | None:
    """Restore a session's last screen with its history, for reading only. Blocks on the disk.

    The screen comes from the file that the host saved. The journal is used if a reboot interrupted the session, so that
    there is no file, or if another build of the engine saved it.

    Args:
        session_id: the session.
        engine: the engine to restore the screen with; None for the engine that recorded it, if that is known.

    Returns:
        The emulator, which the caller closes; None if nothing was kept.

    Raises:
        OutliveError: the saved screen or the journal cannot be read.
    """
    unreadable: OutliveError | None = None
    try:
        saved = load_screen(session_screen(session_id))
        if saved is not None:
            return saved.restore(engine or saved.engine) if saved.engine != "transcript" else None
    except OutliveError as error:
        unreadable = error
    emulator = restore(session_journal(session_id), engine)
    if emulator is not None:
        reset_after_exit(emulator)
    elif unreadable is not None:
        raise unreadable
    return emulator


def later_saved_screen(session_id: str, offset: int) -> SavedScreen | None:
    """The last screen or transcript that a session's host saved, for a disconnected viewer. Blocks on the disk.

    Args:
        session_id: the session.
        offset: the caller knows the output up to this offset; -1 for none.

    Returns:
        None if the caller knows all output, or nothing can be read.
    """
    with contextlib.suppress(OutliveError):
        saved = load_screen(session_screen(session_id))
        if saved is not None and saved.offset > offset:
            return saved
    return None


def restored(saved: SavedScreen, engine: EngineName | None, *, own_form: bool) -> Emulator | TranscriptEngine:
    """A replica with a saved screen, which the caller closes; ``engine`` is None for a transcript.

    ``own_form`` as for ``SavedScreen.restore``.

    Raises:
        OutliveError: this version cannot read it.
    """
    if engine is None:
        return TranscriptEngine(saved.restore_transcript(is_own=own_form))
    return saved.restore(engine, own_form=own_form)


MAX_BYTES: Final = 512 * 1024
"""The newest part is kept: an engine interprets it before the new shell's prompt is shown."""

_LEAVE_ALTERNATE_SCREEN: Final = b"\x1b[?1049l"


def previous_screen(record: ChatFacts) -> bytes:
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


def _separator(record: ChatFacts) -> str:
    try:
        ended = datetime.fromisoformat(record.outcome.ended_at or "").astimezone()
    except ValueError:
        return "The shell above has ended. A new shell starts here."
    return f"The shell above ended on {ended:%Y-%m-%d} at {ended:%H:%M}. A new shell starts here."
