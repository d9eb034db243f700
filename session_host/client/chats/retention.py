"""Enforces ``ended_limit_mib`` (``chats.toml``), the disk limit of all ended chats."""

from __future__ import annotations

import os
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from session_host.client.sessions.session_info import has_live_socket
from session_host.errors import OutliveError
from session_host.paths import config_dir, session_dir, state_dir
from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import SessionRecord, Store
from session_host.system.clock import now

from .remove import ENDPOINT, remove_chat
from .settings import MIB, load_chat_settings

LOG_BYTES = 64 * 1024


class EndedChat(NamedTuple):
    """An ended chat, and the size of its files."""

    record: SessionRecord
    size_bytes: int


def ended_chats(store: Store) -> list[EndedChat]:
    """All ended chats, by the times of their ends. Blocks on the disk."""
    records = store.all()
    # A chat ended after all chats that were started before it, whatever time the clock showed then.
    latest_starts = accumulate((record.created_at for record in records), max)
    ends = {
        record.id: max(record.ended_at or "", latest_start)
        for record, latest_start in zip(records, latest_starts, strict=True)
    }
    ended = [record for record in records if record.state not in RUNNING_STATES]
    ended.sort(key=lambda record: ends[record.id])
    return [EndedChat(record, _size(session_dir(record.id))) for record in ended]


def enforce_retention(store: Store) -> list[str]:
    """Remove ended chats until the limit is met, the oldest first. Blocks on the disk.

    A chat with a git worktree stays, and one with a model server's conversation, which exists nowhere else.

    Returns:
        A line for each removed chat; ``removed_log`` has them, too.
    """
    try:
        limit_bytes = load_chat_settings(config_dir()).ended_limit_mib * MIB
        if not limit_bytes:
            return []
        found = ended_chats(store)
        total_bytes = sum(each.size_bytes for each in found)
        lines = []
        for each in found:
            if total_bytes <= limit_bytes:
                break
            if _is_removable(each.record):
                remove_chat(store, each.record)
                lines.append(
                    f"{now()} removed {each.record.name} ({each.record.id[:8]}), which ended {each.record.ended_at}: "
                    f"ended chats took {total_bytes // MIB} MiB, and may take {limit_bytes // MIB}"
                )
                total_bytes -= each.size_bytes
    except (OutliveError, OSError):
        return []  # The next run tries again; nothing depends on it.
    if lines:
        _log(lines)
    return lines


def removed_log() -> Path:
    """The log of ended chats that were removed because of the limit, one line each."""
    return state_dir() / "logs" / "removed.log"


def _is_removable(record: SessionRecord) -> bool:
    return record.worktree is None and record.agent != ENDPOINT and not has_live_socket(record.id)


def _size(directory: Path) -> int:
    """The total size of a directory's files, including subdirectories; files that vanish meanwhile count as 0."""
    total = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += _size(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    except OSError:
        pass
    return total


def _log(lines: list[str]) -> None:
    try:
        path = removed_log()
        previous = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        text = previous[-LOG_BYTES:] + "".join(f"{line}\n" for line in lines)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return  # The chats are removed in any case.
