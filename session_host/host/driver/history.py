"""The history of a structured chat that is resumed: the transcript of the former session."""

from __future__ import annotations

import logging

from session_host.errors import OutliveError
from session_host.storage.last_transcript import last_transcript
from session_host.structured.items import AnyChange, Put, RequestOpened

log = logging.getLogger(__name__)


def history_of(session_id: str) -> list[AnyChange]:
    """The items and answered requests of an ended session, as changes; [] if nothing was kept. Blocks on the disk."""
    try:
        transcript = last_transcript(session_id)
    except OutliveError as error:
        log.warning("the history of %s: %s", session_id, error)
        return []
    if transcript is None:
        return []
    changes: list[AnyChange] = [Put(item) for item in transcript]
    for request_id, answer in transcript.answers.items():
        changes += [RequestOpened(transcript.requests[request_id]), answer]
    return changes
