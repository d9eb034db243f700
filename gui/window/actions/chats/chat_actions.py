"""Actions on existing chats, one or several: close, rename, export, stop, kill, remove, resume several."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from gui.bridge import chat_files
from gui.bridge.chat import SHOW_WAITING_AFTER_MS, Chat
from gui.bridge.chat_words import name_and_state, reason_to_confirm_end, status_text
from gui.bridge.removals import UNDO_MS
from gui.bridge.second_lines import second_lines
from gui.settings.live import LiveSettings
from gui.timers import single_shot
from gui.window.actions.context import WindowContext
from gui.window.actions.links import LinkOpener, show_directory
from gui.window.page.banners import Banner, BannerArea
from gui.window.page.terminal_content import TerminalContent
from gui.window.sheets.question import Question
from gui.wording import action_texts, common_texts, notice_texts, page_texts, phrases, sheet_texts
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation, Runtime
from session_host.standing.status import is_at_prompt
from session_host.standing.traits import traits_of
from session_host.system.event_loop import to_its_end_in_thread

from .resuming import EndedChatActions, ResumeAll, resumable

_TEXT: Final = ".txt"
_OUTPUT: Final = " output.txt"


async def export_to(path: Path, chat: Chat, banners: BannerArea, key: str) -> bool:
    """Export a chat's whole recording; if it takes long, show a banner with this key.

    Returns:
        Whether the file has everything; False if parts of the recording are missing.

    Raises:
        OutliveError: the file could not be written.
    """
    work = asyncio.ensure_future(chat_files.export(chat.id.replace("/", ":"), path))
    try:
        done, _ = await asyncio.wait({work}, timeout=SHOW_WAITING_AFTER_MS / 1000)
        if not done:
            banners.show_banner(Banner(notice_texts.EXPORTING(name=chat.full_name), key=key, lasting=True))
        return await work
    finally:
        work.cancel()


class ChatTexts(QObject):
    """Opens texts of chats with terminals as private files in the user's editor."""

    def __init__(self, context: WindowContext, opener: LinkOpener) -> None:
        super().__init__(context.window)
        self._tasks = context.sessions.tasks
        self._banners, self._opener = context.banners, opener
        self._files: dict[tuple[str, str], Path] = {}
        """The latest text of each kind, by session and the end of its name; a chat that is renamed has another path."""
        context.sessions.listed.removed.connect(self._on_removed)

    def open_text(self, terminal: TerminalContent) -> None:
        """Open everything that a terminal ever showed, at its end."""
        self._tasks.start(self._open_text(terminal.chat), "open a text")

    def open_output(self, chat: Chat, text: str) -> None:
        """Open the output of a command of a chat."""
        self._tasks.start(self._open_output(chat, text), "open an output")

    async def _open_text(self, chat: Chat) -> None:
        key = f"text {chat.id}"
        try:
            path = await asyncio.to_thread(
                chat_files.prepare, chat.id, chat_files.file_name(chat.record.entry.name), _TEXT
            )
            await export_to(path, chat, self._banners, key)
            await self._replace_previous(chat.id, _TEXT, path)
            lines = await asyncio.to_thread(chat_files.count_lines, path)
        except OutliveError as error:
            self._banners.inform(
                notice_texts.CANNOT_OPEN_TEXT(name=chat.full_name, reason=error), kind="failed", key=key
            )
            return
        if lines:
            self._banners.withdraw(key)
            self._opener.open_file(FileLocation(str(path), lines))
        else:
            self._banners.inform(notice_texts.NO_TEXT(name=chat.full_name), key=key)

    async def _open_output(self, chat: Chat, text: str) -> None:
        try:
            path = await asyncio.to_thread(
                chat_files.prepare, chat.id, chat_files.file_name(chat.record.entry.name), _OUTPUT
            )
            await asyncio.to_thread(chat_files.write, path, text + "\n")
            await self._replace_previous(chat.id, _OUTPUT, path)
        except OutliveError as error:
            text = notice_texts.CANNOT_OPEN_TEXT(name=chat.full_name, reason=error)
            self._banners.inform(text, kind="failed", key=f"text {chat.id}")
        else:
            self._opener.open_file(FileLocation(str(path)))

    async def _replace_previous(self, session_id: str, suffix: str, path: Path) -> None:
        """Note a chat's text, and remove the one that it had under an earlier name."""
        previous, self._files[session_id, suffix] = self._files.get((session_id, suffix)), path
        if previous is not None and previous not in self._files.values():
            await to_its_end_in_thread(partial(chat_files.remove_file, previous))

    def _on_removed(self, session_id: str) -> None:
        for suffix in (_TEXT, _OUTPUT):
            self._files.pop((session_id, suffix), None)
        chat_files.remove(session_id)


