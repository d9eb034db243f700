"""Upgrades running chats that use another version than the window's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gui.bridge.chat import Chat
from gui.wording import common_texts, notice_texts, window_texts
from session_host.client.sessions.store_access import open_store
from session_host.version import VERSION

if TYPE_CHECKING:
    from session_host.client.sessions.hosts import UpgradeResult

_UNCHANGED = "not updated: "


def older(chats: Iterable[Chat]) -> list[Chat]:
    """The chats that run on an older version than this window."""
    return [chat for chat in chats if chat.host_version and _numbers(chat.host_version) < _numbers(VERSION)]


def newer(chats: Iterable[Chat]) -> list[Chat]:
    """The chats that run on a newer version than this window."""
    return [chat for chat in chats if chat.host_version and _numbers(chat.host_version) > _numbers(VERSION)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


async def upgrade_all() -> list[UpgradeResult]:
    """Upgrade all chats, as ``outlive upgrade`` does.

    Raises:
        OutliveError: the installed version does not start, or cannot take over; nothing was changed.
    """
    return await asyncio.to_thread(_upgrade_all)


def _upgrade_all() -> list[UpgradeResult]:
    from session_host.client.sessions.hosts import upgrade

    with open_store() as store:
        return upgrade(store)


def report(results: list[UpgradeResult], left: list[str]) -> tuple[str, bool]:
    """Describe the results for the user; returns the text, and whether all chats were upgraded.

    Args:
        results: the result of each chat that was tried.
        left: names of chats that run on as before, because they could not be tried.
    """
    done = [result.name for result in results if result.ok]
    failed = [result for result in results if not result.ok]
    count = len(done) + len(failed) + len(left)
    parts = []
    if done and len(done) == count:
        parts.append(
            notice_texts.UPDATED_CHAT(name=done[0], version=VERSION)
            if count == 1
            else notice_texts.UPDATED_CHATS(n=count, version=VERSION)
        )
    elif count:
        parts.append(notice_texts.UPDATED_SOME(done=len(done), n=count) if done else notice_texts.UPDATED_NONE())
    if failed:
        parts.append(_as_before([result.name for result in failed], failed[0].message.removeprefix(_UNCHANGED)))
    if left:
        parts.append(_as_before(left, notice_texts.TOO_OLD_TO_UPDATE()))
    return " ".join(parts) or common_texts.NO_RUNNING_CHATS(), not failed and not left


def _as_before(names: list[str], why: str) -> str:
    if len(names) == 1:
        return notice_texts.NOT_UPDATED(name=names[0], reason=why)
    return notice_texts.SEVERAL_NOT_UPDATED(
        names=window_texts.AND(first=", ".join(names[:-1]), last=names[-1]), reason=why
    )
