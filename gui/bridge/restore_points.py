"""Restore points of chats for the window: listed, compared with the files, and restored, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from session_host.client.chats.restore_list import ListedPoint, restore_list, resumed_chats
from session_host.restore_points import restoring
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import FileRestore, FilesChanged, How, Outcome, Plan

__all__ = [
    "FileRestore", "FilesChanged", "How", "ListedPoint", "Outcome", "Plan", "RestorePoint", "SincePrompt",
    "file_counts", "points_of", "read_plan", "restore",
]  # fmt: skip


class SincePrompt(NamedTuple):
    """A restore point with which files are compared, and its name for the user."""

    point: RestorePoint
    name: str


async def points_of(chat: Chat, sessions: Sessions) -> list[ListedPoint]:
    """The restore points of a chat and of those that it resumes, newest first.

    Raises:
        WorktreeError: one line: the chat's directory is in no working tree, or git is missing or refuses.
    """

    def resumed_from(session_id: str) -> str | None:
        resumed = sessions.get(session_id)
        return resumed.record.resumed_from if resumed is not None else None

    sessions_of_chat = resumed_chats(chat.id, resumed_from)
    return await asyncio.to_thread(restore_list, Path(chat.record.cwd), sessions_of_chat)


async def file_counts(chat: Chat, points: Sequence[ListedPoint]) -> list[int]:
    """How many files differ now from how they were at each restore point; raises WorktreeError."""
    return await asyncio.to_thread(restoring.file_counts, Path(chat.record.cwd), [each.point for each in points])


async def read_plan(chat: Chat, point: RestorePoint) -> Plan:
    """Plan a restore; raises WorktreeError."""
    return await asyncio.to_thread(restoring.plan, Path(chat.record.cwd), point)


async def restore(chat: Chat, plan: Plan) -> Outcome:
    """Restore the files that a plan names; raises FilesChanged and WorktreeError."""
    return await asyncio.to_thread(restoring.restore, Path(chat.record.cwd), plan, chat.id)
