"""Reports how many of the chats that the user stopped at once have ended, and offers to resume them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.actions.resume_all import ResumeAll, resumable
from gui.window.actions.resuming import EndedChatActions
from gui.window.page.banners import Banner
from gui.wording import action_texts, common_texts, notice_texts, sheet_texts

END_MS = 10_000
"""The report names chats that still run this long after they were stopped; a host sends SIGKILL after 9 s at most."""


class EndReport(QObject):
    """Waits until the stopped chats have ended, and reports it in one banner.

    Attributes:
        timer: runs while they have not all ended.
    """

    def __init__(self, context: WindowContext, resuming: EndedChatActions, resume_all: ResumeAll) -> None:
        super().__init__(context.window)
        self._sessions, self._banners = context.sessions, context.banners
        self._resuming, self._resume_all = resuming, resume_all
        self._ending: list[Chat] = []
        self.timer = QTimer(self, singleShot=True, interval=END_MS)
        self.timer.timeout.connect(self._report_ends)
        context.sessions.changed.connect(self._check_ending)

    def report_ends(self, chats: Sequence[Chat]) -> None:
        """Say how many of these chats ended, which the user stops now, and offer to resume them."""
        self._ending += [chat for chat in chats if chat not in self._ending]
        self.timer.start()
        self._check_ending()

    def _check_ending(self) -> None:
        if self._ending and all(map(_is_over, self._ending)):
            self._report_ends()

    def _report_ends(self) -> None:
        chats, self._ending = self._ending, []
        self.timer.stop()
        ended = [chat for chat in chats if _is_over(chat)]
        running = [chat for chat in chats if not _is_over(chat)]
        self._sessions.tasks.start(self._report(ended, running), "report of ends")

    async def _report(self, ended: list[Chat], running: list[Chat]) -> None:
        chats = (await resumable(ended))[0]

        def resume() -> None:
            if len(chats) > 1:
                self._resume_all.ask_about(chats)
            else:
                self._resuming.resume(chats[0])

        count = len(ended)
        text = (
            sheet_texts.SEVERAL_ENDED(count=count) if count > 1 or running else notice_texts.ENDED(name=ended[0].name)
        )
        if running:
            names = ", ".join(chat.name for chat in running)
            text = sheet_texts.SOME_ENDED(count=count, total=count + len(running), names=names)
        action = action_texts.resume_chats(len(chats)) if len(chats) > 1 else common_texts.RESUME()
        self._banners.show_banner(
            Banner(
                text, action if chats else "", resume if chats else None, key="several ended",
                lasting=bool(running), kind="failed" if running else "",
            )
        )  # fmt: skip


def _is_over(chat: Chat) -> bool:
    return chat.has_ended and chat.is_recorded
