"""The disk limit of ended chats (``ended_limit_mib`` in ``chats.toml``), and the warning before it removes any.

Only chats that the limit may remove count for it. It never removes a chat that is pinned, open in a tab, younger than
``MIN_AGE_S``, was viewed within ``VIEWED_S``, has a git worktree, an unsent prompt or comment, or a model server's
conversation, which exists nowhere else. The user gets a warning ``WARNED_S`` before the first chat is removed: in the
window if there ever was one, else from ``outlive new``.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from session_host.client.sessions.stale_rows import has_live_socket
from session_host.errors import OutliveError
from session_host.paths import (
    VIEWED_MARK,
    config_dir,
    database,
    runtime_dir,
    search_index,
    session_dir,
    session_viewed_mark,
    state_dir,
)
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import ENDPOINT
from session_host.storage.store import Store, moved_aside
from session_host.system.clock import now, parse_time
from session_host.system.files import file_size, open_log, replace_file

from .settings import MIB, load_chat_settings

MIN_AGE_S = WARNED_S = 86400
VIEWED_S = 7 * 86400
CHECK_INTERVAL_S = 6 * 3600
"""The limit is checked at most this often, since a check looks at each ended chat (0.1 s for 3,000)."""

COMMAND_S = 0.2
"""The longest time for which a command removes chats; the next one removes more."""

WARN_FROM = 0.9
"""The part of the limit from which on the user is warned."""

LOG_BYTES = 64 * 1024


class EndedChat(NamedTuple):
    """An ended chat.

    Attributes:
        record: its record.
        size_bytes: the size of its files, of its part of the search index, and of the files of removed chats that its
            conversation may name, and that go with it.
        ended_s: when it ended, in seconds since 1970; infinite if its row does not say so.
        viewed_s: when the user last viewed it after its end (``note_viewed``); 0 for never.
    """

    record: ChatFacts
    size_bytes: int
    ended_s: float
    viewed_s: float


class Retention(NamedTuple):
    """The effect of the limit on the ended chats.

    Attributes:
        chats: all ended chats, the one that ended first in front.
        removable_bytes: the size of those that the limit may remove.
        limit_bytes: the limit; 0 for none.
        due: the chats to remove so that the limit is met.
    """

    chats: list[EndedChat]
    removable_bytes: int
    limit_bytes: int
    due: list[EndedChat]

    @property
    def is_near(self) -> bool:
        """Whether the limit is nearly reached, or exceeded."""
        return bool(self.limit_bytes) and self.removable_bytes > WARN_FROM * self.limit_bytes

    @property
    def warning(self) -> str:
        """One line for the user if the limit is nearly reached; else ""."""
        if not self.is_near:
            return ""
        taken = f"ended chats take {self.removable_bytes // MIB} of {self.limit_bytes // MIB} MiB"
        return f"{taken}; from tomorrow on, the oldest beyond that are removed, but none that is pinned, open or new"


_OPEN = ("windows", "drafts", "review_comments")
"""The parts of the windows' layout that name chats in tabs, and chats with text that was not sent."""


def ended_chats(store: Store) -> list[EndedChat]:
    """All ended chats, without those that are asleep, by the times of their ends. Blocks on the disk."""
    records = store.all()
    # A chat ended after all chats that were started before it, whatever time the clock showed then.
    latest_starts = accumulate((record.origin.created_at for record in records), max)
    ends = {
        record.id: max(record.outcome.ended_at or "", latest_start)
        for record, latest_start in zip(records, latest_starts, strict=True)
    }
    ended = [record for record in records if record.outcome.is_over and not record.is_asleep]
    ended.sort(key=lambda record: ends[record.id])
    others = _index_sizes()
    for session_id, size_bytes in _sizes_of_removed(records, ended).items():
        others[session_id] = others.get(session_id, 0) + size_bytes
    directory = str(session_dir(""))  # Paths would take most of the time.
    return [_measured(record, ends[record.id], others.get(record.id, 0), directory) for record in ended]


def _sizes_of_removed(records: Sequence[ChatFacts], ended: Sequence[ChatFacts]) -> dict[str, int]:
    """The sizes of files of removed chats, by the chat with which they go: the last one that may name them."""
    ids, last_users = {record.id for record in records}, dict[str, str]()
    running = [record for record in records if not record.outcome.is_over or record.is_asleep]
    for record in (*ended, *running):
        last_users |= {each: record.id for each in record.origin.files_in if each not in ids}
    sizes = dict[str, int]()
    for each, user in last_users.items():
        sizes[user] = sizes.get(user, 0) + _size(str(session_dir(each)))
    return sizes