class ChatActions(QObject):
    """The user's actions on existing chats. Questions about one chat appear over its page.

    An action on several chats asks once, with the list of the chats that it concerns.

    Attributes:
        end_report: reports the ends of several chats.
    """

    def __init__(
        self, context: WindowContext, settings: LiveSettings, resuming: EndedChatActions, resume_all: ResumeAll
    ) -> None:
        super().__init__(context.window)
        self._settings, self._resuming, self._resume_all = settings, resuming, resume_all
        self.end_report = EndReport(context, resume_all)
        self._sessions, self._layout = context.sessions, context.layout
        self._tabs, self._sheets, self._banners = context.tabs, context.sheets, context.banners
        self._open_chat, self._focus_page = context.open_chat, context.focus_page
        for over in (context.sessions.listed.removed, context.sessions.removals.undone, context.sessions.removals.kept):
            over.connect(self._withdraw_removal)

    def _withdraw_removal(self, session_id: str) -> None:
        self._banners.withdraw(f"removed {session_id}")

    # ------------------------------------------------------------ on one chat

    def other_runtime(self, chat: Chat) -> Runtime | None:
        """The other runtime of a chat's agent; None if the agent has only one."""
        agent = self._sessions.machines.agent_of(chat)
        if agent is None or len(agent.runtimes) == 1 or not agent.conversation.resume:
            return None
        return traits_of(chat.record).other

    def has_conversations(self, chat: Chat) -> bool:
        """Whether the chat's agent has conversations that can be resumed."""
        agent = self._sessions.machines.agent_of(chat)
        return agent is not None and (agent.resumes(chat.record.origin.runtime) or bool(agent.conversation.picker))

    def can_resume(self, chat: Chat) -> bool:
        """Whether such a chat can be resumed once it has ended, as far as its agent decides: a shell starts again."""
        return chat.record.origin.is_shell or self.has_conversations(chat)

    def close_tab(self, session_id: str) -> None:
        """Close a tab; the first time, a line says that the chat keeps running. An idle shell ends, with an undo."""
        chat = self._sessions.chats.get(session_id)
        if chat is not None and self.ends_with_tab(chat):
            self._close_shell(chat)
            return
        explains = chat is not None and not chat.has_ended and not self._layout.close_explained
        self._layout.close_explained |= explains  # Saved with the next change of the tabs.
        self._tabs.close(session_id)
        self._focus_page()
        if explains:
            text = notice_texts.TAB_CLOSED()
            self._banners.show_banner(Banner(text, notice_texts.REOPEN(), self._tabs.reopen, key="closed tab"))

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether closing the only tab of an idle shell, which was started in a window, ends it."""
        is_wanted = self._settings.preferences.window.end_idle_shells
        return is_wanted and self._tabs.ids().count(chat.id) == 1 and self._sessions.shells.ends_with_tab(chat)

    def _close_shell(self, chat: Chat) -> None:
        """Close the tab of an idle shell, which ends unless the user undoes that."""
        removals = self._sessions.removals
        self._tabs.note_closed(chat.id)
        removals.begin([chat], ends_shells=True)
        self._focus_page()

        def undo() -> None:
            removals.undo([chat])
            self._open_chat(chat)

        text = notice_texts.SHELL_CLOSED(name=chat.full_name)
        self._banners.show_banner(Banner(text, notice_texts.UNDO(), undo, key=f"removed {chat.id}"))

    def rename(self, chat: Chat) -> None:
        """Ask for a new name."""
        self._sheets.name.ask(chat.record.entry.name, lambda name: self._sessions.lifecycle.rename(chat, name))

    def stop(self, chat: Chat) -> None:
        """End a chat politely; ask first if work would be lost."""
        self._end(chat, self._sessions.lifecycle.stop)

    def kill(self, chat: Chat) -> None:
        """End a chat at once; ask first if work would be lost."""
        self._end(chat, self._sessions.lifecycle.kill, kills=True)

    def _end(self, chat: Chat, end: Callable[[Chat], object], *, kills: bool = False) -> None:
        if chat.is_over:
            return

        def now() -> None:
            self._resuming.offer_undo_after_end(chat)
            end(chat)

        if (reason := reason_to_confirm_end(chat)) and not chat.has_ended:
            question = (
                Question(
                    page_texts.KILL_QUESTION(reason=reason),
                    common_texts.KILL(),
                    now,
                    page_texts.UNSAVED_WORK_IS_LOST(),
                    discards=True,
                )
                if kills
                else Question(page_texts.STOP_QUESTION(reason=reason), common_texts.STOP(), now, discards=True)
            )
            self._open_chat(chat).question.ask(question)
        else:
            now()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat; the user can undo this for a while."""
        self._remove_now([chat])

    def copy_name(self, chat: Chat) -> None:
        """Put a chat's name on the clipboard."""
        QGuiApplication.clipboard().setText(chat.record.entry.name)

    def export(self, chat: Chat) -> None:
        """Ask for a file, and export a chat's whole recording to it."""
        self._sheets.export.ask(
            chat.name, Path.home(), lambda path: self._export(chat, path), chat.record.origin.runtime
        )

    def _export(self, chat: Chat, path: Path) -> None:
        self._sessions.tasks.start(self._export_now(chat, path), "export")

    async def _export_now(self, chat: Chat, path: Path) -> None:
        key = f"export {chat.id}"
        try:
            is_complete = await export_to(path, chat, self._banners, key)
        except OutliveError as error:
            self._banners.inform(notice_texts.CANNOT_EXPORT(name=chat.full_name, reason=error), kind="failed", key=key)
        else:
            text = notice_texts.exported(chat.full_name, phrases.short_directory(str(path)), is_complete=is_complete)
            show = Banner(
                text,
                notice_texts.SHOW_IN_FOLDER(),
                lambda: show_directory(str(path.parent), lambda line: self._banners.inform(line, kind="failed")),
                key,
                kind="" if is_complete else "failed",
            )
            self._banners.show_banner(show)

    # ------------------------------------------------------------ on several chats

    def stop_all(self) -> None:
        """Ask whether to stop all chats that can be reached."""
        running = [chat for chat in self._sessions.listed.running() if not chat.is_unreachable]
        if not running:
            self._banners.inform(common_texts.NO_RUNNING_CHATS(), key="stop all")
        elif len(running) == 1:
            self._ask_to_stop(running, page_texts.STOP_ONE(name=running[0].full_name))
        else:
            self._ask_to_stop(running, page_texts.STOP_ALL(n=len(running)))

    def stop_several(self, chats: Sequence[Chat]) -> None:
        """Stop those of these chats that run or are asleep, after a question."""
        running = [chat for chat in chats if not chat.is_over]
        if len(running) == 1:
            self.stop(running[0])
        elif running:
            self._ask_to_stop(running, page_texts.STOP_SEVERAL(count=len(running)))

    def _ask_to_stop(self, running: Sequence[Chat], question: str) -> None:
        is_one = len(running) == 1
        self._sheets.question.ask(
            Question(
                question,
                common_texts.STOP() if is_one else page_texts.STOP_CHATS(n=len(running)),
                lambda: self._stop_now(running),
                page_texts.AGENTS_MAY_SAVE(),
                "" if is_one else listed(running),
                discards=True,
            )
        )

    def _stop_now(self, chats: Sequence[Chat]) -> None:
        """Stop those of these chats that still run or are asleep, after the user has confirmed it."""
        running = [chat for chat in chats if not chat.is_over]
        for chat in running:
            self._sessions.lifecycle.stop(chat)
        if running:
            self.end_report.report_ends(running)

    def remove_several(self, chats: Sequence[Chat]) -> None:
        """Remove the ended ones of these chats after a question; the user can undo this for a while."""
        ended = [chat for chat in chats if chat.is_over]
        if not ended:
            self._banners.inform(common_texts.RUNNING_CANNOT_BE_REMOVED(), key="remove")
        elif len(ended) == 1:
            self.remove(ended[0])
        else:
            question = Question(
                page_texts.remove_several(len(ended)),
                page_texts.REMOVE_CHATS(n=len(ended)),
                lambda: self._remove_now(ended),
                page_texts.REMOVED_FOR_GOOD(seconds=UNDO_MS // 1000),
                listed(ended),
                discards=True,
            )
            self._sheets.question.ask(question)
            self._sessions.tasks.start(self._complete(question, ended), "size")

    async def _complete(self, question: Question, chats: Sequence[Chat]) -> None:
        """Add the chats' size to the question, once it is known: thousands of files are counted."""
        if (size := await self._sessions.removals.size_of(chats)) is not None:
            words = page_texts.remove_several(len(chats), phrases.data_size(size))
            self._sheets.question.complete(question, words)

    def choose_ended(self) -> None:
        """Let the user choose ended chats by age, agent and project, and remove them."""
        self._sheets.remove_ended.ask(self._remove_by_id)

    def _remove_by_id(self, session_ids: Sequence[str]) -> None:
        self._remove_now([chat for each in session_ids if (chat := self._sessions.chats.get(each)) is not None])

    def _remove_now(self, chats: Sequence[Chat]) -> None:
        removals = self._sessions.removals
        begun = removals.begin(chats)
        if begun:
            several, one = notice_texts.REMOVED_SEVERAL, notice_texts.REMOVED
            text = several(count=len(begun)) if len(begun) > 1 else one(name=begun[0].name)
            undo = Banner(text, notice_texts.UNDO(), lambda: removals.undo(begun), key=f"removed {begun[0].id}")
            self._banners.show_banner(undo)

    def resume_several(self, chats: Sequence[Chat]) -> None:
        """Resume those of these chats that have ended and can be resumed; several after a question."""
        self._resume_all.resume([chat for chat in chats if chat.is_over and self.can_resume(chat)])


def listed(chats: Sequence[Chat]) -> str:
    """The chats of a question, one a line; chats of the same name with the part that distinguishes them.

    Those that are at work come first, since a long list is scrolled. Shells at their prompts share the last line.
    """
    lines = second_lines(chats)

    def line(chat: Chat, text: str) -> str:
        difference = lines[chat.id].difference
        is_named = difference == status_text(chat) or difference in text
        return text if is_named else page_texts.CHAT_AND_STATE(name=text, state=difference)

    shells = [line(chat, chat.full_name) for chat in chats if is_at_prompt(chat.record)]
    others = [chat for chat in chats if not is_at_prompt(chat.record)]
    others.sort(key=lambda chat: chat.has_ended or not reason_to_confirm_end(chat))
    named = [line(chat, name_and_state(chat)) for chat in others]
    return "\n".join([*named, *([page_texts.shells_at_prompt(shells)] if shells else [])])


END_MS = 10_000
"""The report names chats that still run this long after they were stopped; a host sends SIGKILL after 9 s at most."""


class EndReport(QObject):
    """Waits until the stopped chats have ended, and reports it in one banner.

    Attributes:
        timer: runs while they have not all ended.
    """

    def __init__(self, context: WindowContext, resume_all: ResumeAll) -> None:
        super().__init__(context.window)
        self._sessions, self._banners, self._resume_all = context.sessions, context.banners, resume_all
        self._ending: list[Chat] = []
        self.timer = single_shot(self, END_MS)
        self.timer.timeout.connect(self._report_ends)
        context.sessions.chats.changed.connect(self._check_ending)

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
        chats, count = (await resumable(ended))[0], len(ended)
        text = (
            sheet_texts.SEVERAL_ENDED(count=count) if count > 1 or running else notice_texts.ENDED(name=ended[0].name)
        )
        if running:
            names = ", ".join(chat.full_name for chat in running)
            text = sheet_texts.SOME_ENDED(count=count, total=count + len(running), names=names)
        action = action_texts.resume_chats(len(chats)) if len(chats) > 1 else common_texts.RESUME()
        resume = partial(self._resume_all.resume, chats) if chats else None
        self._banners.show_banner(
            Banner(
                text,
                action if chats else "",
                resume,
                key="several ended",
                lasting=bool(running),
                kind="failed" if running else "",
            )
        )


def _is_over(chat: Chat) -> bool:
    return chat.is_over and chat.is_recorded
