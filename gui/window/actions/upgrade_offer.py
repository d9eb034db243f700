"""A banner that offers once to update running chats of another version, or the window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner, BannerArea
from gui.wording import common_texts, notice_texts, window_texts
from session_host.client.sessions.hosts import upgrade
from session_host.client.sessions.store_access import open_store
from session_host.errors import OutliveError
from session_host.version import VERSION, is_older

if TYPE_CHECKING:
    from session_host.client.sessions.hosts import UpgradeResult

_KEY = "upgrade"
_UNCHANGED = "not updated: "


class UpgradeOffer(QObject):
    """Shows the banner once, and removes it when it is no longer needed."""

    def __init__(self, sessions: Sessions, banners: BannerArea, restart: Callable[[], object]) -> None:
        """``restart`` restarts the window."""
        super().__init__(banners)
        self._restart = restart
        self._sessions = sessions
        self._banners = banners
        self._offered = False
        self._is_shown = False
        sessions.chats.changed.connect(self._check_versions)

    def _check_versions(self) -> None:
        running = self._running_here()
        older, newer = _older(running), _newer(running)
        if self._is_shown and not older and not newer:
            self._is_shown = False
            self._banners.withdraw(_KEY)
        if self._offered or not (older or newer):
            return
        self._offered = self._is_shown = True
        if older:
            text = notice_texts.OLDER_CHATS(theirs=older[0].host_version, ours=VERSION)
            self._banners.show_banner(Banner(text, notice_texts.UPDATE_CHATS(), self._start, key=_KEY, lasting=True))
        else:
            text = notice_texts.NEWER_CHATS(theirs=newer[0].host_version, ours=VERSION)
            self._banners.show_banner(
                Banner(text, notice_texts.RESTART_WINDOW(), self._restart, key=_KEY, lasting=True)
            )

    def _running_here(self) -> list[Chat]:
        """The running chats of this machine; each other one is upgraded by itself (``MachineActions``)."""
        here = self._sessions.machines.by_name[""].machine
        return [chat for chat in self._sessions.listed.running() if chat.machine is here]

    def _start(self) -> None:
        self._is_shown = False
        self._banners.show_banner(Banner(notice_texts.UPDATING(), key=_KEY, lasting=True))
        self._sessions.tasks.start(self._upgrade(), "upgrade")

    async def _upgrade(self) -> None:
        before = _older(self._running_here())
        try:
            results = await asyncio.to_thread(upgrade_all)
        except OutliveError as error:
            text = notice_texts.CANNOT_UPDATE(reason=error)
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))
            return
        tried = {result.session_id for result in results}
        left = [chat.name for chat in before if chat.id not in tried and not chat.has_ended]
        text, well = report(results, left)
        if well:
            self._banners.inform(text, key=_KEY)
        else:
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))


def _older(chats: Iterable[Chat]) -> list[Chat]:
    """The chats that run on an older version than this window."""
    return [chat for chat in chats if is_older(chat.host_version)]


def _newer(chats: Iterable[Chat]) -> list[Chat]:
    """The chats that run on a newer version than this window."""
    return [chat for chat in chats if is_older(VERSION, chat.host_version)]


def upgrade_all() -> list[UpgradeResult]:
    """Upgrade all chats, as ``outlive upgrade`` does. Blocks.

    Raises:
        OutliveError: the installed version does not start, or cannot take over; nothing was changed.
    """
    with open_store() as store:
        return list(upgrade(store))


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
