"""Discards changes of a chat's directory, and undoes that, in threads."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gui.bridge.changes_reader import ChangedFile, Changes
from session_host.client.worktrees import discarding
from session_host.client.worktrees.discarding import Discarded, can_discard_file, hunks_of

__all__ = ["Discarded", "can_discard_file", "discard", "hunks_of", "undo"]


async def discard(directory: str, shown: Changes, file: ChangedFile, session: str, hunk: int | None) -> Discarded:
    """Discard the change of a file, or one of its hunks; raises FilesChanged and WorktreeError."""
    return await asyncio.to_thread(discarding.discard, Path(directory), shown, file, session, hunk)


async def undo(directory: str, done: Discarded, session: str) -> None:
    """Undo a discard; raises FilesChanged and WorktreeError."""
    await asyncio.to_thread(discarding.undo, Path(directory), done, session)
