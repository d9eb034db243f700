"""A banner that offers once to update running chats of another version."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge import upgrade
from gui.bridge.sessions import Sessions
from gui.window.page.banners import Banner, BannerArea
from gui.wording import notice_texts
from session_host.errors import OutliveError
from session_host.version import VERSION

_KEY = "upgrade"


class UpgradeOffer(QObject):
    """Shows the banner once, and removes it when it is no longer needed."""

    def __init__(self, sessions: Sessions, banners: BannerArea) -> None:
        super().__init__(banners)
        self._sessions = sessions
        self._banners = banners
        self._offered = False
        self._is_shown = False
        sessions.changed.connect(self._check_versions)

    def _check_versions(self) -> None:
        running = self._sessions.running()
        older, newer = upgrade.older(running), upgrade.newer(running)
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
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True))

    def _start(self) -> None:
        self._is_shown = False
        self._banners.show_banner(Banner(notice_texts.UPDATING(), key=_KEY, lasting=True))
        self._sessions.tasks.start(self._upgrade(), "upgrade")

    async def _upgrade(self) -> None:
        before = upgrade.older(self._sessions.running())
        try:
            results = await upgrade.upgrade_all()
        except OutliveError as error:
            text = notice_texts.CANNOT_UPDATE(reason=error)
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))
            return
        tried = {result.session_id for result in results}
        left = [chat.name for chat in before if chat.id not in tried and not chat.has_ended]
        text, well = upgrade.report(results, left)
        if well:
            self._banners.inform(text, key=_KEY)
        else:
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))
