"""An ended chat: whether it can be resumed, its error output, its last changes of activity, its removal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from session_host.client.sessions.stale_rows import record_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.paths import session_stderr
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Transition
from session_host.protocol.untrusted_text import plain
from session_host.storage.store import Store

from .removal import described, end_left_processes, left_processes, remove_rest, remove_row

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


def end_left(session_id: str) -> None:
    """End the processes that the chat's program left behind. Blocks.

    Raises:
        NotAllowed: this process belongs to an agent that may not control the chat.
        OutliveError: there is no record of the chat.
    """
    with open_store() as store:
        record = record_of(store, session_id)
    end_left_processes(record, gracefully=True)


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
    with open_store() as store:
        return store.ledger.last_changes(session_id, count)


class Removal(NamedTuple):
    """The result of removing a chat.

    Attributes:
        is_done: whether it was removed.
        line: what is left of its worktree or files, or why it was not removed, one line; "" for nothing to say.
    """

    is_done: bool
    line: str = ""


def remove_chats(session_ids: Sequence[str], *, by_limit: bool) -> list[Removal]:
    """Remove ended chats with their files. Blocks, also on git.

    Args:
        session_ids: the chats; one that is gone already counts as removed.
        by_limit: remove only those that the limit of ended chats may remove.
    """
    try:
        with open_store() as store:
            records = {each: record for each in session_ids if (record := store.get(each)) is not None}
            done = {each: _remove_row(store, record, by_limit=by_limit) for each, record in records.items()}
            if not by_limit:
                for each in [each for each, removal in done.items() if removal.is_done]:
                    done[each] = _remove_rest(store, records[each])
            return [done.get(each, Removal(True)) for each in session_ids]
    except OutliveError as error:
        return [Removal(False, str(error))] * len(session_ids)


def _remove_row(store: Store, record: ChatFacts, *, by_limit: bool) -> Removal:
    """Remove a chat's row; by the limit, also its files."""
    try:
        if by_limit:
            from .retention import remove_by_limit  # the window's start does not need it

            return Removal(bool(remove_by_limit(store, record.id)))
        remove_row(store, record)
        return Removal(True)
    except OutliveError as error:
        return Removal(False, str(error))
    except OSError as error:
        return Removal(False, f"cannot remove {record.entry.name}: {error}")


def _remove_rest(store: Store, record: ChatFacts) -> Removal:
    try:
        return Removal(True, remove_rest(store, record))
    except (OutliveError, OSError) as error:
        return Removal(True, f"files of {record.entry.name} are left: {error}")