def measured_chats() -> list[EndedChat]:
    """See ``ended_chats``."""
    from session_host.client.sessions.store_access import open_store

    with open_store() as store:
        return ended_chats(store)


def _index_sizes() -> dict[str, int]:
    """The size of each chat in the search index, in bytes; nothing if the index cannot be read now."""
    with contextlib.suppress(OutliveError, OSError):
        if search_index().exists():
            from session_host.storage.search import Search  # most checks of the limit do not get here

            with Search() as search:
                return search.sizes()
    return {}


def _measured(record: ChatFacts, end: str, other_bytes: int, sessions: str) -> EndedChat:
    directory = f"{sessions}/{record.id}"
    ended = parse_time(end)  # None for a damaged row: then it stays.
    ended_s = ended.timestamp() if ended is not None else float("inf")
    return EndedChat(record, _size(directory) + other_bytes, ended_s, _viewed_s(f"{directory}/{VIEWED_MARK}"))


def _viewed_s(mark: str | Path) -> float:
    try:
        return os.stat(mark).st_mtime  # noqa: PTH116
    except OSError:
        return 0.0


def size_of(session_ids: Sequence[str]) -> int:
    """The size of chats' files, and of their parts of the search index, in bytes. Blocks on the disk.

    Files of removed chats count if the conversations of these chats may name them.
    """
    from session_host.client.sessions.store_access import open_store

    indexed = _index_sizes()
    directories = dict.fromkeys(session_ids)
    with open_store() as store:
        for record in filter(None, map(store.get, session_ids)):
            directories |= dict.fromkeys(each for each in record.origin.files_in if store.get(each) is None)
    return sum(_size(str(session_dir(each))) + indexed.get(each, 0) for each in directories)


def note_viewed(session_id: str) -> None:
    """Note that the user views a chat without a viewer: the limit keeps it for ``VIEWED_S``. Blocks on the disk."""
    with contextlib.suppress(OSError):  # Its directory is gone, or the disk is full.
        session_viewed_mark(session_id).touch(mode=0o600)


def assess(store: Store) -> Retention:
    """Find out what the limit does with the ended chats. Blocks on the disk.

    Raises:
        OutliveError: ``chats.toml`` is invalid, or the store cannot be read.
    """
    limit_bytes = load_chat_settings(config_dir()).ended_limit_mib * MIB
    chats = ended_chats(store)
    removable = removable_chats(chats, _open_chats(store), time.time())
    removable_bytes = sum(chat.size_bytes for chat in removable)
    return Retention(chats, removable_bytes, limit_bytes, over_limit(removable, limit_bytes) if limit_bytes else [])


def _open_chats(store: Store) -> str:
    import json  # most checks of the limit do not get here

    layout = store.layout()
    return json.dumps([layout.get(each) for each in _OPEN])


def removable_chats(chats: Iterable[EndedChat], open_chats: str, now_s: float) -> list[EndedChat]:
    """The chats that the limit may remove; ``open_chats`` is a text with the ids of the open ones."""
    sockets = {path.stem for path in runtime_dir().glob("*.sock")}
    return [
        chat
        for chat in chats
        if not chat.record.entry.pinned
        and chat.record.origin.worktree is None
        and chat.record.origin.agent != ENDPOINT
        and chat.record.outcome.is_over
        and not chat.record.is_asleep
        and chat.ended_s < now_s - MIN_AGE_S
        and chat.viewed_s < now_s - VIEWED_S
        and chat.record.id not in open_chats
        and not (chat.record.id in sockets and has_live_socket(chat.record.id))
    ]


def remove_by_limit(store: Store, session_id: str) -> str:
    """Remove a chat that is due, unless the limit may no longer remove it. Blocks.

    Returns:
        A line for the user, which ``removed_log`` has, too; "" if the chat stays.

    Raises:
        StoreError: the store cannot be written; the chat stays.
        WorktreeError: the chat that continues it cannot get its restore points; it stays.
        OSError: its files cannot be moved; the chat stays.
    """
    from .removal import hand_on_points, remove_files  # most checks remove nothing

    if (present := store.get(session_id)) is not None:
        hand_on_points(store, present)
    line, removed = "", None

    def is_still_due(record: ChatFacts) -> bool:
        nonlocal line, removed
        chat = EndedChat(record, 0, 0.0, _viewed_s(session_viewed_mark(record.id)))
        if removable_chats([chat], _open_chats(store), time.time()):
            line, removed = _log_removal(record), record  # Before the removal, so that none is silent.
        return removed is not None

    if store.remove_with_files(session_id, is_still_due) and removed is not None:
        remove_files(store, removed)
    return line


