"""Restore points of chats for the window: listed, compared with the files, and restored, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gui.bridge.chat import Chat
from gui.bridge.sessions_model import SessionsModel
from session_host.errors import OutliveError
from session_host.restore_points import points as points_module
from session_host.restore_points import restoring
from session_host.restore_points.points import RestorePoint
from session_host.restore_points.restoring import FileRestore, FilesChanged, How, Outcome, Plan

__all__ = [
    "FileRestore", "FilesChanged", "How", "Listed", "Outcome", "Plan", "RestorePoint", "SincePrompt",
    "file_counts", "points_of", "read_plan", "restore",
]  # fmt: skip


BEFORE_S = 10.0
"""How long before its restore point a prompt was written into the agent's record, at most."""
AFTER_S = 2.0
"""How long after it, at most: an agent may report its turn first."""


class SincePrompt(NamedTuple):
    """A restore point with which files are compared, and its name for the user."""

    point: RestorePoint
    name: str


class Listed(NamedTuple):
    """A restore point.

    Attributes:
        point: the restore point.
        prompt: the text of its prompt, if the agent's record has it; "" for an unknown one.
    """

    point: RestorePoint
    prompt: str


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
    prompts = _prompts_of(found, sessions[0])
    return [Listed(point, prompts.get(point.at_ms, "")) for point in reversed(found)]


def _prompts_of(points: Sequence[RestorePoint], session: str) -> dict[int, str]:
    """The prompts of restore points in a terminal, by the times of the points."""
    wanted = [point for point in points if point.about.kind == "prompt" and not point.about.item]
    if not wanted:
        return {}
    from session_host.client.chats.recent_prompts import recent_prompts

    try:
        turns = recent_prompts(session, wanted[0].at_ms / 1000 - BEFORE_S)
    except OutliveError:
        return {}  # The times are enough.
    return matched([point.at_ms for point in wanted], [(round(turn.at_s * 1000), turn.prompt) for turn in turns])


def matched(points_ms: Sequence[int], prompts: Sequence[tuple[int, str]]) -> dict[int, str]:
    """The prompts that belong to restore points: each to the nearest one that was begun soon after it.

    Args:
        points_ms: the times of the restore points, oldest first, in milliseconds since 1970.
        prompts: times and texts of the prompts, newest first.
    """
    found: dict[int, str] = {}
    for at_ms, text in prompts:
        later = [point for point in points_ms if -AFTER_S * 1000 <= point - at_ms <= BEFORE_S * 1000]
        if later and (nearest := min(later, key=lambda point: abs(point - at_ms))) not in found:
            found[nearest] = text
    return found


async def file_counts(chat: Chat, points: Sequence[Listed]) -> list[int]:
    """How many files differ now from how they were at each restore point; raises WorktreeError."""
    return await asyncio.to_thread(restoring.file_counts, Path(chat.record.cwd), [each.point for each in points])


async def read_plan(chat: Chat, point: RestorePoint) -> Plan:
    """Plan a restore; raises WorktreeError."""
    return await asyncio.to_thread(restoring.plan, Path(chat.record.cwd), point)


async def restore(chat: Chat, plan: Plan) -> Outcome:
    """Restore the files that a plan names; raises FilesChanged and WorktreeError."""
    return await asyncio.to_thread(restoring.restore, Path(chat.record.cwd), plan, chat.id)
