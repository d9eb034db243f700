"""Resumes several chats, or all that a restart of the computer interrupted, after listing them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.window.actions.context import WindowContext
from gui.window.actions.resuming import EndedChatActions
from gui.window.page.banners import Banner
from gui.window.sheets.question import Question
from gui.wording import common_texts, notice_texts, page_texts, phrases, sheet_texts
from gui.wording.groups import Group
from gui.wording.second_lines import second_lines
from session_host.errors import OutliveError

_KEY = "restart"


class ResumeAll(QObject):
    """Resumes several chats at once, without opening tabs, and asks before it does.

    After a restart it offers once to resume the interrupted chats.
    """

    def __init__(self, context: WindowContext, resuming: EndedChatActions) -> None:
        super().__init__(context.window)
        self._sessions, self._layout = context.sessions, context.layout
        self._sheets, self._banners = context.sheets, context.banners
        self._resuming = resuming

    def offer(self) -> None:
        """Offer it in a banner, once for each chat."""
        interrupted = [chat.id for chat in self._interrupted()]
        has_new = any(session_id not in self._layout.restart_offered for session_id in interrupted)
        self._layout.restart_offered = interrupted
        if has_new:
            self._sessions.tasks.start(self._offer(), "interrupted chats")

    async def _offer(self) -> None:
        interrupted = self._interrupted()
        if (await resumable(interrupted))[0]:
            text = notice_texts.RESTART_INTERRUPTED_CHATS(n=len(interrupted))
            self._banners.show_banner(Banner(text, sheet_texts.RESUME_ALL(), self.ask, key=_KEY, lasting=True))

    def ask(self) -> None:
        """List which of the interrupted chats can be resumed, and ask whether to do so."""
        self._banners.withdraw(_KEY)
        chats = self._interrupted()
        none = sheet_texts.NO_INTERRUPTED_CAN_BE_RESUMED() if chats else sheet_texts.NOTHING_INTERRUPTED()
        self._sessions.tasks.start(self._ask(chats, none), "interrupted chats")

    def ask_about(self, chats: Sequence[Chat]) -> None:
        """List which of these ended chats can be resumed, and ask whether to do so."""
        self._sessions.tasks.start(self._ask(chats, sheet_texts.NONE_CAN_BE_RESUMED()), "resume several")

    async def _ask(self, candidates: Sequence[Chat], none: str) -> None:
        """Ask about those that can be resumed; if none can be, say ``none``."""
        chats, others = await resumable(candidates)
        if not chats:
            self._banners.inform(none, key=_KEY)
            return
        details = (
            sheet_texts.SHELLS_BEGIN_ANEW() if any(chat.record.is_shell for chat in chats) else "",
            sheet_texts.NOT_RESUMED(names=", ".join(chat.name for chat in others)) if others else "",
        )
        self._sheets.question.ask(
            Question(
                sheet_texts.RESUME_THESE_CHATS(),
                page_texts.RESUME_CHATS(count=len(chats)) if len(chats) > 1 else common_texts.RESUME(),
                lambda: self._sessions.tasks.start(self._resume(chats), "resume all"),
                "\n".join(filter(None, details)),
                "\n".join(self._lines(chats)),
            )
        )

    def _lines(self, chats: list[Chat]) -> list[str]:
        """A line for each chat; equal lines also get what differs."""
        lines, differences = [self._line(chat) for chat in chats], second_lines(chats)
        counts = Counter(lines)
        return [
            f"{line} · {differences[chat.id].difference}" if counts[line] > 1 else line
            for chat, line in zip(chats, lines, strict=True)
        ]

    def _line(self, chat: Chat) -> str:
        directory = phrases.short_directory(chat.record.cwd)
        if chat.record.is_shell:
            return sheet_texts.SHELL_STARTS_AGAIN(name=chat.name, directory=directory)
        return sheet_texts.CHAT_AGENT_AND_DIRECTORY(name=chat.name, agent=chat.agent_title, directory=directory)

    async def _resume(self, chats: list[Chat]) -> None:
        failed: dict[str, list[str]] = {}
        for chat in chats:
            if reason := await self._resuming.resume_in_place(chat):
                failed.setdefault(reason, []).append(chat.name)
        for reason, names in failed.items():  # One agent that is not installed is one line for all its chats.
            text = notice_texts.CANNOT_RESUME(name=", ".join(names), reason=reason)
            self._banners.show_banner(Banner(text, key=f"resume {reason}", lasting=True, kind="failed"))

    def _interrupted(self) -> list[Chat]:
        return sorted(self._sessions.groups()[Group.INTERRUPTED], key=lambda chat: chat.record.created_at)


async def resumable(chats: Sequence[Chat]) -> tuple[list[Chat], list[Chat]]:
    """Those of these ended chats that can be resumed, and the others."""
    try:
        from session_host.client.chats.resumability import resumable_among  # the window's start does not need it

        found = await asyncio.to_thread(resumable_among, [chat.id for chat in chats])
    except OutliveError:
        return [], []  # The store is gone or unreadable: its next reader reports this.
    return [chat for chat in chats if chat.id in found], [chat for chat in chats if chat.id not in found]
