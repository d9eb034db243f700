"""The history of a structured chat that is resumed: the transcript of the former session."""

from __future__ import annotations

import logging

from session_host.errors import OutliveError
from session_host.paths import session_dir, session_journal
from session_host.storage.journal import restore_transcript
from session_host.storage.store.saved_screen import load_screen
from session_host.structured.items import AnyChange, Put, RequestOpened
from session_host.structured.transcript import Transcript

log = logging.getLogger(__name__)


def history_of(session_id: str) -> list[AnyChange]:
    """The items and answered requests of an ended session, as changes; [] if nothing was kept. Blocks on the disk."""
    try:
        transcript = _transcript_of(session_id)
    except OutliveError as error:
        log.warning("the history of %s: %s", session_id, error)
        return []
    if transcript is None:
        return []
    changes: list[AnyChange] = [Put(item) for item in transcript]
    for request_id, answer in transcript.answers.items():
        changes += [RequestOpened(transcript.requests[request_id]), answer]
    return changes


def _transcript_of(session_id: str) -> Transcript | None:
    try:
        saved = load_screen(session_dir(session_id) / "screen.bin")
        if saved is not None:
            return saved.restore_transcript()
    except OutliveError as error:
        log.warning("the saved transcript of %s: %s", session_id, error)
    return restore_transcript(session_journal(session_id))
