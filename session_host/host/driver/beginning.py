"""The content that a chat begins with: an earlier chat's transcript, written items, or an earlier shell's screen."""

from __future__ import annotations

import logging

import msgspec

from session_host.errors import OutliveError
from session_host.paths import session_history
from session_host.protocol.launch import StructuredLaunch
from session_host.storage.last_transcript import last_transcript
from session_host.structured.copied_items import copied_items, decode_items
from session_host.structured.items import AnyChange

log = logging.getLogger(__name__)


def history_of(session_id: str, launch: StructuredLaunch) -> list[AnyChange]:
    """The items and answered requests that a chat begins with, as changes; [] if nothing was kept. Blocks on the disk.

    Args:
        session_id: the chat.
        launch: names the session that it resumes or forks.
    """
    if launch.fork_of or launch.begins_with_items:
        return _written(session_id)
    if not launch.history:
        return []
    try:
        transcript = last_transcript(launch.history)
    except OutliveError as error:
        log.warning("the history of %s: %s", launch.history, error)
        return []
    return copied_items(transcript) if transcript is not None else []


def previous_screen_of(session_id: str) -> bytes:
    """The text that a session's terminal begins with; b"" if it cannot be read. Blocks on the disk."""
    try:
        return session_history(session_id).read_bytes()
    except OSError as error:
        log.warning("the screen before %s: %s", session_id, error)
        return b""


def _written(session_id: str) -> list[AnyChange]:
    try:
        return decode_items(session_history(session_id).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the history that was written for %s: %s", session_id, error)
        return []
