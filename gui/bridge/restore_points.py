"""Restore points of chats for the window: listed, compared with the files, and restored, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from session_host.restore_points import points as points_module
from session_host.restore_points import restoring
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import FileRestore, FilesChanged, How, Outcome, Plan

__all__ = [
    "FileRestore", "FilesChanged", "How", "Listed", "Outcome", "Plan", "RestorePoint", "SincePrompt",
    "points_of", "read_plan", "restore",
]  # fmt: skip


class SincePrompt(NamedTuple):
    """A restore point with which files are compared, and its name for the user."""

    point: RestorePoint
    name: str


class Listed(NamedTuple):
    """A restore point.

    Attributes:
        point: the restore point.
        changed: how many files differ between it and the next one; None for the last one.
    """

    point: RestorePoint
    changed: int | None


async def points_of(chat: Chat, sessions: SessionsModel) -> list[Listed]:
    """The restore points of a chat and of those that it resumes, newest first.

    Raises:
        WorktreeError: one line: the chat's directory is in no working tree, or git is missing or refuses.
    """
    return await asyncio.to_thread(_points_of, Path(chat.record.cwd), _resumed(chat, sessions))


def _resumed(chat: Chat, sessions: SessionsModel) -> list[str]:
    """The ids of a chat and of the chats that it resumes."""
    found: list[str] = []
    current: Chat | None = chat
    while current is not None and current.id not in found:
        found.append(current.id)
        current = sessions.get(current.record.resumed_from or "")
    return found


def _points_of(directory: Path, sessions: Sequence[str]) -> list[Listed]:
    found = points_module.listed(directory, sessions)
    counts = points_module.changed_counts(directory, found) if len(found) > 1 else []
    return [Listed(point, count) for point, count in zip(found, [*counts, None], strict=False)][::-1]


async def read_plan(chat: Chat, point: RestorePoint) -> Plan:
    """What a restore would change; raises WorktreeError."""
    return await asyncio.to_thread(restoring.plan, Path(chat.record.cwd), point)


async def restore(chat: Chat, plan: Plan) -> Outcome:
    """Restore the files that a plan names; raises FilesChanged and WorktreeError."""
    return await asyncio.to_thread(restoring.restore, Path(chat.record.cwd), plan, chat.id)
