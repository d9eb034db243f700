"""An ended chat: whether it can be resumed, its error output, its last changes of activity."""

from __future__ import annotations

import re
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.paths import session_stderr, session_transitions
from session_host.protocol.messages import Transition
from session_host.protocol.untrusted_text import plain
from session_host.storage.store import activity_log

from .removal import described, left_processes

ERRORS_BYTES = 64 * 1024
"""Maximum length of the shown end of an error output."""

_SEQUENCES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])")
"""Escape sequences (ECMA-48 5.4: CSI, OSC, and the short ones)."""


class EndedChat(NamedTuple):
    """The actions that are possible for an ended chat.

    Attributes:
        can_resume: as in ``resumability``: None if it is not known which conversation it was in.
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
    from .resumability import resumability  # in the thread: the window does not wait for it

    can, reason = resumability(session_id)
    left = described(left_processes(session_id))
    return EndedChat(can, reason, _has_errors(session_id), left)


def _has_errors(session_id: str) -> bool:
    try:
        return session_stderr(session_id).stat().st_size > 0
    except OSError:
        return False


class ErrorOutput(NamedTuple):
    """The end of a chat's error output.

    Attributes:
        text: its last lines, without misleading characters.
        is_cut: whether there was more before it.
    """

    text: str
    is_cut: bool


def error_output(session_id: str) -> ErrorOutput | None:
    """Read the end of a chat's standard error; None if it was removed. Blocks.

    Raises:
        OutliveError: it cannot be read.
    """
    try:
        with session_stderr(session_id).open("rb") as file:
            length = file.seek(0, 2)
            file.seek(max(length - ERRORS_BYTES, 0))
            data = file.read(ERRORS_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutliveError(error.strerror) from error
    is_cut = length > ERRORS_BYTES
    if is_cut:
        data = data.partition(b"\n")[2] or data
    text = _SEQUENCES.sub("", data.decode(errors="replace")).replace("\r\n", "\n")
    return ErrorOutput(plain(text, ERRORS_BYTES, keep_lines=True).rstrip(), is_cut)


def last_transitions(session_id: str, count: int) -> list[Transition]:
    """The last changes of a chat's activity, oldest first. Blocks on the disk."""
    return activity_log.last(session_transitions(session_id), count)
