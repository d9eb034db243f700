"""The transcript of an ended structured session: the file that its host saved, else the journal."""

from __future__ import annotations

from collections.abc import Callable

from session_host.errors import OutliveError
from session_host.paths import session_journal, session_screen
from session_host.structured.transcript import Transcript

from .journal import restore_transcript
from .store.saved_screen import load_screen


def last_transcript(session_id: str, on_damage: Callable[[], object] = lambda: None) -> Transcript | None:
    """Restore the transcript of an ended structured session. Blocks on the disk.

    Args:
        session_id: the session.
        on_damage: called if the end of the transcript cannot be read.

    Returns:
        The transcript that the host saved, else what the journal has; None if nothing was kept.

    Raises:
        OutliveError: the saved transcript or the journal cannot be read.
    """
    unreadable: OutliveError | None = None
    try:
        saved = load_screen(session_screen(session_id))
        if saved is not None:
            return saved.restore_transcript()
    except OutliveError as error:
        unreadable = error
    transcript = restore_transcript(session_journal(session_id), on_damage)
    if transcript is None and unreadable is not None:
        raise unreadable
    return transcript
