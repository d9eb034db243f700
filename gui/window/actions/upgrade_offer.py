"""Says once that running chats are on another version than this window, and brings them up to it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.bridge import upgrade
from gui.bridge.sessions_model import SessionsModel
from gui.window.page.banners import Banner, BannerArea
from session_host.errors import OutliveError
from session_host.version import VERSION

_KEY = "upgrade"


class UpgradeOffer(QObject):
    """A banner with one action, which is offered once and goes when there is no reason for it any more."""

    def __init__(self, sessions: SessionsModel, banners: BannerArea) -> None:
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
            text = f"Some running chats use Outlive {older[0].host_version}. Version {VERSION} is installed."
            self._banners.show_banner(Banner(text, "Update running chats", self._start, key=_KEY, lasting=True))
        else:
            text = (
                f"Some running chats use Outlive {newer[0].host_version}, and this window {VERSION}. Close "
                "and reopen the window to update it; chats keep running."
            )
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True))

    def _start(self) -> None:
        self._is_shown = False
        self._banners.show_banner(Banner("Updating running chats…", key=_KEY, lasting=True))
        self._sessions.tasks.start(self._upgrade(), "upgrade")

    async def _upgrade(self) -> None:
        before = upgrade.older(self._sessions.running())
        try:
            results = await upgrade.upgrade_all()
        except OutliveError as error:
            text = f"Can’t update the running chats: {error}. They keep running."
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))
            return
        tried = {result.session_id for result in results}
        left = [chat.name for chat in before if chat.id not in tried and not chat.is_over]
        text, well = upgrade.report(results, left)
        if well:
            self._banners.inform(text, key=_KEY)
        else:
            self._banners.show_banner(Banner(text, key=_KEY, lasting=True, kind="failed"))
