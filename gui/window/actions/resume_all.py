"""Resumes several chats, or all that a restart of the computer interrupted, after listing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject

from gui.bridge.chat import Chat
from gui.bridge.ended_chat import resumable_among
from gui.window.actions.context import WindowContext
from gui.window.actions.resuming import EndedChatActions
from gui.window.page.banners import Banner
from gui.window.sheets.question import Question
from gui.wording import common_texts, notice_texts, page_texts, phrases, several_texts
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
            text = notice_texts.restart_interrupted_chats(len(interrupted))
            self._banners.show_banner(Banner(text, several_texts.resume_all(), self.ask, key=_KEY, lasting=True))

    def ask(self) -> None:
        """List which of the interrupted chats can be resumed, and ask whether to do so."""
        self._banners.withdraw(_KEY)
        chats = self._interrupted()
        none = several_texts.no_interrupted_can_be_resumed() if chats else several_texts.nothing_interrupted()
        self._sessions.tasks.start(self._ask(chats, none), "interrupted chats")

    def ask_about(self, chats: Sequence[Chat]) -> None:
        """List which of these ended chats can be resumed, and ask whether to do so."""
        self._sessions.tasks.start(self._ask(chats, several_texts.none_can_be_resumed()), "resume several")

    async def _ask(self, candidates: Sequence[Chat], none: str) -> None:
        """Ask about those that can be resumed; if none can be, say ``none``."""
        chats, others = await resumable(candidates)
        if not chats:
            self._banners.inform(none, key=_KEY)
            return
        details = (
            several_texts.shells_begin_anew() if any(chat.record.is_shell for chat in chats) else "",
            several_texts.not_resumed(", ".join(chat.name for chat in others)) if others else "",
        )
        self._sheets.question.ask(
            Question(
                several_texts.resume_these_chats(),
                page_texts.resume_chats(len(chats)) if len(chats) > 1 else common_texts.resume(),
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
            return several_texts.shell_starts_again(chat.name, directory)
        return several_texts.chat_agent_and_directory(chat.name, chat.agent_title, directory)

    async def _resume(self, chats: list[Chat]) -> None:
        failed: dict[str, list[str]] = {}
        for chat in chats:
            if reason := await self._resuming.resume_in_place(chat):
                failed.setdefault(reason, []).append(chat.name)
        for reason, names in failed.items():  # One agent that is not installed is one line for all its chats.
            text = notice_texts.cannot_resume(", ".join(names), reason)
            self._banners.show_banner(Banner(text, key=f"resume {reason}", lasting=True, kind="failed"))

    def _interrupted(self) -> list[Chat]:
        return sorted(self._sessions.groups()[Group.INTERRUPTED], key=lambda chat: chat.record.created_at)


async def resumable(chats: Sequence[Chat]) -> tuple[list[Chat], list[Chat]]:
    """Those of these ended chats that can be resumed, and the others."""
    try:
        found = await resumable_among([chat.id for chat in chats])
    except OutliveError:
        return [], []  # The store is gone or unreadable: its next reader reports this.
    return [chat for chat in chats if chat.id in found], [chat for chat in chats if chat.id not in found]