def over_limit(removable: Sequence[EndedChat], limit_bytes: int) -> list[EndedChat]:
    """The first chats of ``removable``, as many as must go so that the others take ``limit_bytes`` at most."""
    excess = sum(chat.size_bytes for chat in removable) - limit_bytes
    due = []
    for chat in removable:
        if excess <= 0:
            break
        due.append(chat)
        excess -= chat.size_bytes
    return due


class Tidying(NamedTuple):
    """The result of a check: a warning for the user, or chats to remove, or neither."""

    warning: str
    due: list[EndedChat]


def check_limit(store: Store, *, by_window: bool) -> Tidying:
    """Check the limit: warn the user first, and once ``WARNED_S`` have passed, name the chats to remove.

    Blocks on the disk. If there ever was a window, only a window's warning counts. Commands do not check the limit for
    a while then: the user may undo what a window removes.
    """
    from .removal import finish_removals, remove_unstarted  # most commands need no check

    try:
        _checked_mark().touch(mode=0o600)
        finish_removals(store)
        remove_unstarted(store)
        found = assess(store)
        return _tidying(found, may_warn=by_window or not store.layout())
    except (OutliveError, OSError):
        return Tidying("", [])  # The next check tries again; nothing depends on it.


def _tidying(found: Retention, *, may_warn: bool) -> Tidying:
    mark = state_dir() / "limit-warned"
    if not found.is_near:
        mark.unlink(missing_ok=True)
    elif (age_s := _age_s(mark)) is not None:
        return Tidying("", found.due if age_s >= WARNED_S else [])
    elif may_warn:
        mark.touch(mode=0o600)
        return Tidying(found.warning, [])
    return Tidying("", [])


def enforce_limit(store: Store) -> list[str]:
    """Check the limit for a command, once in ``CHECK_INTERVAL_S``, and remove what is due. Blocks on the disk.

    Removals that were killed are finished in any case.

    Returns:
        Lines for the user: the warning, or each removed chat; ``removed_log`` has the latter, too.
    """
    from .removal import finish_removals  # most commands need no check

    with contextlib.suppress(OutliveError, OSError):  # The next command tries again.
        finish_removals(store)
    if not _is_check_due():
        return []
    tidying = check_limit(store, by_window=False)
    lines = [f"warning: {tidying.warning} (ended_limit_mib in chats.toml)"] if tidying.warning else []
    began_s = time.monotonic()
    for chat in tidying.due:
        if time.monotonic() - began_s > COMMAND_S:
            _checked_mark().unlink(missing_ok=True)
            break
        with contextlib.suppress(OutliveError, OSError):  # The next check tries again.
            if line := remove_by_limit(store, chat.record.id):
                lines.append(line)
    return lines


def has_work_for_command() -> bool:
    """Whether ``enforce_limit`` has anything to do."""
    return _is_check_due() or bool(moved_aside.ids(database()))


def _is_check_due() -> bool:
    age_s = _age_s(_checked_mark())
    return age_s is None or age_s >= CHECK_INTERVAL_S


def _checked_mark() -> Path:
    return state_dir() / "limit-checked"


def _age_s(mark: Path) -> float | None:
    """The time since a mark was made; None if there is none, or if the clock has been set back since."""
    try:
        age_s = time.time() - mark.stat().st_mtime
    except OSError:
        return None
    return age_s if age_s >= 0 else None


def removed_log() -> Path:
    """The log of ended chats that were removed because of the limit, one line each."""
    return state_dir() / "logs" / "removed.log"


def _log_removal(record: ChatFacts) -> str:
    """Add a chat that is removed because of the limit to ``removed_log``; returns the line, without its time."""
    what = f"{record.entry.name} ({record.id[:8]}), which ended {record.outcome.ended_at}"
    line = f"removed {what}: ended chats exceeded their limit"
    with contextlib.suppress(OSError):  # The chat is removed in any case.
        path = removed_log()
        with os.fdopen(open_log(path), "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{now()} {line}\n")
        if path.stat().st_size > 2 * LOG_BYTES:
            replace_file(path, path.read_bytes()[-LOG_BYTES:].partition(b"\n")[2])
    return line


def _size(directory: str) -> int:
    """The total size of a directory's files, including subdirectories; files that vanish meanwhile count as 0."""
    total = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += _size(entry.path)
                else:
                    total += file_size(entry)
    except OSError:
        pass
    return total
