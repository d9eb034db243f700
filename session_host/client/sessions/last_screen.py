"""The last screen of an ended session."""

from __future__ import annotations

import contextlib

from session_host.errors import OutliveError
from session_host.paths import session_journal, session_screen
from session_host.storage.journal import restore
from session_host.storage.store.saved_screen import load_screen
from session_host.structured.engine import TranscriptEngine
from session_host.terminal.base import Emulator, EngineName


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
        emulator.reset_after_exit()
    elif unreadable is not None:
        raise unreadable
    return emulator


def later_screen(
    session_id: str, engine: EngineName | None, offset: int
) -> tuple[Emulator | TranscriptEngine, int] | None:
    """The last screen or transcript that a session's host saved, for a disconnected viewer. Blocks on the disk.

    Args:
        session_id: the session.
        engine: the engine to restore the screen with; None for a transcript.
        offset: the caller knows the output up to this offset; -1 for none.

    Returns:
        The replica, which the caller closes, and the output's end; None if the caller knows all output, or nothing
        can be read.
    """
    with contextlib.suppress(OutliveError):
        saved = load_screen(session_screen(session_id))
        if saved is not None and saved.offset > offset:
            replica = TranscriptEngine(saved.restore_transcript()) if engine is None else saved.restore(engine)
            return replica, saved.offset
    return None
