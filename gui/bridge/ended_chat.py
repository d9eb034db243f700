"""An ended chat: its last screen or transcript, whether it can be resumed, and its error output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from session_host.client.chats.removal import described, left_processes
from session_host.client.chats.retention import note_viewed
from session_host.paths import session_stderr
from session_host.protocol.untrusted_text import plain

if TYPE_CHECKING:
    from session_host.structured.transcript import Transcript
    from session_host.terminal.base import Emulator

ERRORS_BYTES = 64 * 1024
"""Maximum length of the shown end of an error output."""

_SEQUENCES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])")
"""Escape sequences (ECMA-48 5.4: CSI, OSC, and the short ones)."""


class EndedChat(NamedTuple):
    """The actions that are possible for an ended chat.

    Attributes:
        can_resume: as in ``client.chats.resumability``: None if it is not known which conversation it was in.
        reason: why it cannot be resumed, one line; if it can, a warning for the user, usually "".
        has_errors: whether its separate error output has text.
        left_behind: the processes that its program started and that still run, one line; "" for none.
    """

    can_resume: bool | None
    reason: str
    has_errors: bool
    left_behind: str = ""


def inspect_ended_chat(session_id: str) -> EndedChat:
    """Determine what can be done with an ended chat. Blocks.

    Raises:
        OutliveError: there is no record of it.
    """
    from session_host.client.chats.resumability import resumability  # in the thread: the window does not wait for it

    can, reason = resumability(session_id)
    left = described(left_processes(session_id))
    return EndedChat(can, reason, _has_errors(session_id), left)


def read_last_screen(session_id: str) -> Emulator | None:
    """Restore a chat's last screen for the user, with the window's engine; see ``client.sessions.last_screen``."""
    from session_host.client.sessions.last_screen import last_screen
    from session_host.terminal import default_engine

    note_viewed(session_id)
    return last_screen(session_id, default_engine())


def read_last_transcript(session_id: str) -> Transcript | None:
    """Restore a structured chat's transcript for the user; see ``storage.last_transcript``."""
    from session_host.storage.last_transcript import last_transcript

    note_viewed(session_id)
    return last_transcript(session_id)


def _has_errors(session_id: str) -> bool:
    try:
        return session_stderr(session_id).stat().st_size > 0
    except OSError:
        return False


def error_output(session_id: str) -> tuple[str, bool]:
    """Read the end of a chat's standard error. Blocks.

    Returns:
        The text, without misleading characters, and whether there was more before it.

    Raises:
        OSError: it cannot be read.
    """
    with session_stderr(session_id).open("rb") as file:
        length = file.seek(0, 2)
        file.seek(max(length - ERRORS_BYTES, 0))
        data = file.read(ERRORS_BYTES)
    is_cut = length > ERRORS_BYTES
    if is_cut:
        data = data.partition(b"\n")[2] or data
    text = _SEQUENCES.sub("", data.decode(errors="replace")).replace("\r\n", "\n")
    return plain(text, ERRORS_BYTES, keep_lines=True).rstrip(), is_cut
