"""The restore points of a chat with their prompts, for the window and the commands. Reads the disk; no asyncio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from session_host.errors import OutliveError
from session_host.restore_points.points import RestorePoint, listed

BEFORE_S = 10.0
"""How long before its restore point a prompt was written into the agent's record, at most."""
AFTER_S = 2.0
"""How long after it, at most: an agent may report its turn first."""


class ListedPoint(NamedTuple):
    """A restore point.

    Attributes:
        point: the restore point.
        prompt: the text of its prompt, if the agent's record has it; "" for an unknown one.
    """

    point: RestorePoint
    prompt: str


def resumed_chats(session_id: str, resumed_from: Callable[[str], str | None]) -> list[str]:
    """The ids of a chat and of the chats that it resumes, the latest first.

    Args:
        session_id: the chat.
        resumed_from: the chat that a chat resumes; None for none.
    """
    found: list[str] = []
    current: str | None = session_id
    while current and current not in found:
        found.append(current)
        current = resumed_from(current)
    return found


def restore_list(directory: Path, sessions: Sequence[str]) -> list[ListedPoint]:
    """The restore points of a chat and of those that it resumes, newest first. Starts git and blocks.

    Args:
        directory: the chat's directory.
        sessions: as ``resumed_chats`` returns them.

    Raises:
        WorktreeError: one line: the directory is in no working tree, or git is missing or refuses.
    """
    found = listed(directory, sessions)
    prompts = _prompts_of(found, sessions[0])
    return [ListedPoint(point, prompts.get(point.at_ms, "")) for point in reversed(found)]


def _prompts_of(points: Sequence[RestorePoint], session: str) -> dict[int, str]:
    """The prompts of restore points in a terminal, by the times of the points."""
    wanted = [point for point in points if point.about.kind == "prompt" and not point.about.item]
    if not wanted:
        return {}
    from .agent_record import recent_prompts  # With the catalog, for which the window does not wait at its start.

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
