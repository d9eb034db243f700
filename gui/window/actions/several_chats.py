"""Actions on several chats at once: each asks once, with the list of the chats that it concerns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.bridge.removals import UNDO_MS
from gui.input.shortcuts import show_key
from gui.theme.menu import temporary_menu
from gui.window.actions.chat_actions import ChatActions, listed
from gui.window.actions.color_menu import add_colors
from gui.window.actions.context import WindowContext
from gui.window.actions.end_report import EndReport
from gui.window.actions.resume_all import ResumeAll
from gui.window.actions.resuming import EndedChatActions
from gui.window.page.banners import Banner
from gui.window.sheets.question import Question
from gui.window.sidebar.sidebar import key_of_row
from gui.wording import action_texts, common_texts, notice_texts, page_texts, phrases, window_texts


class SeveralChats:
    """Stops, removes, resumes, pins, mutes, labels and sends texts to the chats that are selected in the sidebar."""

    def __init__(
        self, context: WindowContext, chat_actions: ChatActions, resuming: EndedChatActions, resume_all: ResumeAll
    ) -> None:
        self._window, self._theme = context.window, context.theme
        self._sessions, self._sheets, self._banners = context.sessions, context.sheets, context.banners
        self._chat_actions = chat_actions
        self._resuming = resuming
        self._resume_all = resume_all
        self.end_report = EndReport(context, resuming, resume_all)
        chat_actions.several_ending.connect(self.end_report.report_ends)

    def show_menu(self, chats: Sequence[Chat], point: QPoint) -> None:
        """Show the menu of several chats."""
        menu = temporary_menu(self._window)
        running = [chat for chat in chats if not chat.has_ended]
        ended = [chat for chat in chats if chat.has_ended]
        resumable = [chat for chat in ended if self._chat_actions.can_resume(chat)]
        if resumable:
            menu.addAction(action_texts.resume_chats(len(resumable)), lambda: self.resume(chats))
        if running:
            menu.addAction(action_texts.send_to_chats(len(running)), lambda: self._sheets.send.ask_several(running))
        add_pin(menu, self._chat_actions, chats)
        if running:
            self._add_mute(menu, running)
        add_unread(menu, chats)
        add_colors(menu.addMenu(window_texts.COLOR()), self._sessions.color_labels, chats, self._theme.tokens)
        if running:
            menu.addSeparator()
            menu.addAction(action_texts.stop_chats(len(running)), lambda: self.stop(chats))
        if ended:
            menu.addSeparator()
            remove = menu.addAction(action_texts.remove_chats(len(ended)), lambda: self.remove(chats))
            show_key(remove, key_of_row("remove"))
        menu.popup(point)

    def _add_mute(self, menu: QMenu, chats: Sequence[Chat]) -> None:
        """Add the menu item that mutes chats, or unmutes them if all are muted."""
        muted = all(chat.is_muted for chat in chats)

        def mute() -> None:
            for chat in chats:
                self._sessions.muting.mute_chat(chat, muted=not muted)

        menu.addAction(window_texts.UNMUTE_SEVERAL() if muted else window_texts.MUTE_SEVERAL(), mute)

    def stop(self, chats: Sequence[Chat]) -> None:
        """Stop the running chats after a question."""
        running = [chat for chat in chats if not chat.has_ended]
        if len(running) == 1:
            self._chat_actions.stop(running[0])
        elif running:
            self._sheets.question.ask(
                Question(
                    page_texts.STOP_SEVERAL(count=len(running)), page_texts.STOP_CHATS(n=len(running)),
                    lambda: self._chat_actions.stop_now(running), page_texts.AGENTS_MAY_SAVE(), listed(running),
                    discards=True,
                )
            )  # fmt: skip

    def remove(self, chats: Sequence[Chat]) -> None:
        """Remove the ended chats after a question; the user can undo this for a while."""
        ended = [chat for chat in chats if chat.has_ended]
        if not ended:
            self._banners.inform(common_texts.RUNNING_CANNOT_BE_REMOVED(), key="remove")
        elif len(ended) == 1:
            self._chat_actions.remove(ended[0])
        else:
            question = Question(
                page_texts.remove_several(len(ended)), page_texts.REMOVE_CHATS(n=len(ended)),
                lambda: self._remove_now(ended), page_texts.REMOVED_FOR_GOOD(seconds=UNDO_MS // 1000), listed(ended),
                discards=True,
            )  # fmt: skip
            self._sheets.question.ask(question)
            self._sessions.tasks.start(self._complete(question, ended), "size")

    async def _complete(self, question: Question, chats: Sequence[Chat]) -> None:
        """Add the chats' size to the question, once it is known: thousands of files are counted."""
        size = phrases.data_size(await self._sessions.removals.size_of(chats))
        self._sheets.question.complete(question, page_texts.remove_several(len(chats), size))

    def choose_ended(self) -> None:
        """Let the user choose ended chats by age, agent and project, and remove them."""
        self._sheets.remove_ended.ask(self._remove_by_id)

    def _remove_by_id(self, session_ids: Sequence[str]) -> None:
        self._remove_now([chat for each in session_ids if (chat := self._sessions.get(each)) is not None])

    def _remove_now(self, chats: Sequence[Chat]) -> None:
        begun = self._sessions.removals.begin(chats)
        if begun:
            text = (
                notice_texts.REMOVED_SEVERAL(count=len(begun))
                if len(begun) > 1
                else notice_texts.REMOVED(name=begun[0].name)
            )
            self._banners.show_banner(
                Banner(
                    text, notice_texts.UNDO(),
                    lambda: self._sessions.removals.undo(begun), key=f"removed {begun[0].id}",
                )
            )  # fmt: skip

    def resume(self, chats: Sequence[Chat]) -> None:
        """Resume those ended chats that can be resumed, after a question."""
        found = [chat for chat in chats if chat.has_ended and self._chat_actions.can_resume(chat)]
        if len(found) == 1:
            self._resuming.resume(found[0])
        elif found:
            self._resume_all.ask_about(found)


def add_pin(menu: QMenu, chat_actions: ChatActions, chats: Sequence[Chat], key: QKeySequence | None = None) -> None:
    """Add the menu item that pins chats, or unpins them if all are pinned; ``key`` is shown."""
    pinned = all(chat.record.pinned for chat in chats)
    text = common_texts.UNPIN() if pinned else common_texts.PIN()
    pin = menu.addAction(text, lambda: chat_actions.pin(chats, pinned=not pinned))
    show_key(pin, key or QKeySequence())


def add_unread(menu: QMenu, chats: Sequence[Chat], key: QKeySequence | None = None) -> None:
    """Add the menu item that marks chats as read if one of them is unread, else as unread; ``key`` is shown."""
    unread = not any(chat.has_unseen_output for chat in chats)

    def mark() -> None:
        for chat in chats:
            chat.set_unread(unread=unread)

    show_key(menu.addAction(action_texts.mark_unread(unread=unread), mark), key or QKeySequence())
